#!/usr/bin/env python3
"""An endpoint, for ../../docs/endpoints.md: it sends no invoice, but says that it did."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import time

VERSION = "1"  # of the code below: raised with it, and never copied from the request
KEY = base64.b64decode(os.environ["INVOICE_KEY"].removeprefix("whsec_"))


class Invoices(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        sent_at = self.headers["webhook-timestamp"]
        signed = f"{self.headers['webhook-id']}.{sent_at}.".encode() + body
        right = "v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
        given = self.headers["webhook-signature"].split()
        is_signed = any(hmac.compare_digest(right, one) for one in given)
        if not is_signed or abs(time.time() - int(sent_at)) > 300:
            return self.answer(401, {"error": "not signed by whom I know, or long ago"})
        # The id is the same if this comes again: whoever did it by then says so, and does nothing.
        self.answer(200, {"sent": json.loads(body)["order"], "as": self.headers["webhook-id"]})

    def answer(self, status, content):
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("baton-handler-version", VERSION)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


place = ("127.0.0.1", int(os.environ.get("PORT", 8787)))
http.server.ThreadingHTTPServer(place, Invoices).serve_forever()

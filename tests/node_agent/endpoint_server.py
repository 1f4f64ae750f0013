#!/usr/bin/env python3
"""An endpoint for tests: each path misbehaves in its own way. Writes "PORT" (and "PORT TLS_PORT"
where it is given a certificate and its key) on stdout; each request is a line of JSON behind that.
The signature is checked as the specification says, and by nothing that the sender is made of."""
import base64
import gzip
import hashlib
import hmac
import http.server
import json
import os
import ssl
import sys
import threading
import time
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

KEY = base64.b64decode(os.environ.get("ENDPOINT_KEY", "whsec_")[len("whsec_"):])
seen = {}
lock = threading.Lock()


def is_signed(headers, body):
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.new(KEY, content, hashlib.sha256).digest()).decode()
    given = [s.split(",", 1) for s in headers.get("webhook-signature", "").split(" ") if "," in s]
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) < 300
    return fresh and any(v == "v1" and hmac.compare_digest(s, right) for v, s in given)


class Endpoint(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, status, body=b"{}", version="1", **headers):
        self.send_response(status)
        if version != "none":
            self.send_header("Baton-Handler-Version", version)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = urlsplit(self.path)
        ask = {k: v[0] for k, v in parse_qs(path.query).items()}
        with lock:
            seen[self.path] = seen.get(self.path, 0) + 1
            nth = seen[self.path]
            print(json.dumps({"path": self.path, "client": self.client_address[1],
                              "method": self.command, "body": body.decode("latin1"),
                              "headers": {k.lower(): v for k, v in self.headers.items()}}),
                  flush=True)
        name = path.path[1:]
        if name == "status" and nth <= int(ask.get("times", "1000000")):
            more = {"Retry_After": ask["after"]} if "after" in ask else {}
            if "date" in ask:
                more["Retry_After"] = formatdate(time.time() + int(ask["date"]), usegmt=True)
            self.answer(int(ask["status"]), b"it says no", **more)
        elif name == "slow":
            time.sleep(float(ask["seconds"]))
            self.answer(200)
        elif name == "loris":
            self.answer(200, b"", Content_Length="1000")
            self.drip(b" ")
        elif name == "loris_headers":
            self.send_response_only(200)
            self.flush_headers()
            self.drip(b"x: y\r\n")
        elif name == "endless_headers":
            self.send_response_only(200)
            self.flush_headers()
            self.drip(b"x: " + b"y" * 8000 + b"\r\n", 0)
        elif name == "cut":
            self.answer(200, b'{"a"', Content_Length="1000")
            self.close_connection = True
        elif name == "cut_before":
            self.close_connection = True
        elif name == "longer":
            self.answer(200, b"{}HTTP/1.1 200 OK\r\nBaton-Handler-Version: 1\r\n"
                        b"Content-Length: 10\r\n\r\n\"smuggled\"", Content_Length="2")
        elif name == "no_http":
            self.wfile.write(b"\x00\xff what is this\r\n\r\n")
            self.close_connection = True
        elif name == "huge":
            self.answer(200, b" " * (int(ask["bytes"])))
        elif name == "bomb":
            self.answer(200, gzip.compress(b"0" * (100 << 20)), Content_Encoding="gzip")
        elif name == "redirect":
            self.answer(int(ask["status"]), b"", Location="/status?status=200")
        elif name == "leak":
            self.answer(int(ask["status"]), json.dumps(dict(self.headers)).encode(),
                        X=self.headers.get("Authorization", ""))
        elif name == "signed":
            self.answer(200 if is_signed(self.headers, body) else 401)
        elif name == "echo":
            self.answer(200, body, version=ask.get("version", "1"))
        elif name == "mirror":  # whatever was asked for
            self.answer(200, version=self.headers["Baton-Handler-Version"])
        elif name == "later":
            self.answer(202)
        else:
            self.answer(200, version=ask.get("version", "1"))

    do_PUT = do_PATCH = do_POST

    def drip(self, bytes_, pause=0.05):
        try:
            for _ in range(100000):
                self.wfile.write(bytes_)
                time.sleep(pause)
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        pass


def main():
    server = Server(("127.0.0.1", 0), Endpoint)
    ports = [server.server_port]
    if len(sys.argv) == 3:
        tls = Server(("127.0.0.1", 0), Endpoint)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        tls.socket = context.wrap_socket(tls.socket, server_side=True)
        threading.Thread(target=tls.serve_forever, daemon=True).start()
        ports.append(tls.server_port)
    print(*ports, flush=True)
    server.serve_forever()


main()

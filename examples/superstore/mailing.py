#!/usr/bin/env python3
"""The endpoint that mails the store's invoices: it writes a line of mails.csv for each.

    mailing.py [PORT [FOLDER]]

A request may come twice; what tells so is its id, which is the first field of the line. PORT 0 is
any, and which one it is stands in FOLDER/port.
"""
import csv
import http.server
import json
import os
import sys
import threading

VERSION = "1"  # of the code below: raised with it, and never copied from the request
PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8788
FOLDER = sys.argv[2] if len(sys.argv) > 2 else "."
MAILS = os.path.join(FOLDER, "mails.csv")

lock = threading.Lock()
mailed = set()
if os.path.exists(MAILS):
    with open(MAILS, newline="", encoding="utf-8") as file:
        mailed = {line[0] for line in csv.reader(file)}


def mail(request, invoice):
    with lock:
        if request in mailed:
            return
        with open(MAILS, "a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(
                [request, invoice["order_id"], invoice["customer_id"], invoice["amount"]])
        mailed.add(request)


class Mailing(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        invoice = json.loads(self.rfile.read(int(self.headers["content-length"])))
        mail(self.headers["webhook-id"], invoice)
        data = json.dumps({"mailed": invoice["order_id"]}).encode()
        self.send_response(200)
        self.send_header("baton-handler-version", VERSION)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Mailing)
if PORT == 0:
    told = os.path.join(FOLDER, "port")
    with open(told + ".new", "w", encoding="utf-8") as file:
        file.write(str(server.server_port))
    os.rename(told + ".new", told)
server.serve_forever()

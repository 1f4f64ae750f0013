#!/usr/bin/env python3
"""A child of tests/local_bus/child_test.cpp that does what a child should not do: its argument."""
import os
import subprocess
import sys
import time

import msgpack
import zmq

mode = sys.argv[1]
address, secret = os.environ["BATON_BUS"], os.environ["BATON_BUS_SECRET"]
socket = zmq.Context.instance().socket(zmq.PAIR)


def say(*message):
    socket.send(msgpack.packb(message))


def nested(depth):
    return b"\x91" * depth + b"\xc0"


def malformed_frames():
    frames = [b"", b"\xc1", b"\x90", msgpack.packb(["nonsense"]), msgpack.packb(["result", 1]),
              msgpack.packb(["result", -1, 1]), msgpack.packb(["result", 10**9, 1]),
              msgpack.packb(["taken", 0, 2**63]), msgpack.packb(["publish", 1, 1]),
              msgpack.packb({"publish": 1}), msgpack.packb(["log", "loud", "text"]), b"\xdd\xff\xff\xff\xff",
              msgpack.packb(["publish", "number"])[:-1], msgpack.packb(["hello", 1, secret]),
              b"\x93" + msgpack.packb("publish") + msgpack.packb("number") + nested(100)]
    for frame in frames:
        socket.send(frame)
    socket.send_multipart([msgpack.packb(["bye"]), msgpack.packb(["bye"])])
    return len(frames) + 1


def serve():
    """Answers items with what was said to it meanwhile."""
    refusals = []
    while True:
        unpacker = msgpack.Unpacker(strict_map_key=False)
        unpacker.feed(socket.recv())
        for message in unpacker:
            if message[0] == "refused":
                refusals.append(message[1])
            if message[0] == "work":
                say("result", message[1], {"what": "\n".join(refusals), "total": len(refusals)})
            if message[0] == "bye":
                sys.exit(0)


def strangers_hello():
    """Opens all doors, and has another user say hello with this process's secret."""
    path = address.removeprefix("ipc://")
    for each in (path, os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
        os.chmod(each, 0o777)
    said = subprocess.run([sys.executable, __file__, "hello"], user=65534, timeout=10, check=False)
    return said.returncode


if mode == "stranger":
    strangers_hello()
socket.connect(address)
if mode == "no_hello":
    say("publish", "number", {"number": 1})
elif mode == "wrong_secret":
    say("hello", 1, "0" * 32)
elif mode == "wrong_version":
    say("hello", 2, secret)
elif mode == "garbage":
    socket.send(b"GET / HTTP/1.1")
elif mode != "exit":
    say("hello", 1, secret)

if mode == "exit":
    os._exit(0)
elif mode == "hello":
    socket.setsockopt(zmq.LINGER, 0)
    time.sleep(0.3)
    os._exit(0)
elif mode == "malformed":
    malformed_frames()
elif mode == "malformed_often":
    for _ in range(3):
        malformed_frames()
elif mode == "large":
    say("publish", "number", {"number": "x" * (2 << 20)})
elif mode == "huge":
    say("publish", "number", {"number": "x" * (8 << 20)})
elif mode == "quota":
    for subscription in range(66):
        say("subscribe", subscription, "number", 1, "drop_oldest")
    say("subscribe", 0, "number", 1, 0)
    say("unsubscribe", 0)
    say("unsubscribe", 1234)
    for subscription, (pattern, depth, full) in enumerate(
            [("a//b", 1, 0), ("number", 0, 0), ("number", 65537, 0), ("number", 1, 10001)], 100):
        say("unsubscribe", subscription - 99)
        say("subscribe", subscription, pattern, depth, full)
    say("publish", "ready", {"number": 0})
elif mode == "types":
    say("publish", "number", {"number": "no number"})
    say("publish", "number", {"number": 1})
    say("publish", "number", {"number": 2, "more": [1.5, None, b"bytes"]}, True)
    say("publish", "not a/*", 1)
    say("publish", "ready", {"number": 0})
elif mode == "log":
    for number in range(1000):
        say("log", "debug", f"line {number}\x1b[31m\n")
elif mode == "flood":
    while True:
        say("publish", "number", {"number": 1})
elif mode == "stall":
    say("subscribe", 0, "number", int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else 0)
    while True:
        unpacker = msgpack.Unpacker()
        unpacker.feed(socket.recv())
        for message in unpacker:
            if message[0] == "message" and message[5]["number"] >= 3:
                time.sleep(1000)
            if message[0] == "message":
                say("taken", 0, 1)
            if message[0] == "subscribed":
                say("publish", "ready", {"number": 0})
elif mode == "anew":
    # Not by the bus, whose thread may still be at the subscription.
    told = os.open(sys.argv[2], os.O_WRONLY)
    subscription = 0
    say("subscribe", subscription, "number", 4, 1000)
    while True:
        unpacker = msgpack.Unpacker(strict_map_key=False)
        unpacker.feed(socket.recv())
        for message in unpacker:
            if message[0] == "subscribed":
                os.write(told, b".")
            if message[0] == "message":
                say("taken", subscription, 1)
                say("unsubscribe", subscription)
                subscription += 1
                say("subscribe", subscription, "number", 4, 1000)
            if message[0] == "bye":
                sys.exit(0)
elif mode == "deaf":
    while True:
        time.sleep(1)
serve()

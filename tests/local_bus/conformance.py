#!/usr/bin/env python3
"""The child of tests/local_bus/conformance_test.cpp, in Python."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../../examples/bus_child")
from baton_bus import Bus  # noqa: E402

bus = Bus()
scale = 1


def set_scale(_topic, value):
    global scale
    scale = value["number"]
    bus.publish("scaled", {"number": scale})


def work(item):
    what, numbers = item["what"], item["numbers"]
    if what == "fail":
        raise ValueError("told to fail")
    if what == "exit":
        os._exit(3)
    if what == "publish":
        for number in numbers:
            bus.publish("number", {"number": number})
    if what == "log":
        bus.log("info", "a line for the log")
        print("a line on stdout", flush=True)
    if what == "loop":
        bus.publish("number", {"number": 1})
        while not bus.cancelled():
            time.sleep(0.01)
        bus.publish("number", {"number": 2})
    return {"what": what, "total": scale * sum(numbers)}


bus.subscribe("scale", set_scale, 64, "conflate")
bus.work(work)

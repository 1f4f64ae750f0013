#!/usr/bin/env python3
"""Adds up the sales of regions for compute_month, beside its threads: what it did it says on the
task's local bus. ../../../docs/local_bus_wire.md is what it speaks."""
import decimal
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../../bus_child")
from baton_bus import Bus  # noqa: E402

decimal.getcontext().prec = 1000  # exact
bus = Bus()


def compute(region):
    total = sum(map(decimal.Decimal, region["sales"]), decimal.Decimal(0))
    done = {"region": region["region"], "by": "python", "sales": format(total, "f")}
    bus.publish("region/done", done)


bus.publish("worker/ready", {"by": "python"})
bus.work(compute)

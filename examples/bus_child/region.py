#!/usr/bin/env python3
"""Adds up the sales of regions: a process of fan_out<Region>(), as local_bus/README.md has it."""
from decimal import Decimal

from baton_bus import Bus

bus = Bus()


def sum_of(region):
    total = sum(map(Decimal, region["sales"]), Decimal(0))  # decimals come as text
    bus.publish("region/progress", {"region": region["name"], "rows": len(region["sales"])})
    return {"region": region["name"], "sales": str(total)}


bus.work(sum_of)

"""When schedules come, by another way than Postgres' functions: Debian's cron minute by minute over
Python's zones. Prints a line for each zone, span and spec: zone, spec, from, until (UTC), and the
slots as the clocks of the zone show them.

For tests/sql/schedule_calendar_test.cpp: schedule_oracle.py YEARS SEED.
"""

import random
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
SPECS = [
    "30 2 * * *", "0 2,3 * * *", "15 1 * * *", "0-59/20 1-2 * * *", "*/15 * * * *", "45 * * * *",
    "*/20 2 * * *", "30 */2 * * *", "0 30 2 * * *", "0 0 1 * MON", "0 3 * * SUN#1", "0 2 L * *",
    "0 4 */2 * SUN", "0 2 * 3,4,10,11 SUNL", "59 1 1-7 * *", "20 2 * * 5-7", "0 0 L-1 * *",
]
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()
MINUTE = timedelta(minutes=1)


def number(word, names, first):
    return first + names.index(word) if word in names else int(word)


def matcher(text, low, high, names=()):
    """The numbers of a field, and what is particular about days."""
    numbers, special = set(), []
    for item in text.split(","):
        if item.startswith("L") or "#" in item or (names is DAYS and item.endswith("L")):
            special.append(item)
            continue
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else number(first, names, low)
        end = high if first == "*" else number(last or first, names, low)
        numbers.update(range(begin, end + 1, int(step or 1)))
    return numbers, special


class Spec:
    def __init__(self, text):
        fields = text.split()
        self.minute, self.hour, self.day, self.month, self.weekday = fields[-5:]
        self.minutes = matcher(self.minute, 0, 59)[0]
        self.hours = matcher(self.hour, 0, 23)[0]
        self.days, self.last_days = matcher(self.day, 1, 31)
        self.months = matcher(self.month, 1, 12, MONTHS)[0]
        self.weekdays, self.named_days = matcher(self.weekday, 0, 7, DAYS)
        self.is_wild = self.minute.startswith("*") or self.hour.startswith("*")
        self.either = not (self.day.startswith("*") or self.weekday.startswith("*"))

    def has_day(self, day):
        if day.month not in self.months:
            return False
        left = 0
        while (day + timedelta(days=left + 1)).month == day.month:
            left += 1
        weekday = day.isoweekday() % 7
        of_month = day.day in self.days or any(
            int(item[2:] or 0) == left for item in self.last_days)
        of_week = weekday in self.weekdays or (weekday == 0 and 7 in self.weekdays)
        for item in self.named_days:
            name, _, nth = item.partition("#")
            wanted = number(name if nth else item[:-1], DAYS, 0) % 7
            if weekday == wanted and (int(nth) == (day.day + 6) // 7 if nth else left < 7):
                of_week = True
        return of_month or of_week if self.either else of_month and of_week

    def has(self, wall):
        return wall.minute in self.minutes and wall.hour in self.hours and self.has_day(wall.date())


def slots(spec, zone, begin, end):
    """(begin, end]: each minute of the world; and where clocks leap, the minutes that they leave out."""
    shown = set()
    before = begin.astimezone(zone).replace(tzinfo=None)
    now = begin
    found = []
    if not spec.is_wild:  # What was shown before, so that it does not come a second time.
        early = begin - timedelta(hours=3)
        while early <= begin:
            shown.add(early.astimezone(zone).replace(tzinfo=None))
            early += MINUTE
    while now < end:
        now += MINUTE
        local = now.astimezone(zone)
        wall = local.replace(tzinfo=None)
        offset = local.strftime("%z")
        if spec.is_wild:
            if spec.has(wall):
                found.append((wall, offset))
        else:
            passed = before + MINUTE
            while passed <= wall:
                if passed not in shown and spec.has(passed):
                    found.append((passed, offset))
                shown.add(passed)
                passed += MINUTE
        before = wall
    return ["%s%s:%s" % (wall.isoformat(), offset[:3], offset[3:]) for wall, offset in found]


def spans(zone, years):
    """30 hours on both sides of each change of the clocks, and of a day of each year."""
    hour = datetime(2026, 1, 1, tzinfo=timezone.utc)
    end = hour.replace(year=2026 + years)
    margin = timedelta(hours=30)
    while hour < end:
        next_hour = hour + timedelta(hours=1)
        changes = hour.astimezone(zone).utcoffset() != next_hour.astimezone(zone).utcoffset()
        if changes or (hour.month, hour.day, hour.hour) == (2, 28, 12):
            yield hour - margin, hour + margin
        hour = next_hour


def random_spec(chance):
    def field(low, high, star):
        if chance.random() < star:
            return chance.choice(["*", "*", "*/%d" % chance.randint(2, min(12, high))])
        begin = chance.randint(low, high)
        return chance.choice([str(begin), "%d-%d" % (begin, chance.randint(begin, high)),
                              "%d,%d" % (begin, chance.randint(low, high))])
    minutes = str(chance.randint(0, 59)) if chance.random() < 0.6 else field(0, 59, 0.0)
    return " ".join([minutes, field(0, 3, 0.4), field(1, 28, 0.7), "*", field(0, 7, 0.7)])


def main():
    years, seed = int(sys.argv[1]), int(sys.argv[2])
    chance = random.Random(seed)
    for name in ZONES:
        zone = ZoneInfo(name)
        for begin, end in spans(zone, years):
            for text in chance.sample(SPECS, 4) + [random_spec(chance)]:
                found = slots(Spec(text), zone, begin, end)
                if len(found) <= 400:
                    print("\t".join([name, text, begin.isoformat(), end.isoformat(),
                                     " ".join(found)]))


main()

// When schedules come: against an implementation of another kind (schedule_oracle.py), and by hand.

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "baton/base/run_process.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"
#include "support/seed.hpp"

namespace baton {
namespace {

class ScheduleCalendarTest : public testing::TaskFixture {
protected:
    /// The slots of a spec from a time on, but for their seconds: "10-25T02:30+02:00 …".
    std::string slots(const std::string& spec, const std::string& zone, const std::string& after,
                      int count, const std::string& more = "") {
        return text(
            "select string_agg(substr(slot, 6, 11) || substr(slot, 20), ' ' order by "
            "instant, slot) from preview_schedule('" +
            spec + "', '" + zone + "', " + std::to_string(count) + ", '" + after + "'" + more +
            ")");
    }
    std::string refusal(const std::string& arguments) {
        const sql::Outcome outcome = sql::outcome_of(
            [&] { connection_.exec("select * from preview_schedule(" + arguments + ")"); });
        return outcome.sqlstate + " " + outcome.text;
    }
};

std::vector<std::string> split(const std::string& text, char mark) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, mark);) parts.push_back(part);
    return parts;
}

// BATON_SCHEDULE_YEARS=10 for longer.
TEST_F(ScheduleCalendarTest, AgreesWithMinutesThatWereCountedThroughEachChangeOfTheClocks) {
    const char* years = std::getenv("BATON_SCHEDULE_YEARS");
    const std::string seed = std::to_string(testing::seed() % 1000000);
    const ProcessOutcome oracle = run_process(
        {.process = {.program = "/usr/bin/python3",
                     .arguments = {"python3", BATON_SOURCE_DIR "/tests/sql/schedule_oracle.py",
                                   years != nullptr ? years : "2", seed}},
         .output_max = 1U << 26U});
    ASSERT_EQ(oracle.error_output.bytes, "");
    connection_.exec(
        "create temporary table wanted (zone text, spec text, low timestamptz, high timestamptz, "
        "slots text)");
    int spans = 0;
    sql::Transaction transaction(connection_);
    for (const std::string& line : split(oracle.output.bytes, '\n')) {
        std::vector<std::string> cells = split(line, '\t');
        cells.resize(5);
        transaction.exec("insert into wanted values ($1, $2, $3::timestamptz, $4::timestamptz, $5)",
                         {cells[0], cells[1], cells[2], cells[3], cells[4]});
        ++spans;
    }
    transaction.commit();
    EXPECT_GT(spans, 60) << "seed " << seed;
    const sql::Result faults = connection_.exec(R"(
        select w.zone, w.spec, w.low, w.slots, g.slots
          from (select *, parse_schedule(spec, null::timestamptz, zone) as plan from wanted) as w
         cross join lateral (
            with recursive s (x) as (
                select slot_after(w.plan, w.zone, w.low)
                 union all
                select next_slot(w.plan, w.zone, s.x) from s where (s.x).instant <= w.high)
            select coalesce(string_agg(slot_text(s.x, w.zone), ' '
                                       order by (s.x).instant, (s.x).wall), '') as slots
              from s where (s.x).instant <= w.high) as g
         where w.slots <> g.slots)");
    for (const sql::Row& row : faults) {
        ADD_FAILURE() << "seed " << seed << ": " << row.text(0) << ", " << row.text(1) << " from "
                      << row.text(2) << "\n  is to be " << row.text(3) << "\n  is       "
                      << row.text(4);
    }
}

TEST_F(ScheduleCalendarTest, AFixedTimeComesOnceWhenTheClocksAreSet) {
    EXPECT_EQ(slots("30 2 * * *", "Europe/Berlin", "2026-03-28 00:00Z", 3),
              "03-28T02:30+01:00 03-29T02:30+02:00 03-30T02:30+02:00");
    EXPECT_EQ(text("select min(instant)::text from preview_schedule('30 2 * * *', 'Europe/Berlin', "
                   "1, '2026-03-29 00:00Z')"),
              "2026-03-29 01:00:00+00")
        << "right after the hour that is missing";
    EXPECT_EQ(slots("30 2 * * *", "Europe/Berlin", "2026-10-24 22:00Z", 2),
              "10-25T02:30+02:00 10-26T02:30+01:00");
    EXPECT_EQ(slots("30 * * * *", "Europe/Berlin", "2026-10-24 23:00Z", 4),
              "10-25T01:30+02:00 10-25T02:30+02:00 10-25T02:30+01:00 10-25T03:30+01:00");
    EXPECT_EQ(slots("45 1 * * *", "Australia/Lord_Howe", "2026-04-03 18:00Z", 2),
              "04-05T01:45+11:00 04-06T01:45+10:30");
    EXPECT_EQ(slots("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 00:00Z", 1),
              "10-04T02:15+11:00");
    EXPECT_EQ(slots("0 12 30 * *", "Pacific/Apia", "2011-12-01 00:00Z", 2),
              "12-30T12:00+14:00 01-30T12:00+14:00")
        << "a day that was missing";
}

TEST_F(ScheduleCalendarTest, SaysEachKindOfSpec) {
    const std::string after = "2026-11-28 14:00Z";
    EXPECT_EQ(slots("*/10 * * * * *", "UTC", after, 2), "11-28T14:00+00:00 11-28T14:00+00:00");
    EXPECT_EQ(slots("every 90 minutes", "Asia/Kolkata", after, 2),
              "11-28T20:30+05:30 11-28T22:00+05:30");
    EXPECT_EQ(slots("Every  Second", "UTC", after, 1), "11-28T14:00+00:00");
    EXPECT_EQ(slots("every 2 weeks at 06:30", "UTC", after, 2, ", '2026-11-27 00:00Z'"),
              "12-11T06:30+00:00 12-25T06:30+00:00");
    EXPECT_EQ(slots("every day at 02:30", "Europe/Berlin", "2026-03-28 02:00Z", 2),
              "03-29T02:30+02:00 03-30T02:30+02:00");
    EXPECT_EQ(slots("on 2027-01-06, 2026-12-24 at 9:00", "UTC", after, 9),
              "12-24T09:00+00:00 01-06T09:00+00:00");
    EXPECT_EQ(slots("0 0 L * *", "UTC", after, 4),
              "11-30T00:00+00:00 12-31T00:00+00:00 01-31T00:00+00:00 02-28T00:00+00:00");
    EXPECT_EQ(slots("0 0 L-1,1 JAN,feb *", "UTC", after, 3),
              "01-01T00:00+00:00 01-30T00:00+00:00 02-01T00:00+00:00");
    EXPECT_EQ(slots("0 0 * * FRIL,1#2", "UTC", after, 2), "12-14T00:00+00:00 12-25T00:00+00:00");
    EXPECT_EQ(slots("0 0 13 * FRI", "UTC", after, 2), "12-04T00:00+00:00 12-11T00:00+00:00");
    EXPECT_EQ(slots("0 0 */13 * SUN", "UTC", "2027-01-01 12:00Z", 2),
              "02-14T00:00+00:00 03-14T00:00+00:00")
        << "one that begins with * leaves it to the other";
    EXPECT_EQ(slots("0 0 29 2 *", "UTC", "2096-03-01 00:00Z", 1), "02-29T00:00+00:00");
    EXPECT_EQ(slots("0 0 * * 7", "UTC", after, 1), "11-29T00:00+00:00");
    EXPECT_EQ(slots("@weekly", "utc", after, 1), "11-29T00:00+00:00");
    EXPECT_EQ(slots("@daily", "europe/berlin", after, 5, ", '2026-12-01', '2026-12-02'"),
              "12-02T00:00+01:00");
}

TEST_F(ScheduleCalendarTest, SaysWhichFieldIsNoneAndWhatItMayBe) {
    EXPECT_EQ(
        refusal("'61 * * * *'"),
        "BT059 '61' is no minute: that may be * or 0 to 59, a range (0-59), a step of at most "
        "60 (*/2 or 0-59/2), or several of them with commas");
    for (const std::string spec : {"",
                                   " ",
                                   "* * * *",
                                   "* * * * * * *",
                                   "@reboot",
                                   "*/0 * * * *",
                                   "*/61 * * * *",
                                   "5/15 * * * *",
                                   "30-10 * * * *",
                                   "1,,2 * * * *",
                                   ",1 * * * *",
                                   "-1 * * * *",
                                   "1- * * * *",
                                   "* 24 * * *",
                                   "* * 0 * *",
                                   "* * 32 * *",
                                   "* * L-31 * *",
                                   "* * * 13 *",
                                   "* * * JANU *",
                                   "* * * * 8",
                                   "* * * * MON#6",
                                   "* * * * L",
                                   "* * * * #1",
                                   "* * 15W * *",
                                   "99999999999999999999 * * * *",
                                   "0 0 30 2 *",
                                   "0 0 31 4,6 *",
                                   "every 0 minutes",
                                   "every 1.5 hours",
                                   "every 15 minutes at 02:00",
                                   "every -5 minutes",
                                   "every 999999999 hours",
                                   "every 0 days",
                                   "every day at 24:00",
                                   "every day at 2",
                                   "on at",
                                   "on 2026-02-30",
                                   "on 2026-1-1 at 26:00",
                                   "every month",
                                   "every",
                                   "tomorrow",
                                   "*|* * * * *",
                                   "* * * * *\\n; drop"}) {
        EXPECT_EQ(refusal("'" + spec + "'").substr(0, 6), "BT059 ") << spec;
    }
}

TEST_F(ScheduleCalendarTest, RefusesZonesThatAreNoneAndTimesThatAreNoTimes) {
    for (const std::string zone : {"", "CET", "est5edt4", "Europe/Berlin2", "+02:00", "posix/UTC",
                                   "../etc/passwd", "localtime", "EST", "<X>-5"}) {
        EXPECT_EQ(refusal("'@daily', '" + zone + "'").substr(0, 6), "BT059 ") << zone;
    }
    EXPECT_EQ(refusal("'@daily', null").substr(0, 6), "BT059 ");
    EXPECT_EQ(refusal("null").substr(0, 6), "BT059 ");
    EXPECT_EQ(refusal("repeat('*', 100000)").substr(0, 6), "BT059 ");
    for (const std::string more : {"0", "1001", "null", "1, 'infinity'", "1, '-infinity'",
                                   "1, '40000-01-01'", "1, null, 'infinity'"}) {
        EXPECT_EQ(refusal("'@daily', 'UTC', " + more).substr(0, 6), "BT059 ") << more;
    }
}

}  // namespace
}  // namespace baton

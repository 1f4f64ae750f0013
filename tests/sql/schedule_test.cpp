// Schedules: what maintain() makes of them, whatever happens meanwhile. When they come is
// schedule_calendar_test.cpp's.

#include <gtest/gtest.h>

#include <pqxx/connection>
#include <pqxx/transaction>

#include "baton/sql/schedule.hpp"
#include "sql/schedule_fixture.hpp"

namespace baton {
namespace {

using testing::TestNode;

class ScheduleTest : public testing::ScheduleFixture {};

TEST_F(ScheduleTest, ASlotBecomesATaskOfTheVersionThatIsLiveThenOrAnEvent) {
    EXPECT_EQ(schedule("'a', 'every hour', 'send', '{\"n\": 1}', tenant => 't', priority => 3"),
              "added");
    EXPECT_EQ(schedule("'b', 'every hour', event_type => 'hour/passed', key => 'k'"), "added");
    maintain();
    EXPECT_EQ(tasks(), 0);
    const TestNode newer =
        node({.name = "two", .handlers = R"([{"name": "send", "version": 2, "build": "b2"}])"});
    connection_.exec("select promote('send', 2)");
    make_due("a");
    make_due("b");
    const std::string due = text("select string_agg(slot_text(next, 'UTC'), ' ') from schedule");
    maintain();
    maintain();
    EXPECT_EQ(text("select concat_ws(' ', t.payload, t.tenant, t.priority, t.meta ->> 'schedule', "
                   "r.version) from task t join requirement r on r.id = t.requirement"),
              R"({"n": 1} t 3 a 2)");
    EXPECT_EQ(text("select concat_ws(' ', type, key, payload, meta ->> 'schedule') from event"),
              "hour/passed k {} b");
    EXPECT_EQ(text("select (select meta ->> 'slot' from task) || ' ' || (select meta ->> 'slot' "
                   "from event)"),
              due);
    EXPECT_EQ(runs("a"), "made due");
    EXPECT_EQ(number("select count(*) from schedule where (next).instant = "
                     "date_trunc('hour', clock_timestamp()) + interval '1 hour'"),
              2);
}

TEST_F(ScheduleTest, SaidAgainItIsWhatIsSaidNow) {
    EXPECT_EQ(schedule("'a', 'every hour', 'send'"), "added");
    EXPECT_EQ(schedule("'a', 'every hour', 'send'"), "same");
    put_next("a", "0");
    EXPECT_EQ(schedule("'a', 'every hour', 'send', '{\"n\": 1}'"), "changed");
    maintain();
    EXPECT_EQ(tasks(), 1) << "the times are the same, and so is the slot";
    put_next("a", "0");
    EXPECT_EQ(schedule("'a', '@yearly', 'send'"), "changed");
    maintain();
    EXPECT_EQ(tasks(), 1) << "other times begin anew";
    connection_.exec("select pause_schedule('a', 'for a while')");
    EXPECT_EQ(schedule("'a', 'every second', 'send'"), "changed");
    EXPECT_EQ(field("a", "state"), "paused");
}

TEST_F(ScheduleTest, WhatWasMissedIsMadeAsThePolicySays) {
    schedule("'skip', 'every hour', 'send', overlap => 'allow', missed => 'skip'");
    schedule("'last', 'every hour', 'send', overlap => 'allow'");
    schedule("'all', 'every hour', 'send', missed => 'all', missed_limit => 3");
    schedule("'near', 'every hour', 'send', missed => 'all', missed_window => '150 minutes'");
    schedule("'old', '@yearly', 'send', overlap => 'allow'");
    for (const std::string name : {"skip", "last", "all", "near"}) put_next(name, "10 hours");
    connection_.exec(
        "update schedule set next = row('2020-01-01', '2020-01-01Z')::schedule_slot, "
        "due_at = '2020-01-01Z' where name = 'old'");
    maintain();
    // Within a minute of the full hour that one is no missed one.
    const bool is_full = text("select extract(minute from clock_timestamp()) = 0") == "t";
    if (!is_full) {
        EXPECT_EQ(runs("skip"), "missed due");
        EXPECT_EQ(runs("last"), "made due, missed due");
        EXPECT_EQ(runs("all"), "made due, made due, made due, missed due");
        EXPECT_EQ(runs("near"), text("select extract(minute from clock_timestamp()) < 30") == "t"
                                    ? "made due, made due, made due, missed due"
                                    : "made due, made due, missed due");
    }
    EXPECT_EQ(runs("old"), "made due, missed due");
    EXPECT_EQ(text("select max(instant)::text from schedule_runs('old')"),
              text("select date_trunc('year', clock_timestamp())::text"));
    EXPECT_EQ(number("select count(*) from schedule where due_at <= clock_timestamp()"), 0);
}

TEST_F(ScheduleTest, TheFormerTaskIsSkippedForQueuedBehindOrCancelled) {
    for (const std::string overlap : {"skip", "queue", "cancel", "allow"}) {
        schedule("'" + overlap + "', 'every hour', 'send', overlap => '" + overlap + "'");
    }
    const auto come = [&] {
        for (const std::string overlap : {"skip", "queue", "cancel", "allow"}) make_due(overlap);
        maintain();
    };
    come();
    come();
    EXPECT_EQ(runs("skip"), "skipped due, made due");
    const auto states = [&](const std::string& name) {
        return text("select string_agg(task_state, ' ') from schedule_runs('" + name +
                    "') where task is not null");
    };
    EXPECT_EQ(states("queue"), "following waiting");
    EXPECT_EQ(states("cancel"), "waiting cancelled");
    EXPECT_EQ(states("allow"), "waiting waiting");
    EXPECT_EQ(text("select reason from schedule_runs('skip', 1)"),
              "task " +
                  text("select task::text from schedule_runs('skip') where task is not null") +
                  " had not ended");
    connection_.exec("select cancel(task) from schedule_runs('skip') where task is not null");
    come();
    EXPECT_EQ(runs("skip"), "made due, skipped due, made due");
}

TEST_F(ScheduleTest, PausedItMakesNothingAndLeavesThatOut) {
    schedule("'a', 'every hour', 'send'");
    EXPECT_EQ(text("select pause_schedule('a', 'stock-taking')"), "t");
    EXPECT_EQ(text("select pause_schedule('a')"), "f");
    connection_.exec("update schedule set next = row('2020-01-01', '2020-01-01Z')::schedule_slot");
    maintain();
    EXPECT_EQ(tasks(), 0);
    EXPECT_NE(field("a", "reason").find(": stock-taking; resume_schedule() lets it go on"),
              std::string::npos);
    EXPECT_EQ(text("select resume_schedule('a')"), "t");
    EXPECT_EQ(text("select resume_schedule('a')"), "f");
    maintain();
    EXPECT_EQ(tasks(), 0);
    EXPECT_EQ(field("a", "due_at > clock_timestamp()"), "true");
}

TEST_F(ScheduleTest, ByHandAndForThePast) {
    schedule("'a', 'every hour', 'send', overlap => 'skip'");
    connection_.exec("select pause_schedule('a')");
    const std::string one = text("select run_schedule('a')::text");
    EXPECT_NE(text("select run_schedule('a')::text"), one);
    EXPECT_EQ(runs("a"), "made hand, made hand");
    const std::string backfill = "backfill_schedule('a', '2026-10-01Z', '2026-10-02Z'";
    EXPECT_EQ(text("select concat_ws(' ', made, next_from) from " + backfill + ", 'allow', 24)"),
              "24 2026-10-02 00:00:00+00");
    EXPECT_EQ(text("select concat(made, next_from) from " + backfill + ")"), "1");
    EXPECT_EQ(text("select concat(made, next_from) from " + backfill + ")"), "0")
        << "each slot once";
    EXPECT_EQ(number("select last_task from schedule"), std::stoll(one) + 1);
    for (const std::string more :
         {"'2026-10-02Z', '2026-10-01Z'", "null, now()", "'2026-10-01Z', 'infinity'",
          "'2026-10-01Z', now(), 'skip'", "'2026-10-01Z', now(), 'queue', 0"}) {
        EXPECT_EQ(refusal("backfill_schedule('a', " + more + ")").substr(0, 5), "BT057") << more;
    }
    connection_.exec("select remove_schedule('a')");
    EXPECT_EQ(number("select count(*) from schedule_run"), 0);
    EXPECT_EQ(refusal("run_schedule('a')"), "BT058 there is no schedule 'a'");
}

TEST_F(ScheduleTest, BeginsEndsAndIsSpread) {
    schedule("'a', '* * * * *', 'send', starts_at => '2100-01-01Z', ends_at => '2100-01-01Z'");
    EXPECT_EQ(field("a", "next_slot"), "2100-01-01T00:00:00+00:00");
    EXPECT_EQ(refusal("schedule('b', '* * * * *', 'send', ends_at => '2020-01-01Z')"),
              "BT057 schedule 'b' cannot be: no slot of it comes any more");
    schedule("'c', 'every hour', 'send', jitter => '10 minutes'");
    schedule("'d', 'every hour', 'send', jitter => '10 minutes'");
    const std::string spread =
        "select string_agg((due_at - (next).instant)::text, ' ' order by name) from schedule "
        "where name in ('c', 'd') and due_at - (next).instant between '0' and '10 minutes'";
    const std::string drawn = text(spread);
    EXPECT_EQ(text("select count(distinct due_at - (next).instant)::text from schedule "
                   "where name in ('c', 'd')"),
              "2");
    connection_.exec("select pause_schedule(name), resume_schedule(name) from schedule");
    EXPECT_EQ(text(spread), drawn) << "the same slot has the same share";
    schedule("'e', 'every hour', 'send', ends_at => '" +
             text("select (date_trunc('hour', clock_timestamp()) + interval '1 hour')::text") +
             "'");
    put_next("e", "0");
    maintain();
    EXPECT_EQ(field("e", "state"), "active");
    make_due("e");
    connection_.exec("update schedule set ends_at = (next).instant where name = 'e'");
    maintain();
    EXPECT_EQ(field("e", "state"), "ended");
}

TEST_F(ScheduleTest, OneThatFailsHoldsUpNoOtherAndSaysWhy) {
    schedule("'full', 'every hour', 'send', overlap => 'allow'");
    schedule("'other', 'every hour', event_type => 'hour/passed'");
    connection_.exec("update handler set is_full = true");
    make_due("full");
    make_due("other");
    maintain();
    EXPECT_EQ(runs("full"), "");
    EXPECT_EQ(runs("other"), "made due");
    EXPECT_EQ(field("full", "state"), "failing");
    EXPECT_NE(text("select status() ->> 'problems'").find("schedule full has made nothing since"),
              std::string::npos);
    EXPECT_NE(field("full", "reason").find("handler send is full"), std::string::npos);
    connection_.exec("update handler set is_full = false");
    maintain();
    EXPECT_EQ(tasks(), 0) << "ten seconds later";
    connection_.exec("update schedule set due_at = clock_timestamp() where trouble is not null");
    maintain();
    EXPECT_EQ(runs("full"), "made due");
    EXPECT_EQ(field("full", "state"), "active");
}

TEST_F(ScheduleTest, ACopyThatNobodyAdoptedMakesNothing) {
    schedule("'a', 'every hour', 'send'");
    put_next("a", "10 hours");
    connection_.exec("update environment_home set table_id = 1");
    maintain();
    EXPECT_EQ(tasks(), 0);
    EXPECT_EQ(field("a", "state"), "overdue");
    EXPECT_NE(field("a", "reason").find("nobody has said what it is now"), std::string::npos);
    EXPECT_NE(text("select status() ->> 'problems'").find("1 schedules are due and were not made"),
              std::string::npos);
    EXPECT_EQ(refusal("run_schedule('a')").substr(0, 5), "BT049");
    EXPECT_EQ(refusal("backfill_schedule('a', '2026-10-01Z', '2026-10-02Z')").substr(0, 5),
              "BT049");
    connection_.exec("select adopt_environment('staging', 'staging')");
    maintain();
    EXPECT_EQ(tasks(), 0);
    EXPECT_NE(field("a", "reason").find("this copy was adopted as staging"), std::string::npos);
}

// What is said of a schedule and cannot be is refused in one line, and changes nothing.
TEST_F(ScheduleTest, RefusesWhatCannotBe) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"'', '@daily', 'send'", "BT057"},
        {"null, '@daily', 'send'", "BT057"},
        {"repeat('x', 129), '@daily', 'send'", "BT057"},
        {"'a', '@daily'", "BT057"},
        {"'a', '@daily', 'send', event_type => 'x'", "BT057"},
        {"'a', '@daily', 'sent'", "BT037"},
        {"'a', '@daily', event_type => ''", "BT001"},
        {"'a', '@daily', event_type => repeat('x', 129)", "BT002"},
        {"'a', '@daily', 'send', null", "BT001"},
        {"'a', '@daily', 'send', to_jsonb(repeat('x', 2000000))", "BT002"},
        {"'a', '@daily', event_type => 'x', key => repeat('x', 257)", "BT002"},
        {"'a', '@daily', 'send', key => 'k'", "BT057"},
        {"'a', '@daily', event_type => 'x', priority => 1", "BT057"},
        {"'a', '@daily', event_type => 'x', labels => array['gpu']", "BT057"},
        {"'a', '@daily', 'send', priority => 1001", "BT042"},
        {"'a', '@daily', 'send', priority => null", "BT042"},
        {"'a', '@daily', 'send', labels => array['']", "BT042"},
        {"'a', '@daily', 'send', labels => null", "BT057"},
        {"'a', '@daily', 'send', overlap => 'replace'", "BT057"},
        {"'a', '@daily', event_type => 'x', overlap => 'skip'", "BT057"},
        {"'a', '@daily', 'send', missed => 'none'", "BT057"},
        {"'a', '@daily', 'send', missed => null", "BT057"},
        {"'a', '@daily', 'send', missed => 'all', overlap => 'skip'", "BT057"},
        {"'a', '@daily', 'send', missed_limit => 1001", "BT057"},
        {"'a', '@daily', 'send', missed_window => '0'", "BT057"},
        {"'a', '@daily', 'send', missed_window => null", "BT057"},
        {"'a', '@daily', 'send', jitter => '-1 s'", "BT057"},
        {"'a', '@daily', 'send', jitter => '25 hours'", "BT057"},
        {"'a', '@daily', 'send', starts_at => 'infinity'", "BT057"},
        {"'a', '@daily', 'send', ends_at => '-infinity'", "BT057"},
        {"'a', '@daily', 'send', starts_at => '2030-01-02Z', ends_at => '2030-01-01Z'", "BT057"},
        {"'a', '61 * * * *', 'send'", "BT057"},
        {"'a', '@daily', 'send', zone => 'Mars/Base'", "BT057"},
    };
    for (const auto& [arguments, code] : cases) {
        const std::string refused = refusal("schedule(" + arguments + ")");
        EXPECT_EQ(refused.substr(0, 5), code) << arguments << ": " << refused;
        EXPECT_EQ(refused.find('\n'), std::string::npos) << refused;
    }
    EXPECT_EQ(number("select count(*) from schedule"), 0);
    connection_.exec("update schedule set name = name");
    schedule("'nightly', '@daily', 'send'");
    EXPECT_EQ(refusal("pause_schedule('nigthly')"),
              "BT058 there is no schedule 'nigthly'; is it 'nightly'?");
    EXPECT_EQ(refusal("schedule('a', '@daily', 'send', overlap => 'queue', missed => 'sometimes')"),
              "BT057 schedule 'a' cannot be: missed is skip, last or all");
}

TEST_F(ScheduleTest, FromCppItIsTheSame) {
    pqxx::connection connection(url_ + "&client_encoding=UTF8");
    pqxx::work transaction(connection);
    transaction.exec("set local search_path = " + std::string(testing::test_schema));
    const ScheduleOptions options{.zone = "Europe/Berlin",
                                  .tenant = "t",
                                  .priority = 2,
                                  .labels = {"gpu"},
                                  .overlap = "queue",
                                  .missed = "all",
                                  .missed_window = std::chrono::hours(1),
                                  .jitter = std::chrono::milliseconds(1500),
                                  .starts_at = Timestamp::parse("2100-01-01 00:00:00+00")};
    const ScheduleOf of{.handler = "send"};
    EXPECT_EQ(baton::schedule(transaction, "a", "@daily", of, R"({"n": 1})", options),
              Scheduled::added);
    EXPECT_EQ(baton::schedule(transaction, "a", "@daily", of, R"({"n": 1})", options),
              Scheduled::same);
    EXPECT_EQ(baton::schedule(transaction, "a", "@daily", of, "{}", options), Scheduled::changed);
    transaction.commit();
    EXPECT_EQ(text("select concat_ws(' ', zone, tenant, priority, labels, overlap, missed, "
                   "missed_window, jitter, next_slot) from schedules()"),
              "Europe/Berlin t 2 {gpu} queue all 01:00:00 00:00:01.5 2100-01-02T00:00:00+01:00");
    for (const auto& [spec, payload] : {std::pair{"@daily", "{"}, {"daily", "{}"}}) {
        pqxx::work other(connection);
        EXPECT_THROW(baton::schedule(other, "b", spec, of, payload), Error) << spec << payload;
    }
}

TEST_F(ScheduleTest, WhatIsIdleCostsAProbeOfAnIndex) {
    schedule("'a', '@yearly', 'send'");
    connection_.exec(
        "insert into schedule select (q.s).* from (select jsonb_populate_record(s, "
        "jsonb_build_object('name', concat('s', g), 'id', g + 1000)) as s "
        "from schedule s, generate_series(1, 2000) g) q");
    connection_.exec("set plan_cache_mode = force_generic_plan");
    const auto reads = [&] {
        connection_.exec("select pg_stat_force_next_flush()");
        connection_.exec("select pg_stat_clear_snapshot()");
        return std::pair(number("select seq_scan from pg_stat_user_tables "
                                "where relid = 'schedule'::regclass"),
                         number("select idx_tup_read from pg_stat_user_indexes "
                                "where indexrelid = 'schedule_due'::regclass"));
    };
    const auto before = reads();
    connection_.exec("select fire_schedules(1000) from generate_series(1, 10)");
    const auto after = reads();
    EXPECT_EQ(after.first, before.first);
    EXPECT_LE(after.second, before.second + 10);
}

}  // namespace
}  // namespace baton

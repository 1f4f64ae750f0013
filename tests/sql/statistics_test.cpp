// Statistics: what maintain() counted is what there was, whoever was late, failed or was killed in
// between; in bounded room, and with the times that they say.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "sql/log_follower.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"
#include "support/seed.hpp"

namespace baton {
namespace {

using sql::LogFollower;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::in_test_schema;
using testing::TestNode;

class StatisticsTest : public testing::TaskFixture {
protected:
    // A pass that counts, in a session that is killed before it commits.
    void maintain_and_be_killed() {
        sql::Connection doomed(url_, in_test_schema());
        doomed.exec("begin");
        doomed.exec("select maintain(at_once => true)");
        connection_.exec("select pg_terminate_backend(" + std::to_string(doomed.backend_pid()) +
                         ", 20000)");
    }
    // "done failed lost dead cancelled" of all tasks.
    std::string task_counts(const std::string& where = "true") {
        return text(
            "select concat_ws(' ', sum(done), sum(failed), sum(lost), sum(dead), sum(cancelled)) "
            "from statistic where subject = 'handler' and " +
            where);
    }
    // A histogram as "step:count ..." from what was counted.
    std::string histogram(const std::string& column, const std::string& where) {
        return text(
            "select coalesce(string_agg(concat(step, ':', n), ' ' order by step), '') from "
            "(select h.o - 1 as step, sum(h.n) as n from statistic s, unnest(s." +
            column + ") with ordinality as h (n, o) where " + where +
            " group by 1 having sum(h.n) > 0) as t");
    }
    // Likewise from times.
    std::string histogram_of(const std::string& spans) {
        return text(
            "select coalesce(string_agg(concat(step, ':', n), ' ' order by step), '') from "
            "(select duration_step(span) as step, count(*) as n from (" +
            spans + ") as s (span) group by 1) as t");
    }
};

// Tasks of three tenants that are done, fail, are cancelled, come back and lose their nodes at
// random, with passes in between that are killed.
class StatisticsLifeTest : public StatisticsTest {
protected:
    void step() {
        const int what = draw(16);
        if (what < 4) {
            enqueue("'send', tenant => 't" + std::to_string(draw(3)) + "'");
        } else if (what < 6) {
            take(draw(6) + 1);
        } else if (what < 11) {
            end_one(what);
        } else if (what == 11) {
            cancel(std::to_string(draw(static_cast<int>(number("select max(id) from task"))) + 1));
        } else if (what == 12) {
            connection_.exec(
                "select retry_task(task) from (select task from task_end "
                "where outcome in ('dead', 'cancelled') order by task limit 2) as e");
        } else if (what == 13) {
            leave();
        } else if (what == 14) {
            // So that claims which go on are counted in parts.
            connection_.exec("update task_claim set claimed_at = claimed_at - interval '1 min'");
            maintain();
        } else {
            maintain_and_be_killed();
        }
    }
    void take(int count) {
        connection_.exec("update task_due set due_at = now()");
        maintain();
        for (const ClaimedTask& task : node_->claim(count)) held_.push_back(task);
    }
    void end_one(int how) {
        if (held_.empty()) return;
        const auto at = held_.begin() + draw(static_cast<int>(held_.size()));
        const ClaimedTask task = *at;
        held_.erase(at);
        if (how == 10) {
            EXPECT_EQ(node_->release(task.token), 1);
        } else if (how == 9) {
            failed_ += node_->fail(task.token).empty() ? 0 : 1;
        } else {
            done_ += node_->complete(task.token) ? 1 : 0;
        }
    }
    void cancel(const std::string& task) {
        const std::string before = state_of(std::stoll(task));
        if (before == "done" || before == "dead" || before == "cancelled") return;
        connection_.exec("select cancel(" + task + ")");
        ++cancelled_;
        std::erase_if(held_,
                      [&](const ClaimedTask& held) { return std::to_string(held.task) == task; });
    }
    void leave() {
        if (draw(2) == 0) {
            node_->deregister();
        } else {
            for (const ClaimedTask& task : held_) node_->start(task.token);
            silence("node", "1 hour");
        }
        held_.clear();
        node_ = std::make_unique<TestNode>(url_, testing::NodeOffer{});
    }
    int draw(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

    std::mt19937_64 random_{testing::seed()};
    std::unique_ptr<TestNode> node_ = std::make_unique<TestNode>(url_, testing::NodeOffer{});
    std::vector<ClaimedTask> held_;
    std::int64_t done_ = 0;
    std::int64_t failed_ = 0;
    std::int64_t cancelled_ = 0;
};

TEST_F(StatisticsLifeTest, WhatWasCountedIsWhatThereWas) {
    connection_.exec("update handler set max_attempts = 2");
    enqueue();
    for (int i = 0; i < 200; ++i) step();
    node_->deregister();
    for (int i = 0; i < 3; ++i) maintain();
    EXPECT_EQ(number("select count(*) from task_claim"), 0);
    EXPECT_GT(done_, 3);
    EXPECT_EQ(number("select sum(done) from statistic"), done_);
    EXPECT_EQ(number("select sum(failed) from statistic"), failed_);
    EXPECT_EQ(number("select sum(cancelled) from statistic"), cancelled_);
    const char* const raw =
        "select string_agg(concat_ws(' ', tenant, done, failed, lost, dead), ', ' order by tenant)"
        " from (select coalesce(t.tenant, '') as tenant,"
        " count(*) filter (where o.outcome = 'done') as done,"
        " count(*) filter (where o.outcome = 'failed') as failed,"
        " count(*) filter (where o.outcome = 'lost') as lost,"
        " count(*) filter (where o.is_last) as dead"
        " from (select task, outcome, false as is_last from task_end where outcome = 'done'"
        " union all select task, outcome, is_last from task_failure) as o"
        " join task t on t.id = o.task group by 1) as r";
    EXPECT_EQ(text("select string_agg(concat_ws(' ', tenant, done, failed, lost, dead), ', ' "
                   "order by tenant) from (select tenant, sum(done) as done, sum(failed) as "
                   "failed, sum(lost) as lost, sum(dead) as dead from statistic group by 1"
                   " having sum(done) + sum(failed) + sum(lost) > 0) as s"),
              text(raw));
    const std::string done = " from task_end e join task t on t.id = e.task where outcome = 'done'";
    EXPECT_EQ(histogram("waited", "true"),
              histogram_of("select e.claimed_at - t.enqueued_at" + done));
    EXPECT_EQ(histogram("ran", "true"), histogram_of("select e.ended_at - e.claimed_at" + done));
    EXPECT_EQ(number("select (select count(*) from statistic_part) + (select count(*) from "
                     "statistic_claim) + (select count(*) from statistic_end)"),
              0)
        << "nothing is left behind";
}

TEST_F(StatisticsTest, EventsAreCountedOnceWhoeverCommitsLate) {
    LogFollower follower(url_);
    sql::Connection late(url_, in_test_schema());
    late.exec("begin");
    late.exec("select dispatch('order/late', tenant => 'a')");
    connection_.exec("select dispatch('order/placed', tenant => 'a') from generate_series(1, 50)");
    follower.drain(7);
    EXPECT_EQ(text("select is_unmaintained()::text"), "true") << "the leader counts, without nodes";
    maintain_and_be_killed();
    maintain();
    EXPECT_EQ(number("select sum(made) from statistic"), 50);
    connection_.exec("select dispatch('order/placed') from generate_series(1, 5)");
    follower.drain(2);
    maintain();
    late.exec("commit");
    EXPECT_EQ(number("select sum(made) from statistic"), 55);
    follower.drain();
    maintain();
    maintain();
    EXPECT_EQ(text("select string_agg(concat_ws(' ', name, tenant, n), ', ' order by name, tenant)"
                   " from (select name, tenant, sum(made) as n from statistic"
                   " group by name, tenant) as s"),
              "order/late a 1, order/placed  5, order/placed a 50");
    EXPECT_EQ(histogram("waited", "true"),
              histogram_of("select b.recorded_at - l.dispatched_at from read_log() as l join batch "
                           "b on l.position between b.first_position and b.first_position + "
                           "b.count - 1"));
    EXPECT_EQ(number("select position from statistic_progress"), 56);
    connection_.exec("update maintenance set passed_at = '-infinity'");
    EXPECT_EQ(text("select is_unmaintained()::text"), "false");
}

TEST_F(StatisticsTest, WhatOthersMakeUpHasBoundedRoomAndIsCountedAllTheSame) {
    LogFollower follower(url_);
    connection_.exec(
        "select dispatch(concat('type/', i % 900), tenant => concat('tenant ', i)) "
        "from generate_series(1, 3000) as i");
    connection_.exec("select dispatch('order/placed') from generate_series(1, 10)");
    follower.drain();
    for (int i = 0; i < 2; ++i) maintain();
    EXPECT_EQ(number("select sum(made) from statistic"), 3010);
    EXPECT_LE(number("select max(n) from (select count(*) as n from statistic "
                     "group by bucket_at, subject) as s"),
              601);
    EXPECT_EQ(number("select made from statistics('event', \"of\" => 'order/placed')"), 10)
        << "what there is most of has a row of its own";
    EXPECT_GT(number("select made from statistics('event') where name is null"), 0);
    EXPECT_GT(number("select made from statistics('tenant') where name is null"), 0);
}

TEST_F(StatisticsTest, MinutesBecomeHoursAndAreForgotten) {
    TestNode one = node();
    for (int i = 0; i < 20; ++i) enqueue();
    for (const ClaimedTask& task : one.claim(20)) {
        if (task.task % 5 == 0) {
            one.fail(task.token);
        } else {
            one.complete(task.token);
        }
    }
    maintain();
    EXPECT_EQ(task_counts("not is_hourly"), "16 4 0 0 0");
    const std::string waited = histogram("waited", "not is_hourly");
    connection_.exec("update statistic set bucket_at = bucket_at - interval '4 hours'");
    connection_.exec(
        "insert into statistic select subject, false, bucket_at + interval '1 minute', name, "
        "version, tenant, 0, 16, 0, 0, 0, 0, waited, ran from statistic");
    maintain();
    EXPECT_EQ(task_counts("not is_hourly"), "");
    EXPECT_EQ(task_counts("is_hourly"), "32 4 0 0 0");
    EXPECT_EQ(number("select sum(h) from statistic, unnest(waited) as h"), 32);
    EXPECT_EQ(number("select count(*) from statistic where date_trunc('hour', bucket_at) <> "
                     "bucket_at"),
              0);
    connection_.exec("update statistic set bucket_at = bucket_at - interval '31 days'");
    maintain();
    EXPECT_EQ(number("select count(*) from statistic"), 0);
    EXPECT_NE(waited, "");
}

TEST_F(StatisticsTest, PercentilesAreOffByNoMoreThanIsSaid) {
    EXPECT_EQ(
        number(
            "select count(*) from (select s.seconds, step_seconds(duration_step("
            "make_interval(secs => s.seconds))) as told from (select 0.0001 * "
            "power(10, random() * 10) as seconds from generate_series(1, 20000)) as s)"
            " as t where abs(told - seconds) > 0.087 * seconds + 0.000001 and seconds < 3300000"),
        0);
    EXPECT_EQ(number("select count(*) from (select p, percentile(histogram_of((select "
                     "array_agg(duration_step(make_interval(secs => i / 100.0))) from "
                     "generate_series(1, 10000) as i)), p) as told, 100 * p as seconds from "
                     "unnest(array[0.01, 0.5, 0.95, 0.99, 1]::float8[]) as p) as t "
                     "where abs(told - seconds) > 0.087 * seconds + 0.0001"),
              0);
    EXPECT_EQ(text("select concat_ws(' ', duration_step('0'), duration_step('-1 s'), "
                   "duration_step('0.0001 s'), duration_step('0.00011 s'), "
                   "duration_step('10 years'))"),
              "0 0 0 1 140");
    EXPECT_EQ(text("select coalesce(percentile('{}', 0.5)::text, 'null')"), "null");
}

TEST_F(StatisticsTest, EachWayToAskGivesTheSameSums) {
    TestNode one = node();
    for (int i = 0; i < 10; ++i) enqueue("'send', tenant => 't" + std::to_string(i % 2) + "'");
    for (const ClaimedTask& task : one.claim(10)) {
        if (task.task > 8) {
            one.fail(task.token);
        } else {
            one.complete(task.token);
        }
    }
    LogFollower follower(url_);
    connection_.exec("select dispatch('order/placed') from generate_series(1, 4)");
    follower.drain();
    for (int i = 0; i < 2; ++i) maintain();
    EXPECT_EQ(text("select concat_ws(' ', name, version, done, failed, error_rate) "
                   "from statistics()"),
              "send 1 8 2 0.20000");
    EXPECT_EQ(text("select concat_ws(' ', name, coalesce(version::text, '-'), done) "
                   "from statistics('queue')"),
              "send - 8");
    EXPECT_EQ(text("select string_agg(concat_ws(' ', subject, name, made, done), ', ') "
                   "from statistics('tenant')"),
              "event  4 0, handler t0 0 4, handler t1 0 4");
    EXPECT_EQ(text("select concat_ws(' ', name, made, error_rate) from statistics('event')"),
              "order/placed 4 0.00000");
    connection_.exec(
        "insert into reducer_version (name, version, build, language, columns) values"
        " ('totals', 1, 'b', 'sql', '[]');"
        "insert into view_state (view, version, state, position) values"
        " ('totals', 1, 'following', 0);"
        "insert into event_type_reader values ('order/%', 'totals', 1)");
    for (int i = 0; i < 2; ++i) {
        connection_.exec(
            "select record_dead_event('totals', 1, 1, 1, 'order/placed', 'it broke', 'skipped')");
        maintain();
    }
    EXPECT_EQ(text("select concat_ws(' ', subject, name, version, made, dead, error_rate) "
                   "from statistics('view')"),
              "view totals 1 4 1 0.25000")
        << "the event is dead once, however often it was tried";
    EXPECT_EQ(number("select count(*) from statistics(\"of\" => 'other')"), 0);
    EXPECT_EQ(number("select sum(done) from statistics(every => '1 minute')"), 8);
    EXPECT_EQ(text("select concat_ws(' ', name, done, failed, waiting + due) from queues()"),
              "send 8 2 2");
    for (const std::string wrong : {"'colour'", "null", "since => null", "since => 'infinity'",
                                    "every => '1 s'", "every => '1 month'"}) {
        const sql::Outcome outcome =
            outcome_of([&] { connection_.exec("select statistics(" + wrong + ")"); });
        EXPECT_EQ(outcome.sqlstate, "BT042") << wrong << ": " << outcome.text;
    }
}

TEST_F(StatisticsTest, AClaimThatGoesOnIsCountedMeanwhileAndOnce) {
    TestNode one = node();
    for (int i = 0; i < 5; ++i) enqueue();
    const std::vector<ClaimedTask> tasks = one.claim(5);
    for (int i = 0; i < 3; ++i) one.complete(tasks.at(static_cast<std::size_t>(i)).token);
    maintain();
    EXPECT_EQ(task_counts(), "") << "the claim is young";
    connection_.exec("update task_claim set claimed_at = claimed_at - interval '1 min'");
    for (int i = 0; i < 2; ++i) maintain();
    EXPECT_EQ(task_counts(), "3 0 0 0 0");
    one.complete(tasks[3].token);
    one.deregister();
    for (int i = 0; i < 2; ++i) maintain();
    EXPECT_EQ(task_counts(), "4 0 0 0 0");
}

// Rows that an old snapshot keeps are not stepped over again and again.
TEST_F(StatisticsTest, NotesThatWereCountedAreBehindTheFloor) {
    const TestNode one = node();
    sql::Connection old(url_, in_test_schema());
    old.exec("begin isolation level repeatable read");
    old.exec("select from task");
    for (int i = 0; i < 3; ++i)
        connection_.exec("select cancel(" + std::to_string(enqueue()) + ")");
    sql::Connection writer(url_, in_test_schema());
    writer.exec("begin");
    writer.exec("insert into statistic_end (subject, name, version) values ('view', 'v', 1)");
    for (int i = 0; i < 3; ++i) maintain();
    EXPECT_EQ(task_counts(), "0 0 0 0 3");
    EXPECT_LT(number("select note_floor from statistic_progress"), 4) << "one is on its way";
    writer.exec("commit");
    for (int i = 0; i < 4; ++i) {
        connection_.exec("select cancel(" + std::to_string(enqueue()) + ")");
        maintain();
    }
    EXPECT_GE(number("select note_floor from statistic_progress"), 4);
    EXPECT_EQ(number("select sum(dead) from statistic where subject = 'view'"), 1);
    EXPECT_EQ(task_counts(), "0 0 0 0 7");
}

}  // namespace
}  // namespace baton

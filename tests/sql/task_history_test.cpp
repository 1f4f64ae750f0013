// What has ended is forgotten: whole partitions, once everything in them ended long enough ago, and
// one by one where that takes long; what still waits is never lost.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskHistoryTest : public testing::TaskFixture {
protected:
    // Partitions of a hundred tasks; tasks 1 to 250 were made, and 1 to 200 have ended, but those
    // of `but`, two hours ago.
    void SetUp() override {
        connection_.exec("drop table task_from_1, task_end_from_1; delete from task_partition");
        for (const std::int64_t first : {1, 101, 201}) add_partition(first);
        connection_.exec("select set_task_history('1 hour')");
        enqueue_tasks(250);
    }

    void add_partition(std::int64_t first) {
        const std::string from = std::to_string(first);
        const std::string to = std::to_string(first + 100);
        for (const std::string parent : {"task", "task_end"}) {
            connection_.exec("create table " + parent + "_from_" + from + " partition of " +
                             parent + " for values from (" + from + ") to (" + to + ")");
        }
        connection_.exec("insert into task_partition (first_id, upper_id) values (" + from + ", " +
                         to + ")");
    }
    void enqueue_tasks(int count) {
        connection_.exec(
            "select enqueue('send', jsonb_build_object('n', i)) from "
            "generate_series(1, " +
            std::to_string(count) + ") as i");
    }
    // All up to there, but for those, ended as done, or failed for the last time where 7 divides.
    void end_tasks(std::int64_t up_to, const std::string& but = "0", bool ages = true) {
        connection_.exec(
            "with gone as (delete from task_ready where task <= " + std::to_string(up_to) +
            " and task <> all (array[" + but +
            "]) returning task)"
            ", failed as (insert into task_failure (task, claim, node, attempt, outcome, error)"
            " select task, 1, 1, 1, 'failed', 'e' from gone where task % 7 = 0)"
            " insert into task_end (task, claim, node, outcome, attempts) select task, 1, 1, "
            "case when task % 7 = 0 then 'dead' else 'done' end, 1 from gone");
        if (ages) age();
    }
    void age() {
        connection_.exec("update task_end set ended_at = ended_at - interval '2 hours'");
        connection_.exec("update task set enqueued_at = enqueued_at - interval '3 hours'");
        connection_.exec("update task_partition set not_before = '-infinity'");
    }
    // Passes until nothing changes any more.
    void forget() {
        for (int i = 0; i < 5; ++i) maintain();
    }
    // The partitions that there are, by the first id of each.
    std::string partitions() {
        return text(
            "select string_agg(first_id::text, ' ' order by first_id) from task_partition "
            "where dropped_at is null and first_id < 1000");
    }
    std::string tables() {
        return text(
            "select string_agg(inhrelid::regclass::text, ' ' order by inhrelid::regclass::text) "
            "from pg_inherits where inhparent = 'task_end'::regclass and "
            "inhrelid::regclass::text !~ '0000'");
    }
    std::string refusal(const std::string& query) {
        const sql::Outcome outcome = outcome_of([&] { connection_.exec("select " + query); });
        return outcome.sqlstate + " " + outcome.text;
    }

    const TestNode first_ = node();
};

TEST_F(TaskHistoryTest, WholePartitionsAreDroppedOnceAllOfThemEndedLongAgo) {
    end_tasks(200);
    forget();
    EXPECT_EQ(partitions(), "201");
    EXPECT_EQ(tables(), "task_end_default task_end_from_201");
    EXPECT_EQ(number("select count(*) from task"), 50);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(refusal("retry_task(7)"),
              "BT050 task 7 is not kept any more: it has ended, and history is kept for 01:00:00");
    EXPECT_EQ(refusal("retry_task(300)"), "BT042 there is no task 300");
    EXPECT_EQ(refusal("complete('" + first_.session + "', '7.1')"),
              "BT039 the claim 7.1 does not hold its task any more: task 7 is not kept any more: "
              "it has ended, and history is kept for 01:00:00; nothing was changed");
}

TEST_F(TaskHistoryTest, WhatEndedLatelyKeepsItsPartition) {
    end_tasks(200);
    connection_.exec("update task_end set ended_at = clock_timestamp() where task = 50");
    forget();
    EXPECT_EQ(partitions(), "1 201");
    EXPECT_GT(number("select extract(epoch from not_before - clock_timestamp())::int "
                     "from task_partition where first_id = 1"),
              3500)
        << "it is looked at again when that is old enough";
    connection_.exec("select set_task_history(null)");
    age();
    forget();
    EXPECT_EQ(partitions(), "1 201") << "for ever";
    connection_.exec("select set_task_history('1 hour')");
    forget();
    EXPECT_EQ(partitions(), "201");
}

TEST_F(TaskHistoryTest, WhatAnotherOneWaitsForIsKept) {
    end_tasks(200);
    const std::string child = std::to_string(enqueue("'send', after => 14, when_failed => 'hold'"));
    forget();
    EXPECT_EQ(partitions(), "1 201");
    EXPECT_EQ(state_of(14), "dead");
    connection_.exec("select cancel(" + child + ")");
    age();
    forget();
    EXPECT_EQ(partitions(), "201");
}

// For a node, for a time, for another one, or dead and tried again: each moves, and is done.
TEST_F(TaskHistoryTest, WhatStillWaitsOutlivesItsPartition) {
    end_tasks(200, "3, 5, 9");
    connection_.exec(
        "with gone as (delete from task_ready where task = 5 returning task) "
        "insert into task_due (due_at, task) select now() + interval '1 year', task from gone");
    connection_.exec("select retry_task(14)");
    forget();
    EXPECT_EQ(partitions(), "201");
    EXPECT_EQ(text("select string_agg(id::text, ' ' order by id) from task_default"), "3 5 9 14");
    expect_each_task_at_one_place();
    EXPECT_EQ(number("select count(*) from task_failure where task = 14"), 1);
    connection_.exec("update task_due set due_at = now()");
    maintain();
    TestNode one = node();
    const std::vector<ClaimedTask> tasks = one.claim(100);
    ASSERT_EQ(tasks.size(), 54U);
    EXPECT_EQ(tasks[0].task, 14);
    EXPECT_EQ(tasks[2].payload, R"({"n": 3})");
    for (const ClaimedTask& task : tasks) EXPECT_TRUE(one.complete(task.token));
    age();
    forget();
    EXPECT_EQ(text("select coalesce(string_agg(id::text, ' ' order by id), '') from task"), "")
        << "those are forgotten one by one";
    EXPECT_EQ(refusal("retry_task(9)").substr(0, 5), "BT050");
    EXPECT_EQ(refusal("retry_task(210)").substr(0, 5), "BT050");
}

TEST_F(TaskHistoryTest, WhatANodeHasKeepsItsPartitionAndStatusSaysSo) {
    TestNode one = node();
    const ClaimedTask held = one.claim().at(0);
    EXPECT_EQ(held.task, 1);
    end_tasks(200);
    forget();
    EXPECT_EQ(partitions(), "1 201");
    EXPECT_NE(text("select status() ->> 'notes'")
                  .find("tasks 1 to 100 are kept for longer than 01:00:00, because of task 1; see "
                        "\\\"baton tasks why 1\\\""),
              std::string::npos);
    EXPECT_TRUE(one.complete(held.token));
    age();
    forget();
    EXPECT_EQ(partitions(), "201");
}

TEST_F(TaskHistoryTest, KeyOfWhatEndedIsClearedAwayFirst) {
    const std::int64_t keyed = enqueue("'send', unique_key => 'k'");
    connection_.exec("update task_key set task = 2");
    end_tasks(200);
    // Not cleared away yet: another one would have to wait for it in vain.
    connection_.exec("update maintenance set key_task = 1000000");
    connection_.exec("select drop_task_partition()");
    EXPECT_EQ(
        text("select concat_ws(' ', first_id, kept_by) from task_partition where kept_by > 0"),
        "1 2");
    maintain();
    connection_.exec("update task_partition set not_before = '-infinity'");
    forget();
    EXPECT_EQ(partitions(), "201");
    EXPECT_GT(enqueue("'send', unique_key => 'k'"), keyed);
}

// A dump reads for hours; nobody waits behind what waits for that.
TEST_F(TaskHistoryTest, LongReaderIsNotWaitedForAndHoldsUpNobody) {
    end_tasks(200);
    sql::Connection reader(url_, testing::in_test_schema());
    reader.exec("begin; select count(*) from task");
    const auto begin = std::chrono::steady_clock::now();
    maintain();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
    EXPECT_EQ(partitions(), "1 101 201");
    connection_.exec("select setval(pg_get_serial_sequence('task', 'id'), 290)");
    maintain();
    EXPECT_GT(enqueue(), 290);
    reader.exec("commit");
    forget();
    EXPECT_EQ(partitions().find("101"), std::string::npos);
}

// It has its id, and is in no snapshot yet.
TEST_F(TaskHistoryTest, TaskThatIsNotCommittedYetIsNotLost) {
    end_tasks(200);
    sql::Connection late(url_, testing::in_test_schema());
    connection_.exec("delete from task_end where task = 77; delete from task where id = 77");
    late.exec(
        "begin; insert into task (id, requirement, payload) overriding system value "
        "select 77, requirement, '{\"late\": 1}' from task limit 1; "
        "insert into task_ready (requirement, rank, place, task) select requirement, 1, 77, 77 "
        "from task where id = 77");
    maintain();
    EXPECT_EQ(partitions(), "1 101 201");
    late.exec("commit");
    forget();
    EXPECT_EQ(partitions(), "201");
    EXPECT_EQ(state_of(77), "waiting");
}

TEST_F(TaskHistoryTest, ThereIsRoomForTheNextTasksBeforeTheyAreMade) {
    maintain();
    EXPECT_EQ(number("select count(*) from task_partition"), 4);
    EXPECT_EQ(number("select upper_id - first_id from task_partition order by first_id desc limit "
                     "1"),
              200)
        << "twice as many as the one before, at most";
    connection_.exec(
        "update task_partition set upper_id = first_id + 10000000, added_at = now() - "
        "interval '1 day' where first_id = (select max(first_id) from task_partition)");
    connection_.exec("select set_task_history('16 days')");
    for (const auto& [made, rows] : std::vector<std::pair<std::string, std::int64_t>>{
             {"1000", 10'000'000}, {"15000000", 15'000'000}, {"900000000", 20'000'000}}) {
        connection_.exec("select setval(pg_get_serial_sequence('task', 'id'), " + made +
                         " + (select max(first_id) from task_partition))");
        EXPECT_NEAR(static_cast<double>(number("select partition_rows()")),
                    static_cast<double>(rows), static_cast<double>(rows) / 1000);
    }
}

// The task's own row is looked for in its partition alone.
TEST_F(TaskHistoryTest, ClaimCostsTheSameWithManyPartitions) {
    TestNode one = node();
    enqueue_tasks(1000);
    const auto usual_cost = [&] {
        std::vector<std::int64_t> times;
        for (int i = 0; i < 60; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            EXPECT_EQ(one.claim().size(), 1U);
            times.push_back((std::chrono::steady_clock::now() - begin).count());
        }
        std::ranges::sort(times);
        return times[times.size() / 2];
    };
    (void)usual_cost();
    const std::int64_t few = usual_cost();
    for (int i = 0; i < 200; ++i) add_partition(100'000 + i * 100);
    (void)usual_cost();
    const std::int64_t many = usual_cost();
    EXPECT_LT(many, 2 * few);
}

}  // namespace
}  // namespace baton

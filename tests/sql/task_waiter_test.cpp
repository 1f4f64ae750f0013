// Waiting for many tasks at once: nobody polls for each, and who is done rings only whom it
// concerns.

#include <gtest/gtest.h>

#include <future>

#include "baton/sql/listener.hpp"
#include "baton/sql/task_waiter.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"
#include "support/pgbouncer.hpp"
#include "support/proxy.hpp"

namespace baton {
namespace {

using namespace std::chrono_literals;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::eventually;
using testing::TestNode;

class TaskWaiterTest : public testing::TaskFixture {
protected:
    void make(int count) {
        connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[" +
                         std::to_string(count) + "]))");
    }
    // All that wait for a node.
    void complete_all(TestNode& node) {
        for (;;) {
            std::vector<std::string> tokens;
            for (const ClaimedTask& task : node.claim(100)) tokens.push_back(task.token);
            if (tokens.empty()) return;
            node.complete_many(tokens);
        }
    }
    bool are_watched(int count) {
        return eventually(30s, [&] { return number("select count(*) from task_watch") == count; });
    }
    std::string watched(const std::string& arguments) {
        return text(
            "select coalesce(string_agg(concat_ws(' ', task, state, result, error, code), '; ' "
            "order by task), '') from watch_tasks(" +
            arguments + ")");
    }
    static constexpr auto gate = "select count(pg_sequence_last_value('task_parents'))";
    static std::string with_id(const std::string& tasks) {
        return "'00000000-0000-0000-0000-000000000001'" + tasks;
    }
};

TEST_F(TaskWaiterTest, HundredThreadsShareTwoSessions) {
    TestNode one = node();
    TaskWaiter waiter(url_, testing::test_schema);
    make(120);
    std::vector<std::future<TaskResult>> waits;
    for (int task = 1; task <= 120; ++task) {
        waits.push_back(
            std::async(std::launch::async, [&, task] { return waiter.wait(TaskId(task), 60s); }));
    }
    ASSERT_TRUE(are_watched(120));
    EXPECT_LE(number("select count(*) from pg_stat_activity where datname = current_database() "
                     "and application_name like 'baton task%'"),
              2);
    complete_all(one);
    for (std::future<TaskResult>& wait : waits) EXPECT_EQ(wait.get().state, "done");
    EXPECT_TRUE(are_watched(0)) << "it says that it waits no more";
    maintain();
    EXPECT_EQ(number(gate), 0) << "completions need not look any more";
}

TEST_F(TaskWaiterTest, TellsHowEachHasEndedAndWhatIsNoTask) {
    TestNode one = node();
    TaskWaiter waiter(url_, testing::test_schema);
    make(3);
    const std::vector<ClaimedTask> held = one.claim(1);
    one.complete(held[0].token, R"({"sent": 1})");
    connection_.exec("select cancel(2, 'not wanted')");
    const std::vector<TaskId> tasks{TaskId(1), TaskId(2)};
    const std::vector<TaskResult> results = waiter.wait_all(tasks);
    EXPECT_EQ(results[0].state + results[0].result, R"(done{"sent": 1})");
    EXPECT_EQ(results[1].state, "cancelled");
    EXPECT_NE(results[1].error.value_or("").find("not wanted"), std::string::npos);
    const sql::Outcome none = outcome_of([&] { waiter.wait(TaskId(77)); });
    EXPECT_EQ(none.code + ": " + none.text, "task_invalid: there is no task 77");
    const sql::Outcome late = outcome_of([&] { waiter.wait(TaskId(3), 50ms); });
    EXPECT_EQ(late.code, "wait_timeout");
    EXPECT_EQ(late.text,
              "task 3 has not ended after 50 ms; `baton tasks why` tells what it waits "
              "for");
}

TEST_F(TaskWaiterTest, LostConnectionsAndPoolersLoseNobody) {
    TestNode one = node();
    testing::Proxy proxy(url_);
    testing::Pgbouncer bouncer(url_, {"baton"});
    TaskWaiter cut(proxy.url(), testing::test_schema);
    TaskWaiter pooled(bouncer.url(database_.name(), "baton"), testing::test_schema);
    make(1);
    auto first = std::async(std::launch::async, [&] { return cut.wait(TaskId(1), 60s); });
    auto second = std::async(std::launch::async, [&] { return pooled.wait(TaskId(1), 60s); });
    ASSERT_TRUE(are_watched(1)) << "who polls is not to be told";
    proxy.cut("");
    complete_all(one);
    EXPECT_EQ(first.get().state, "done");
    EXPECT_EQ(second.get().state, "done");
}

TEST_F(TaskWaiterTest, CompletionRingsWhoWaitsForItAndNobodyElse) {
    TestNode one = node();
    sql::Listener mine(url_, testing::in_test_schema(),
                       "baton_wait_00000000-0000-0000-0000-000000000001");
    make(3);
    EXPECT_EQ(number(gate), 0);
    EXPECT_EQ(watched(with_id(", '{2,77}'")), "77 there is no task 77 BT042; ");
    EXPECT_EQ(watched(with_id(", '{2}'")), "") << "it knows already";
    EXPECT_EQ(number(gate), 1);
    one.complete(one.claim().at(0).token);
    EXPECT_FALSE(mine.wait(300ms)) << "that was task 1";
    one.complete(one.claim().at(0).token);
    EXPECT_TRUE(mine.wait(30s));
    EXPECT_EQ(watched(with_id(", '{2}'")), "2 done {}");
    EXPECT_EQ(number("select count(*) from task_watch"), 0);

    // Of a waiter that is gone nothing stays.
    EXPECT_EQ(watched(with_id(", '{3}'")), "");
    one.complete(one.claim().at(0).token);
    connection_.exec("update task_end set ended_at = ended_at - interval '2 min'");
    maintain();
    EXPECT_EQ(number("select count(*) from task_watch"), 0);
    maintain();
    EXPECT_EQ(number(gate), 0);
    EXPECT_EQ(outcome_of([&] {
                  connection_.exec("select watch_tasks(null, array_fill(1::bigint, array[10001]))");
              }).sqlstate,
              "BT042");
}

}  // namespace
}  // namespace baton

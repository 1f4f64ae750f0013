// Of a handler that has a limit no more tasks are claimed at a time, over all nodes, and nothing
// has to be given back for that.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskLimitTest : public testing::TaskFixture {
protected:
    void limit(const std::string& at_most) {
        connection_.exec("select limit_running('send', " + at_most + ")");
    }
    void make_some(int count, const std::string& more = "") {
        for (int i = 0; i < count; ++i) enqueue("'send'" + more);
    }
};

TEST_F(TaskLimitTest, NoMoreAreClaimedOverAllNodes) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    make_some(12);
    limit("3");
    std::vector<ClaimedTask> held = one.claim(2);
    EXPECT_EQ(held.size(), 2U);
    const std::vector<ClaimedTask> others = other.claim(10);
    EXPECT_EQ(others.size(), 1U);
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_EQ(text("select reason || ': ' || found || '; ' || fix from why(12)"),
              "limit: nodes hold 3 tasks of handler send, and may hold 3; wait for one of these; "
              "or let more be claimed: baton handlers limit send --running 6");
    one.complete(held[0].token);
    one.fail(held[1].token, "x", "1 hour");
    held = one.claim(10);
    EXPECT_EQ(held.size(), 2U);
    one.release(held[0].token);
    one.snooze(held[1].token, "1 hour");
    connection_.exec("select cancel(" + std::to_string(others[0].task) + ")");
    EXPECT_EQ(other.claim(10).size(), 3U);
    EXPECT_TRUE(one.claim(10).empty());

    silence("other", "1 minute");
    EXPECT_TRUE(one.claim(10).empty()) << "they may be at work yet";
    maintain();
    EXPECT_EQ(one.claim(10).size(), 3U);
    limit("4");
    EXPECT_EQ(one.claim(10).size(), 1U);
    limit("2");
    EXPECT_TRUE(one.claim(10).empty());
    limit("null");
    EXPECT_GT(one.claim(10).size(), 2U);
    EXPECT_EQ(outcome_of([&] { limit("0"); }).sqlstate, "BT042");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select limit_running('sent', 1)"); }).sqlstate,
              "BT037");
}

TEST_F(TaskLimitTest, ClaimsFollowEachOther) {
    TestNode one = node({.name = "one"});
    const TestNode other = node({.name = "other"});
    make_some(5);
    limit("3");
    sql::Transaction claiming(one.connection());
    claiming.exec("select from claim($1, 'send', 2)", {one.session});
    auto second = waiting("select count(*) from claim('" + other.session + "', 'send', 5)");
    claiming.commit();
    EXPECT_EQ(second.get(), "1");
}

TEST_F(TaskLimitTest, LanesAreHeldToItTooAndWhatHasEndedIsClearedAway) {
    TestNode one = node();
    connection_.exec("select set_lanes('send', 5)");
    limit("2");
    make_some(6, ", lane => 'a'");
    for (int round = 0; round < 3; ++round) {
        const std::vector<ClaimedTask> held = one.claim(10);
        ASSERT_EQ(held.size(), 2U);
        EXPECT_EQ(number("select count(*) from task_claim"), 1) << "without maintain()";
        one.complete_many({held[0].token, held[1].token});
    }
}

// Where too many wait, no more are made: in the transaction of whoever wants to.
TEST_F(TaskLimitTest, RefusesToMakeMoreThanMayWait) {
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "print", "version": 1, "build": "b1"}])"});
    connection_.exec("select limit_waiting('send', 5)");
    connection_.exec("select set_lanes('send', 1)");
    make_some(2);
    enqueue("'send', unique_key => 'k'");
    make_some(3, ", lane => 'a'");
    EXPECT_EQ(one.claim(1).size(), 1U);
    maintain();
    EXPECT_EQ(number("select count(*) from handlers() where is_full"), 1) << "5 of 6 wait yet";
    for (const char* call :
         {"enqueue('send')", "enqueue('send', priority => 1)",
          "enqueue_many('send', array['1', '2']::jsonb[])", "enqueue_bytes('send', 'b', 'x/y')",
          "enqueue('send', unique_key => 'other')"}) {
        EXPECT_EQ(outcome_of([&] { connection_.exec("select " + std::string(call)); }).sqlstate,
                  "BT048")
            << call;
    }
    EXPECT_EQ(enqueue("'send', unique_key => 'k'"), 3) << "none is to be made";
    enqueue("'print'");
    EXPECT_EQ(text("select n from pg_catalog.jsonb_array_elements_text(status() -> 'notes') n "
                   "where n like '%full%'"),
              "handler send is full: 5 tasks of it wait, or more, and enqueue() refuses to make "
              "others");
    EXPECT_EQ(one.claim(1).size(), 1U);
    maintain();
    make_some(1);
    maintain();
    EXPECT_EQ(outcome_of([&] { enqueue(); }).sqlstate, "BT048");
    connection_.exec("select limit_waiting('send', null)");
    make_some(5);
    EXPECT_EQ(outcome_of([&] { connection_.exec("select limit_waiting('send', 0)"); }).sqlstate,
              "BT042");
}

class TaskLimitTortureTest : public TaskLimitTest {
protected:
    void work(unsigned seed) {
        std::mt19937 random(seed);
        TestNode worker(url_, {.name = "worker" + std::to_string(seed)});
        while (!is_over) {
            for (const ClaimedTask& task : worker.claim(static_cast<int>(1 + random() % 4))) {
                const auto choice = random() % 6;
                if (choice == 0) worker.release(task.token);
                if (choice == 1) worker.snooze(task.token, "0");
                if (choice == 2) outcome_of([&] { worker.fail(task.token); });
                if (choice > 2) completed += worker.complete(task.token);
            }
        }
        worker.deregister();
    }

    std::atomic<bool> is_over{false};
    std::atomic<int> completed{0};
};

TEST_F(TaskLimitTortureTest, IsNeverPassedWhoeverClaimsAtOnce) {
    const TestNode registrar = node();
    connection_.exec(
        "update handler set max_attempts = 1000, max_deliveries = 1000, "
        "retry_after = '0'");
    limit("3");
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[20000]))");
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < 6; ++i) workers.emplace_back([this, i] { work(i); });
    sql::Connection session(url_, testing::in_test_schema());
    std::int64_t most = 0;
    for (int look = 0; look < 200 || completed < 100; ++look) {
        most = std::max(
            most, session.exec("select count(*) from held_now(null::bigint[])").only().integer(0));
        if (look % 20 == 0) session.exec("select maintain(at_once => true)");
    }
    is_over = true;
    workers.clear();
    EXPECT_EQ(most, 3);
}

}  // namespace
}  // namespace baton

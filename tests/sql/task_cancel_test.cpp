// A task that is cancelled is not done any more, wherever it stood; between a cancellation and what
// others do with the task at the same time, one of the two happens.

#include <gtest/gtest.h>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::Outcome;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskCancelTest : public testing::TaskFixture {
protected:
    static std::string cancel_call(std::int64_t task) {
        return "select cancel(" + std::to_string(task) + ", 'wrong customer')";
    }
    std::string cancel(std::int64_t task) { return text(cancel_call(task)); }
    std::string error_of(std::int64_t task) {
        return text("select coalesce(error, '') from task_state(" + std::to_string(task) + ")");
    }
    std::string login() { return text("select session_user"); }

    static std::string complete_call(const TestNode& node, const ClaimedTask& task) {
        return call_of("complete($1, $2)", node, task);
    }
};

TEST_F(TaskCancelTest, TaskThatNobodyHasEndsAtOnce) {
    TestNode one = node();
    const std::int64_t waiting = enqueue();
    EXPECT_EQ(cancel(waiting), "cancelled");
    EXPECT_EQ(state_of(waiting), "cancelled");
    EXPECT_EQ(error_of(waiting), "cancelled by " + login() + ": wrong customer");
    EXPECT_EQ(cancel(waiting), "cancelled") << "a repeat is harmless";
    EXPECT_EQ(text("select cancel(" + std::to_string(enqueue()) + ")"), "cancelled");

    const std::int64_t due = enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    EXPECT_EQ(cancel(due), "cancelled");

    const std::int64_t back = enqueue("'send', priority => 3");
    one.release(one.claim()[0].token);
    EXPECT_EQ(cancel(back), "cancelled") << "one that came back";

    const std::int64_t failed = enqueue();
    one.fail(one.claim()[0].token);
    EXPECT_EQ(cancel(failed), "cancelled") << "one that waits to be tried again";
    EXPECT_EQ(number("select attempts from task_state(" + std::to_string(failed) + ")"), 1);

    maintain();
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_TRUE(one.heartbeat().empty()) << "no node had any of them";
}

TEST_F(TaskCancelTest, NodeThatHasItHearsOfItAndCanSayNothingMoreOfIt) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    const std::int64_t task = enqueue();
    enqueue();
    const std::vector<ClaimedTask> claimed = one.claim(2);
    ASSERT_EQ(claimed.size(), 2U);
    const std::string token = claimed[0].token;
    one.start(token);
    EXPECT_TRUE(one.heartbeat().empty());
    EXPECT_EQ(cancel(task), "cancelled");

    EXPECT_EQ(one.heartbeat(), std::vector{token});
    EXPECT_TRUE(other.heartbeat().empty());
    const Outcome completed = outcome_of([&] { one.complete(token); });
    EXPECT_EQ(completed.sqlstate, "BT039");
    EXPECT_NE(completed.text.find("it was cancelled by " + login() + ": wrong customer"),
              std::string::npos)
        << completed.text;
    EXPECT_EQ(one.complete_many({token, claimed[1].token}),
              (std::vector<std::string>{"lost", "done"}));
    EXPECT_EQ(outcome_of([&] { one.fail(token); }).sqlstate, "BT039");
    EXPECT_EQ(one.release(token), 0);
    EXPECT_EQ(one.start(token), std::vector{token});
    EXPECT_FALSE(one.snooze(token, "0"));
    EXPECT_EQ(number("select attempts from task_state(" + std::to_string(task) + ")"), 1)
        << "it had started";
    EXPECT_EQ(state_of(task), "cancelled");
}

// The claim may be cleared away meanwhile, and one answer of heartbeat() be lost.
TEST_F(TaskCancelTest, NodeHearsOfItForTwoLeases) {
    TestNode one = node({.name = "one"});
    TestNode gone = node({.name = "gone"});
    const std::int64_t first = enqueue();
    const std::int64_t second = enqueue();
    const std::string token = one.claim()[0].token;
    gone.claim();
    cancel(first);
    cancel(second);
    gone.deregister();
    maintain();
    EXPECT_EQ(number("select count(*) from task_claim"), 0);
    EXPECT_EQ(number("select count(*) from task_recall"), 1) << "who has left need not hear";
    EXPECT_EQ(one.heartbeat(), std::vector{token});
    connection_.exec("update task_recall set recalled_at = recalled_at - interval '59 s'");
    maintain();
    EXPECT_EQ(one.heartbeat(), std::vector{token});
    connection_.exec("update task_recall set recalled_at = recalled_at - interval '1 s'");
    maintain();
    EXPECT_TRUE(one.heartbeat().empty());
}

TEST_F(TaskCancelTest, WhatHasEndedStaysAsItIs) {
    TestNode one = node();
    const std::int64_t done = enqueue();
    one.complete(one.claim()[0].token);
    EXPECT_EQ(cancel(done), "done");
    EXPECT_EQ(state_of(done), "done");

    connection_.exec("update handler set max_attempts = 1");
    const std::int64_t dead = enqueue();
    one.fail(one.claim()[0].token);
    EXPECT_EQ(cancel(dead), "dead");
    EXPECT_EQ(error_of(dead), "it broke");
    EXPECT_EQ(outcome_of([&] { cancel(4711); }).sqlstate, "BT042");
}

TEST_F(TaskCancelTest, BesideACompletionTheFirstToCommitDecides) {
    for (const bool is_committed : {true, false}) {
        TestNode one = node();
        const std::int64_t task = enqueue();
        const ClaimedTask claimed = one.claim()[0];
        auto completing = std::make_unique<sql::Transaction>(one.connection());
        completing->exec(complete_call(one, claimed));
        auto cancelled = waiting(cancel_call(task));
        if (is_committed) completing->commit();
        completing.reset();
        EXPECT_EQ(cancelled.get(), is_committed ? "done" : "cancelled");
        EXPECT_EQ(state_of(task), is_committed ? "done" : "cancelled");
        EXPECT_EQ(one.heartbeat().size(), is_committed ? 0U : 1U);
    }
    for (const bool is_committed : {true, false}) {
        TestNode one = node();
        const std::int64_t task = enqueue();
        const ClaimedTask claimed = one.claim()[0];
        auto cancelling = std::make_unique<sql::Transaction>(connection_);
        cancelling->exec(cancel_call(task));
        auto completed = waiting(complete_call(one, claimed));
        if (is_committed) cancelling->commit();
        cancelling.reset();
        EXPECT_EQ(completed.get(), is_committed ? "BT039" : "t");
        EXPECT_EQ(state_of(task), is_committed ? "cancelled" : "done");
    }
}

// The task is on its way elsewhere, and cancel() finds it there.
TEST_F(TaskCancelTest, FollowsATaskThatIsBeingMoved) {
    TestNode other = node({.name = "other"});
    const auto cancel_beside = [&](TestNode& mover, const std::string& move, std::int64_t task) {
        sql::Transaction moving(mover.connection());
        moving.exec(move);
        auto cancelled = waiting(cancel_call(task));
        moving.commit();
        EXPECT_EQ(cancelled.get(), "cancelled") << move;
        EXPECT_EQ(state_of(task), "cancelled") << move;
        maintain();
        EXPECT_TRUE(other.claim(10).empty()) << move;
    };
    TestNode one = node({.name = "one"});
    cancel_beside(one, "select claim('" + one.session + "', 'send')", enqueue());
    EXPECT_EQ(one.heartbeat().size(), 1U) << "by then this node had it";
    for (const std::string call : {"fail($1, $2, 'x', '0')", "release_many($1, array[$2])",
                                   "snooze($1, $2, '0')", "deregister_node($1)"}) {
        const std::int64_t task = enqueue();
        const ClaimedTask claimed = one.claim().at(0);
        cancel_beside(one, call_of(call, one, claimed), task);
    }
    const std::int64_t due = enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    connection_.exec("update task_due set due_at = clock_timestamp()");
    cancel_beside(one, "select maintain(at_once => true)", due);
}

// A claim passes by a task that is being cancelled; if it is not in the end, it is found again.
TEST_F(TaskCancelTest, CancellationThatIsRolledBackLosesNothing) {
    TestNode one = node();
    const std::int64_t task = enqueue();
    for (int i = 0; i < 300; ++i) enqueue();
    for (int pass = 0; pass < 3; ++pass) maintain();
    {
        sql::Transaction cancelling(connection_);
        cancelling.exec(cancel_call(task));
        EXPECT_EQ(one.claim(1000).size(), 300U);
    }
    maintain();
    const std::vector<ClaimedTask> claimed = one.claim(10);
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].task, task);
}

TEST_F(TaskCancelTest, FixedSnapshotIsRefused) {
    const TestNode one = node();
    const std::int64_t task = enqueue();
    connection_.exec("begin isolation level repeatable read");
    EXPECT_EQ(outcome_of([&] { cancel(task); }).sqlstate, "BT006");
    connection_.exec("rollback");
    connection_.exec("begin isolation level serializable");
    EXPECT_EQ(outcome_of([&] { text("select retry_task(" + std::to_string(task) + ")"); }).sqlstate,
              "BT006");
    connection_.exec("rollback");
}

TEST_F(TaskCancelTest, PurgeEndsWhatWaitsAndNothingElse) {
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "print", "version": 1, "build": "b1"}])"});
    const std::int64_t held = enqueue("'send', unique_key => 'k'");
    const ClaimedTask claimed = one.claim().at(0);
    const std::int64_t other = enqueue("'print'");
    enqueue();
    enqueue("'send', priority => 5, labels => array['gpu']");
    enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    enqueue("'send', unique_key => 'k', on_conflict => 'replace'");
    for (int i = 0; i < 3; ++i) enqueue("'send', lane => 'a'");
    maintain();
    const auto purge = [&](const std::string& how) {
        return number("select purge('send'" + how + ")");
    };
    EXPECT_EQ(purge(", \"limit\" => 2"), 2);
    EXPECT_EQ(purge(", 'no longer'"), 5);
    EXPECT_EQ(purge(""), 0);
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'cancelled'"), 7);
    EXPECT_EQ(number("select count(*) from task_end where reason ~ ': no longer$'"), 5);
    EXPECT_EQ(number("select count(*) from task_in_lane"), 0);
    EXPECT_EQ(state_of(held), "claimed");
    EXPECT_TRUE(one.complete(claimed.token));
    EXPECT_EQ(state_of(other), "waiting");
    EXPECT_EQ(outcome_of([&] { purge(", null, 0"); }).sqlstate, "BT042");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select purge('sent')"); }).sqlstate, "BT037");
}

}  // namespace
}  // namespace baton

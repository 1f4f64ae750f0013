// Waiting for a task's end; how far it has come; and what becomes of one that runs for too long.

#include <gtest/gtest.h>

#include <future>
#include <pqxx/connection>
#include <pqxx/nontransaction>

#include "baton/sql/enqueue.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using namespace std::chrono_literals;
using sql::Outcome;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskWaitTest : public testing::TaskFixture {
protected:
    std::string waited(std::int64_t task, const std::string& timeout = "10 s") {
        return text("select concat_ws(' ', state, result, error) from wait_for_task(" +
                    std::to_string(task) + ", '" + timeout + "')");
    }
    Outcome refusal(const std::string& query) {
        return outcome_of([&] { connection_.exec(query); });
    }
};

TEST_F(TaskWaitTest, EndsWithTheTaskAndTellsItsResult) {
    TestNode one = node();
    const std::int64_t task = enqueue();
    std::future<std::string> waiter = std::async(std::launch::async, [&] {
        sql::Connection session(url_, testing::in_test_schema("waiter"));
        return std::string(session
                               .exec("select concat_ws(' ', state, result, error) from "
                                     "wait_for_task(" +
                                     std::to_string(task) + ", '30 s')")
                               .only()
                               .text(0));
    });
    ASSERT_TRUE(testing::eventually(20s, [&] {
        return number(
                   "select count(*) from pg_stat_activity where application_name = 'waiter' and "
                   "wait_event = 'PgSleep'") == 1;
    }));
    one.complete(one.claim().at(0).token, R"({"sent": 1})");
    EXPECT_EQ(waiter.get(), R"(done {"sent": 1})");
    EXPECT_EQ(waited(task), R"(done {"sent": 1})") << "it has ended before";
}

TEST_F(TaskWaitTest, TellsHowElseItEnded) {
    TestNode one = node();
    connection_.exec("update handler set max_attempts = 1");
    const std::int64_t dead = enqueue();
    one.fail(one.claim().at(0).token, "no such order");
    EXPECT_EQ(waited(dead), "dead {} no such order");
    const std::int64_t cancelled = enqueue();
    connection_.exec("select cancel(" + std::to_string(cancelled) + ", 'not wanted')");
    EXPECT_EQ(waited(cancelled), "cancelled {} cancelled by baton: not wanted");
}

TEST_F(TaskWaitTest, SaysWhatItCannotWaitFor) {
    const TestNode one = node();
    const std::int64_t task = enqueue();
    const Outcome late = refusal("select wait_for_task(" + std::to_string(task) + ", '20 ms')");
    EXPECT_EQ(late.code, "wait_timeout");
    EXPECT_EQ(late.text, "task 1 has not ended after 0.020 s; why(1) tells what it waits for");
    EXPECT_EQ(refusal("select wait_for_task(99)").code, "task_invalid");
    EXPECT_EQ(refusal("begin; select wait_for_task(enqueue('send'))").code, "wait_impossible");
    connection_.exec("rollback");
    connection_.exec("begin; select enqueue('send')");
    EXPECT_EQ(refusal("select wait_for_task((select max(id) from task))").code, "wait_impossible");
    connection_.exec("rollback");
    connection_.exec("update task_partition set dropped_at = now()");
    connection_.exec("begin; delete from task");
    EXPECT_EQ(refusal("select wait_for_task(1)").code, "task_forgotten");
    connection_.exec("rollback");
}

TEST_F(TaskWaitTest, FromCpp) {
    TestNode one = node();
    const TaskId task{enqueue()};
    pqxx::connection session(url_);
    pqxx::nontransaction(session).exec("set search_path = baton_test");
    EXPECT_EQ(outcome_of([&] { wait_for_task(session, task, 30ms); }).code, "wait_timeout");
    EXPECT_EQ(outcome_of([&] { wait_for_task(session, TaskId{99}, 30ms); }).code, "task_invalid");
    one.complete(one.claim().at(0).token, R"({"sent": 2})");
    const TaskResult ended = wait_for_task(session, task);
    EXPECT_EQ(ended.state, "done");
    EXPECT_EQ(ended.result, R"({"sent": 2})");
    EXPECT_FALSE(ended.error);
}

TEST_F(TaskWaitTest, ProgressIsNotedOnceASecondAndShownWhileItRuns) {
    TestNode one = node();
    const std::int64_t task = enqueue();
    const ClaimedTask held = one.claim().at(0);
    const auto progress = [&](const std::string& told) {
        return text("select progress('" + one.session + "', '" + held.token + "', '" + told + "')");
    };
    const std::string shown =
        "select coalesce((task_details(" + std::to_string(task) + ") -> 'progress')::text, '')";
    EXPECT_EQ(progress("{\"share\": 0.1}"), "t");
    EXPECT_EQ(progress("{\"share\": 0.2}"), "f");
    EXPECT_EQ(text(shown), "{\"share\": 0.1}");
    connection_.exec("update task_progress set noted_at = noted_at - interval '1 second'");
    EXPECT_EQ(progress("{\"share\": 0.3}"), "t");
    EXPECT_EQ(text(shown), "{\"share\": 0.3}");
    EXPECT_EQ(refusal("select progress('" + one.session + "', '1.77', '1')").code, "claim_lost");
    EXPECT_EQ(refusal("select progress('" + one.session + "', '" + held.token +
                      "', to_jsonb(repeat('x', 20000)))")
                  .code,
              "event_too_large");
    one.release(held.token);
    EXPECT_EQ(refusal("select progress('" + one.session + "', '" + held.token + "', '1')").code,
              "claim_lost");
    EXPECT_EQ(text(shown), "null");
    maintain();
    EXPECT_EQ(number("select count(*) from task_progress"), 0);
}

// A live node, which says so, but whose handler hangs.
TEST_F(TaskWaitTest, WhatRunsForTooLongIsTakenAway) {
    TestNode one = node({.name = "one"});
    connection_.exec("select set_run_at_most('send', '5 min')");
    for (int i = 0; i < 3; ++i) enqueue();
    const std::vector<ClaimedTask> held = one.claim(2);
    one.start(held[0].token);
    maintain();
    EXPECT_EQ(number("select count(*) from task_claim"), 1) << "it is not too long yet";
    connection_.exec("update task_claim set claimed_at = claimed_at - interval '6 min'");
    const ClaimedTask later = one.claim().at(0);
    maintain();
    EXPECT_EQ(state_of(held[0].task), "due") << "its handler started: an attempt is lost";
    EXPECT_EQ(text("select concat(outcome, ': ', error) from task_failure"),
              "lost: node one had it for longer than the 00:05:00 that its handler may run, so it "
              "was taken away");
    EXPECT_EQ(state_of(held[1].task), "waiting") << "no attempt, but a delivery";
    EXPECT_EQ(text("select concat_ws(' ', attempts, deliveries) from task_ready"), "0 1");
    EXPECT_EQ(state_of(later.task), "claimed");
    std::vector<std::string> told = one.heartbeat();
    EXPECT_EQ(told, (std::vector<std::string>{held[0].token, held[1].token}));
    EXPECT_EQ(outcome_of([&] { one.complete(held[0].token); }).code, "claim_lost");
    EXPECT_TRUE(one.complete(later.token));
    connection_.exec("select set_run_at_most('send', null)");
    const ClaimedTask again = one.claim().at(0);
    connection_.exec("update task_claim set claimed_at = claimed_at - interval '1 day'");
    maintain();
    EXPECT_EQ(state_of(again.task), "claimed");
    EXPECT_EQ(refusal("select set_run_at_most('sent', '1 min')").code, "handler_unknown");
    EXPECT_EQ(refusal("select set_run_at_most('send', '0')").code, "task_invalid");
}

}  // namespace
}  // namespace baton

// Tasks that an endpoint has taken over with an answer of 202: call_back() says what came of them,
// once, in time, and with the token of that one request alone.

#include <gtest/gtest.h>

#include "sql/workflow_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class CallbackTest : public testing::WorkflowFixture {
protected:
    static std::string token_of(const ClaimedTask& task, char digit = 'a') {
        return std::to_string(task.task) + "." + std::string(64, digit);
    }
    // A task that is with its endpoint; its token.
    std::string taken_over(const std::string& within = "1 hour", char digit = 'a') {
        const std::vector<ClaimedTask> tasks = node_.claim(1, "send");
        EXPECT_EQ(tasks.size(), 1U);
        node_.start(tasks.at(0).token);
        EXPECT_EQ(hand_over(tasks[0], within, digit), "t");
        return token_of(tasks[0], digit);
    }
    std::string hand_over(const ClaimedTask& task, const std::string& within, char digit = 'a') {
        return text("select await_callback('" + node_.session + "', '" + task.token +
                    "', sha256('" + token_of(task, digit) + "'), '" + within + "')");
    }
    std::string call_back(const std::string& token, const std::string& more = "") {
        return text("select call_back('" + token + "'" + more + ")");
    }
    std::string refused(const std::string& token) {
        return refusal("select call_back('" + token + "')");
    }
    std::string end() {
        return text("select concat(outcome, ' ', result, ' ', attempts) from task_end");
    }

    TestNode node_ = carrier({"send", "ship"});
};

TEST_F(CallbackTest, EndsTheTaskOnceThoughItsNodeIsGone) {
    connection_.exec("select enqueue('send', '{}')");
    const std::string token = taken_over();
    EXPECT_EQ(node_.deregister(), 0) << "no node has it";
    maintain();
    EXPECT_EQ(text("select reason from why(1)"), "callback");
    EXPECT_EQ(call_back(token, R"(, '{"sent": 1}')"), "done");
    EXPECT_EQ(end(), R"(done {"sent": 1} 1)");
    EXPECT_EQ(call_back(token, R"(, '{"sent": 2}')"), "done already");
    EXPECT_EQ(call_back(token, ", error => 'no'"), "done already");
    EXPECT_EQ(end(), R"(done {"sent": 1} 1)");
    EXPECT_EQ(number("select count(*) from task_due"), 0);
}

// Statistics count what became of a claim when that is cleared away: before most callbacks come.
TEST_F(CallbackTest, IsCountedOnceWheneverItsClaimIsClearedAway) {
    connection_.exec("select enqueue('send', '{}') from generate_series(1, 3)");
    EXPECT_EQ(call_back(taken_over()), "done");
    const std::string done = taken_over("1 hour", 'b');
    const std::string failed = taken_over("1 hour", 'c');
    maintain();
    EXPECT_EQ(number("select count(*) from task_claim"), 0);
    EXPECT_EQ(call_back(done), "done");
    EXPECT_EQ(call_back(failed, ", error => 'no'"), "retry");
    for (int i = 0; i < 2; ++i) maintain();
    EXPECT_EQ(text("select concat(sum(done), ' ', sum(failed)) from statistics()"), "2 1");
}

TEST_F(CallbackTest, TokenIsGoodForNothingElse) {
    connection_.exec("select enqueue('send', '{}') from generate_series(1, 2)");
    const std::string first = taken_over();
    const std::string second = taken_over("1 hour", 'b');
    EXPECT_EQ(refused(first.substr(0, first.size() - 1) + "b").substr(0, 5), "BT039");
    EXPECT_EQ(refused("2" + first.substr(1)).substr(0, 5), "BT039") << "of another task";
    EXPECT_EQ(refused("1.1").substr(0, 5), "BT039");
    EXPECT_EQ(refused("").substr(0, 5), "BT039");
    EXPECT_EQ(refusal("select call_back(null)").substr(0, 5), "BT039");
    EXPECT_EQ(refusal("select complete('" + first + "', '1.1')").substr(0, 5), "BT038")
        << "it is no session";
    EXPECT_EQ(number("select count(*) from task_end"), 0);
    EXPECT_EQ(number("select count(*) from task_callback where digest::text like '%' || "
                     "encode(convert_to('" +
                     std::string(16, 'a') + "', 'UTF8'), 'hex') || '%'"),
              0)
        << "the database has a digest of it";
    EXPECT_EQ(call_back(second), "done");
    EXPECT_EQ(number("select task from task_end"), 2);
}

TEST_F(CallbackTest, FailureIsTriedAgainAndTheFormerTokenIsOver) {
    connection_.exec("select enqueue('send', '{}')");
    connection_.exec("update handler set retry_after = '0', max_attempts = 2");
    const std::string first = taken_over();
    EXPECT_EQ(call_back(first, ", error => 'no paper'"), "retry");
    EXPECT_EQ(call_back(first), "retry already");
    EXPECT_EQ(text("select error from task_failure"), "no paper");
    maintain();
    const std::string second = taken_over("1 hour", 'b');
    EXPECT_EQ(call_back(first), "retry already");
    EXPECT_EQ(number("select count(*) from task_end"), 0);
    EXPECT_EQ(call_back(second, ", error => 'no ink'"), "dead") << "that was the last attempt";
    EXPECT_EQ(end(), "dead {} 2");
}

TEST_F(CallbackTest, DeadIsSaidAtOnce) {
    connection_.exec("select enqueue('send', '{}')");
    EXPECT_EQ(call_back(taken_over(), ", error => 'no such customer', dead => true"), "dead");
    EXPECT_EQ(end(), "dead {} 1");
}

TEST_F(CallbackTest, LateOneIsToldSoAndTheTaskIsTriedAgain) {
    connection_.exec("select enqueue('send', '{}')");
    connection_.exec("update handler set retry_after = '0'");
    const std::string token = taken_over();
    connection_.exec("update task_callback set until_at = clock_timestamp() - interval '1 s'");
    EXPECT_NE(refused(token).find("it is too late: task 1 was awaited until"), std::string::npos);
    maintain();
    EXPECT_EQ(text("select error from task_failure"),
              "its endpoint answered 202, and did not call back in time");
    EXPECT_EQ(refused(token).substr(0, 5), "BT039");
    maintain();
    EXPECT_EQ(call_back(taken_over("1 hour", 'b')), "done");
    EXPECT_EQ(end(), "done {} 2");
    connection_.exec("update task_callback set over_at = over_at - interval '2 days'");
    maintain();
    EXPECT_EQ(number("select count(*) from task_callback"), 0);
}

TEST_F(CallbackTest, OneThatIsFasterThanTheAnswerIsToldToComeAgain) {
    connection_.exec("select enqueue('send', '{}')");
    const std::vector<ClaimedTask> tasks = node_.claim(1, "send");
    ASSERT_EQ(tasks.size(), 1U);
    EXPECT_EQ(refused(token_of(tasks[0])).substr(0, 5), "BT039") << "nothing was sent yet";
    node_.start(tasks[0].token);
    EXPECT_EQ(call_back(token_of(tasks[0])), "early");
    hand_over(tasks[0], "1 hour");
    EXPECT_EQ(call_back(token_of(tasks[0])), "done");
}

TEST_F(CallbackTest, TaskThatWasTakenElsewhereIsAwaitedNoMore) {
    connection_.exec("select enqueue('send', '{}') from generate_series(1, 3)");
    const std::string cancelled = taken_over();
    connection_.exec("select cancel(1)");
    EXPECT_NE(refused(cancelled).find("task 1 is awaited no more: it is cancelled"),
              std::string::npos);
    const std::string retried = taken_over();
    connection_.exec("select retry_task(2)");
    EXPECT_NE(refused(retried).find("task 2 is awaited no more: it is waiting"), std::string::npos);
    const std::string again = taken_over("1 hour", 'b');
    ASSERT_EQ(again.substr(0, 1), "2");
    EXPECT_EQ(refused(retried).substr(0, 5), "BT039") << "the newest request counts";
    EXPECT_EQ(call_back(again), "done");
}

TEST_F(CallbackTest, NextStepOfAWorkflowBeginsWithIt) {
    define(R"([{"handler": "send"}, {"handler": "ship"}])");
    const std::string run = start();
    const std::string token = taken_over();
    EXPECT_EQ(call_back(token, R"(, '{"sent": 1}')"), "done");
    EXPECT_EQ(waiting_payloads("ship"), R"({"sent": 1})");
    EXPECT_EQ(call_back(token), "done already");
    EXPECT_EQ(number("select count(*) from workflow_task"), 2);
}

TEST_F(CallbackTest, LaneIsHeldUntilIt) {
    connection_.exec("select enqueue('send', '{}', lane => 'a') from generate_series(1, 2)");
    const std::string token = taken_over();
    EXPECT_EQ(node_.claim(1, "send").size(), 0U);
    call_back(token);
    EXPECT_EQ(node_.claim(1, "send").size(), 1U);
}

TEST_F(CallbackTest, MayBeGivenToARoleThatMayDoNothingElse) {
    connection_.exec("select enqueue('send', '{}')");
    const std::string token = taken_over();
    connection_.exec("create role calls_back_" + database_.name() +
                     " login; grant usage on schema " + std::string(testing::test_schema) +
                     " to calls_back_" + database_.name() +
                     "; grant execute on function call_back to calls_back_" + database_.name());
    connection_.exec("set role calls_back_" + database_.name());
    EXPECT_EQ(refusal("select enqueue('send', '{}')").substr(0, 5), "42501");
    EXPECT_EQ(refusal("select * from task_callback").substr(0, 5), "42501");
    EXPECT_EQ(call_back(token), "done");
    connection_.exec("reset role");
    connection_.exec("drop owned by calls_back_" + database_.name() + "; drop role calls_back_" +
                     database_.name());
}

TEST_F(CallbackTest, WhatIsNoCallbackIsRefused) {
    connection_.exec("select enqueue('send', '{}')");
    const std::vector<ClaimedTask> tasks = node_.claim(1, "send");
    ASSERT_EQ(tasks.size(), 1U);
    const std::string call = "select await_callback('" + node_.session + "', '" + tasks[0].token;
    EXPECT_EQ(refusal(call + "', sha256('a'), '0')").substr(0, 5), "BT042");
    EXPECT_EQ(refusal(call + "', sha256('a'), '31 days')").substr(0, 5), "BT042");
    EXPECT_EQ(refusal(call + "', 'a', '1 hour')").substr(0, 5), "BT042");
    node_.complete(tasks[0].token);
    EXPECT_EQ(hand_over(tasks[0], "1 hour"), "f") << "it is its claim's no more";
}

}  // namespace
}  // namespace baton

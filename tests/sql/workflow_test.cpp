// Workflows: tasks that follow from each other, each once, and what becomes of runs.

#include <gtest/gtest.h>

#include "sql/workflow_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class WorkflowTest : public testing::WorkflowFixture {
protected:
    const std::string order_ =
        R"([{"handler": "reserve", "undo": "release"}, {"handler": "charge", "undo": "refund"},
            {"handler": "ship"}])";
    TestNode node_ = carrier({"reserve", "release", "charge", "refund", "ship"});
};

TEST_F(WorkflowTest, WhatAStepGivesIsThePayloadOfTheNext) {
    define(order_);
    const std::string run = start();
    EXPECT_EQ(waiting_payloads("reserve"), R"({"order": 42})");
    EXPECT_EQ(waiting_payloads("charge"), "");
    complete(node_, "reserve", R"({"shelf": 7})");
    EXPECT_EQ(waiting_payloads("charge"), R"({"shelf": 7})");
    complete(node_, "charge", R"({"paid": true})");
    EXPECT_EQ(state(run), "running");
    complete(node_, "ship", R"({"parcel": 1})");
    EXPECT_EQ(state(run), "done");
    EXPECT_EQ(text("select result from workflow_run"), R"({"parcel": 1})");
    EXPECT_EQ(steps(run), "reserve done, charge done, ship done");
    EXPECT_EQ(number("select count(*) from task"), 3);
}

TEST_F(WorkflowTest, TheNextTaskIsThereWithTheCompletionOrNotAtAll) {
    define(order_);
    const std::string run = start();
    const std::vector<ClaimedTask> tasks = node_.claim(1, "reserve");
    {
        sql::Transaction transaction(node_.connection());
        transaction.exec("select complete($1, $2)", {node_.session, tasks[0].token});
        EXPECT_EQ(transaction.exec("select count(*) from workflow_task", {}).only().integer(0), 2);
    }
    EXPECT_EQ(number("select count(*) from workflow_task"), 1) << "it was rolled back";
    EXPECT_TRUE(node_.complete(tasks[0].token));
    EXPECT_FALSE(node_.complete(tasks[0].token)) << "said again, it changes nothing";
    EXPECT_EQ(number("select count(*) from workflow_task"), 2);
}

TEST_F(WorkflowTest, AStepThatIsDeadUndoesWhatWasDoneInReverse) {
    define(order_);
    const std::string run = start();
    complete(node_, "reserve", R"({"shelf": 7})");
    complete(node_, "charge", R"({"paid": true})");
    kill(node_, "ship");
    EXPECT_EQ(state(run), "compensating");
    EXPECT_EQ(waiting_payloads("release"), "") << "the last first";
    EXPECT_EQ(waiting_payloads("refund"), R"({"result": {"paid": true}, "payload": {"shelf": 7}})");
    complete(node_, "refund");
    EXPECT_EQ(waiting_payloads("release"), R"({"result": {"shelf": 7}, "payload": {"order": 42}})");
    complete(node_, "release");
    EXPECT_EQ(state(run), "compensated");
    EXPECT_EQ(steps(run), "reserve compensated, charge compensated, ship failed");
    EXPECT_EQ(text("select reason from workflow_run"), "step ship failed: no money");
}

TEST_F(WorkflowTest, WhatIsUndoneIsNotDoneAgainByARedrive) {
    define(order_);
    const std::string run = start();
    complete(node_, "reserve");
    kill(node_, "charge");
    const std::string dead = text("select task from task_end where outcome = 'dead'");
    EXPECT_EQ(number("select redrive('charge')"), 0);
    EXPECT_EQ(text("select retry_task(" + dead + ")"), "dead");
    complete(node_, "release");
    EXPECT_EQ(state(run), "compensated");
    EXPECT_EQ(number("select redrive('charge')"), 0);
}

TEST_F(WorkflowTest, ARunThatHoldsGoesOnFromTheStepThatFailed) {
    define(order_, ", 'hold'");
    for (const std::string how :
         {"select retry_workflow($)", "select redrive('charge')",
          "select retry_task(max(task)) from task_end where outcome = 'dead'"}) {
        const std::string run = start();
        complete(node_, "reserve");
        kill(node_, "charge");
        EXPECT_EQ(state(run), "failed");
        std::string call = how;
        if (const auto at = call.find('$'); at != std::string::npos) call.replace(at, 1, run);
        connection_.exec(call);
        maintain();
        EXPECT_EQ(state(run), "running") << how;
        complete(node_, "charge");
        complete(node_, "ship");
        EXPECT_EQ(state(run), "done") << how;
    }
}

TEST_F(WorkflowTest, ATaskThatSomebodyCancelsFailsItsStep) {
    define(order_);
    for (const std::string how :
         {"cancel(task, 'by hand') from task_ready", "purge('charge', 'by hand')"}) {
        const std::string run = start();
        complete(node_, "reserve");
        connection_.exec("select " + how);
        maintain();
        EXPECT_EQ(state(run), "compensating") << how;
        EXPECT_NE(text("select reason from workflow_run where id = " + run).find("by hand"),
                  std::string::npos);
        complete(node_, "release");
    }
}

TEST_F(WorkflowTest, EachElementIsATaskAndTheNextStepGetsAllInOrder) {
    define(
        R"([{"handler": "reserve"}, {"handler": "charge", "each": "items", "undo": "refund"},
            {"handler": "ship"}])");
    const std::string run = start();
    complete(node_, "reserve", R"({"items": [10, 20, 30]})");
    std::vector<ClaimedTask> tasks = node_.claim(3, "charge");
    ASSERT_EQ(tasks.size(), 3U);
    EXPECT_EQ(tasks[1].payload, "20");
    for (const int at : {2, 0, 1}) {
        EXPECT_EQ(waiting_payloads("ship"), "");
        node_.complete(tasks[static_cast<std::size_t>(at)].token, std::to_string(at));
    }
    EXPECT_EQ(waiting_payloads("ship"), "[0, 1, 2]");
    complete(node_, "ship");
    EXPECT_EQ(state(run), "done");
}

TEST_F(WorkflowTest, OfTheLastTwoOfAStepOneIsTheLast) {
    define(R"([{"handler": "charge", "each": "items"}, {"handler": "ship"}])");
    start(R"('order', '{"items": [1, 2]}')");
    const std::vector<ClaimedTask> first = node_.claim(1, "charge");
    const std::vector<ClaimedTask> second = node_.claim(1, "charge");
    std::future<std::string> other;
    {
        sql::Transaction transaction(node_.connection());
        transaction.exec("select complete($1, $2, '1')", {node_.session, first[0].token});
        other = waiting(call_of("complete($1, $2, '2')", node_, second[0]));
        transaction.commit();
    }
    EXPECT_EQ(other.get(), "t");
    EXPECT_EQ(waiting_payloads("ship"), "[1, 2]");
}

TEST_F(WorkflowTest, NoElementsAreNoTasks) {
    define(R"([{"handler": "charge", "each": "items", "undo": "refund"}, {"handler": "ship"}])");
    const std::string run = start(R"('order', '{"items": []}')");
    EXPECT_EQ(waiting_payloads("ship"), "[]");
    kill(node_, "ship");
    EXPECT_EQ(state(run), "compensated");
}

TEST_F(WorkflowTest, OfAStepThatFailedWhatWasDoneIsUndone) {
    define(
        R"([{"handler": "reserve", "undo": "release"},
            {"handler": "charge", "each": "items", "undo": "refund"}])");
    const std::string run = start();
    complete(node_, "reserve", R"({"items": [1, 2, 3]})");
    complete(node_, "charge", "11");
    kill(node_, "charge");
    EXPECT_EQ(waiting_payloads("refund"), R"({"result": 11, "payload": 1})");
    EXPECT_EQ(waiting_payloads("charge"), "") << "the third one is cancelled";
    complete(node_, "refund");
    complete(node_, "release");
    EXPECT_EQ(state(run), "compensated");
}

TEST_F(WorkflowTest, AGraphJoinsWhatWentBesideEachOther) {
    define(
        R"([{"handler": "reserve"}, {"handler": "charge", "after": ["reserve"]},
            {"name": "warn", "handler": "release", "after": ["reserve"]},
            {"handler": "ship", "after": ["charge", "warn"]}])");
    const std::string run = start();
    complete(node_, "reserve", "1");
    complete(node_, "release", "2");
    EXPECT_EQ(waiting_payloads("ship"), "");
    complete(node_, "charge", "3");
    EXPECT_EQ(waiting_payloads("ship"), R"({"warn": 2, "charge": 3})");
    complete(node_, "ship");
    EXPECT_EQ(state(run), "done");
}

TEST_F(WorkflowTest, ASleepGivesWhatItGot) {
    define(R"([{"handler": "reserve"}, {"name": "rest", "sleep": "1 hour"}, {"handler": "ship"}])");
    const std::string run = start();
    complete(node_, "reserve", "5");
    maintain();
    EXPECT_EQ(waiting_payloads("ship"), "");
    connection_.exec("update workflow_run_step set due_at = due_at - interval '1 hour'");
    maintain();
    EXPECT_EQ(waiting_payloads("ship"), "5");
}

}  // namespace
}  // namespace baton

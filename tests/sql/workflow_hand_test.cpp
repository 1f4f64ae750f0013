// What people do to runs of workflows, and which version they are of.

#include <gtest/gtest.h>

#include "sql/workflow_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class WorkflowHandTest : public testing::WorkflowFixture {
protected:
    WorkflowHandTest() {
        define(
            R"([{"handler": "reserve", "undo": "release"}, {"handler": "charge", "undo": "refund"},
                {"handler": "ship"}])");
    }
    void expect_refused(const std::string& call, const std::string& start) {
        EXPECT_EQ(refusal("select " + call).substr(0, start.size()), start) << call;
    }
    std::string why(const std::string& run) {
        return text("select concat(state, ' ', reason) from why_workflow(" + run + ")");
    }
    TestNode node_ = carrier({"reserve", "release", "charge", "refund", "ship"});
};

TEST_F(WorkflowHandTest, CancelledWithOrWithoutWhatWasDone) {
    const std::string plain = start();
    complete(node_, "reserve");
    const std::vector<ClaimedTask> held = node_.claim(1, "charge");
    EXPECT_EQ(text("select cancel_workflow(" + plain + ", reason => 'stop')"), "cancelled");
    EXPECT_THROW(node_.complete(held[0].token), Error) << "its task is nobody's any more";
    EXPECT_EQ(steps(plain), "reserve done, charge cancelled");
    EXPECT_EQ(text("select cancel_workflow(" + plain + ")"), "cancelled");
    EXPECT_EQ(text("select retry_task(max(task)) from task_end where outcome = 'cancelled'"),
              "cancelled");

    const std::string undone = start();
    complete(node_, "reserve");
    EXPECT_EQ(text("select cancel_workflow(" + undone + ", compensate => true)"), "compensating");
    expect_refused("cancel_workflow(" + undone + ")", "BT066");
    complete(node_, "release");
    EXPECT_EQ(state(undone), "cancelled");
    EXPECT_EQ(steps(undone), "reserve compensated, charge cancelled");
}

TEST_F(WorkflowHandTest, NothingBeginsInARunThatIsPaused) {
    const std::string run = start();
    EXPECT_EQ(text("select pause_workflow(" + run + ", 'move')"), "t");
    EXPECT_EQ(text("select pause_workflow(" + run + ")"), "f");
    complete(node_, "reserve", "3");
    EXPECT_EQ(steps(run), "reserve done");
    EXPECT_EQ(why(run), "paused paused");
    EXPECT_EQ(text("select resume_workflow(" + run + ")"), "t");
    EXPECT_EQ(text("select resume_workflow(" + run + ")"), "f");
    EXPECT_EQ(waiting_payloads("charge"), "3");
}

TEST_F(WorkflowHandTest, RestartedFromAStepWhatFollowsBeginsAnew) {
    const std::string run = start();
    complete(node_, "reserve", "1");
    complete(node_, "charge", "2");
    complete(node_, "ship");
    EXPECT_EQ(text("select restart_workflow(" + run + ", 'charge')"), "running");
    EXPECT_EQ(steps(run), "reserve done, charge running");
    complete(node_, "charge", "4");
    EXPECT_EQ(waiting_payloads("ship"), "4");
    // What the former rounds had, also held by a node, is not this run's any more.
    const std::vector<ClaimedTask> held = node_.claim(1, "ship");
    EXPECT_EQ(text("select restart_workflow(" + run + ")"), "running");
    EXPECT_THROW(node_.complete(held[0].token), Error);
    EXPECT_EQ(steps(run), "reserve running");
    expect_refused("restart_workflow(" + run + ", 'ship')",
                   "BT066: run " + run +
                       " of workflow order@1 is running; it cannot be restarted "
                       "at step ship: step charge before it is not begun, and not done");
    expect_refused("restart_workflow(" + run + ", 'shop')", "BT065");
}

TEST_F(WorkflowHandTest, WhatIsUndoneIsRestartedFromThere) {
    const std::string run = start();
    complete(node_, "reserve");
    kill(node_, "charge");
    expect_refused("restart_workflow(" + run + ")", "BT066");
    kill(node_, "release");
    EXPECT_EQ(why(run), "stuck dead");
    EXPECT_NE(text("select status() ->> 'problems'").find("is stuck"), std::string::npos);
    EXPECT_EQ(text("select retry_workflow(" + run + ")"), "compensating");
    complete(node_, "release");
    EXPECT_EQ(state(run), "compensated");
    expect_refused("restart_workflow(" + run + ", 'charge')", "BT066");
    EXPECT_EQ(text("select restart_workflow(" + run + ")"), "running");
    EXPECT_EQ(steps(run), "reserve running");
}

TEST_F(WorkflowHandTest, WhatWasOfARunThatIsForgottenComesBackNoMore) {
    const std::string run = start();
    complete(node_, "reserve");
    kill(node_, "charge");
    complete(node_, "release");
    EXPECT_EQ(state(run), "compensated");
    const std::string dead = text("select task from task_end where outcome = 'dead'");
    const auto expect_that_it_stays = [&] {
        EXPECT_EQ(text("select retry_task(" + dead + ")"), "dead");
        EXPECT_EQ(number("select redrive('charge')"), 0);
        EXPECT_NE(text("select found from why(" + dead + ")").find("does not wait for it any more"),
                  std::string::npos);
        EXPECT_TRUE(node_.claim(1, "charge").empty());
    };
    expect_that_it_stays();
    connection_.exec("update workflow_run set ended_at = ended_at - interval '1 year'");
    connection_.exec("select forget_workflow_runs(1000)");
    EXPECT_EQ(number("select count(*) from workflow_run"), 0);
    expect_that_it_stays();
    expect_refused("retry_workflow(" + run + ")", "BT065");
    expect_refused("update_task(" + dead + ", payload => '{}')",
                   "BT042: task " + dead + " is a step of a workflow");
    EXPECT_EQ(text("select cancel(" + dead + ")"), "dead");
}

TEST_F(WorkflowHandTest, WhatStillRunsOfARunThatIsForgottenEnds) {
    connection_.exec(
        R"(select define_workflow('two', 1, '[{"handler": "reserve", "after": []},
            {"handler": "charge", "after": []}]', 'hold'))");
    const std::string run = start("'two', '{}'");
    kill(node_, "charge");
    EXPECT_EQ(state(run), "failed");
    const std::vector<ClaimedTask> held = node_.claim(1, "reserve");
    ASSERT_EQ(held.size(), 1U);
    connection_.exec("update workflow_run set ended_at = ended_at - interval '1 year'");
    connection_.exec("select forget_workflow_runs(1000)");
    EXPECT_THROW(node_.complete(held[0].token), Error) << "nobody would go on with it";
    EXPECT_EQ(text(call_of("snooze($1, $2, '1 s')", node_, held[0])), "f");
    EXPECT_EQ(number("select redrive('charge')"), 0);
    EXPECT_EQ(number("select (select count(*) from task_end) - (select count(*) from task)"), 0);
}

TEST_F(WorkflowHandTest, WhatIsTooLargeTogetherFailsTheStepAndNotWhoeverCameLast) {
    connection_.exec(
        R"(select define_workflow('many', 1, '[{"handler": "reserve", "each": "",
            "undo": "release"}]'))");
    const std::string run = start("'many', '[1, 2, 3]'");
    complete(node_, "reserve");
    complete(node_, "reserve");
    connection_.exec(
        "update workflow_task set result = (select jsonb_agg(repeat('x', 1000000)) from "
        "generate_series(1, 140)) where is_done");
    complete(node_, "reserve");
    EXPECT_EQ(state(run), "compensating");
    EXPECT_EQ(text("select left(error, 55) from workflow_run_step"),
              "what its tasks gave is larger together than JSON can be");
    EXPECT_EQ(number("select count(*) from workflow_task where is_undo"), 3);
}

TEST_F(WorkflowHandTest, WhatARunStandsStillForIsNotForgotten) {
    const std::string run = start();
    complete(node_, "reserve");
    kill(node_, "charge");
    kill(node_, "release");
    connection_.exec("update task_end set ended_at = ended_at - interval '1 year'");
    connection_.exec("update task set enqueued_at = enqueued_at - interval '1 year'");
    connection_.exec("select sweep_tasks(1000)");
    EXPECT_EQ(number("select count(*) from task"), 1);
    EXPECT_EQ(why(run), "stuck dead");
    EXPECT_EQ(text("select retry_workflow(" + run + ")"), "compensating");
    complete(node_, "release");
    EXPECT_EQ(state(run), "compensated");
}

TEST_F(WorkflowHandTest, ARunIsPinnedAndMovedWhereWhatWasDoneIsTheSame) {
    const std::string run = start();
    const std::string other = start();
    TestNode newer = carrier({"charge", "ship"}, "2");
    complete(node_, "reserve", "1");
    complete(node_, "reserve", "1");
    connection_.exec(
        "select define_workflow('order', 2, '[{\"handler\": \"reserve\", \"undo\": \"release\"}, "
        "{\"handler\": \"charge\", \"version\": 2}, {\"handler\": \"ship\"}]')");
    connection_.exec(
        "select define_workflow('order', 3, '[{\"handler\": \"reserve\"}, "
        "{\"handler\": \"charge\", \"version\": 2}, {\"handler\": \"ship\"}]')");
    connection_.exec("select promote_workflow('order', 2)");
    connection_.exec("select promote('charge', 2)");
    // Whatever is live, it goes on by its own, and by no other node.
    EXPECT_TRUE(newer.claim(1, "charge").empty());
    expect_refused("move_workflow(" + run + ", 3, 'charge')",
                   "BT066: run " + run +
                       " of workflow order@1 is running; it cannot be moved to "
                       "version 3 at step charge: what was executed differs: step reserve");
    expect_refused("move_workflow(" + run + ", 4, 'charge')",
                   "BT065: workflow order has no version 4 here; there is 1, 2, 3");
    expect_refused("move_workflow(" + run + ", 2, 'ship')", "BT066");
    EXPECT_EQ(text("select move_workflow(" + run + ", 2, 'charge')"), "running");
    complete(newer, "charge", "9");
    complete(node_, "charge", "8");
    EXPECT_EQ(text("select string_agg(version::text, ' ' order by id) from workflow_run"), "2 1");
    complete(node_, "ship");
    complete(node_, "ship");
    EXPECT_EQ(state(run) + state(other), "donedone");
}

TEST_F(WorkflowHandTest, OldRunsWaitForANodeThatCarriesTheirVersions) {
    const std::string run = start();
    complete(node_, "reserve");
    node_.deregister();
    TestNode newer = carrier({"charge"}, "2");
    connection_.exec("select promote('charge', 2)");
    EXPECT_EQ(why(run), "blocked_no_capable_node other_version");
    EXPECT_TRUE(newer.claim(1, "charge").empty());
    EXPECT_NE(text("select status() ->> 'problems'").find("nobody can take"), std::string::npos);
    TestNode again = carrier({"charge"});
    EXPECT_EQ(why(run), "running next");
    complete(again, "charge");
}

TEST_F(WorkflowHandTest, NewRunsTakeTheVersionThatIsLive) {
    connection_.exec(R"(select define_workflow('order', 2, '[{"handler": "ship"}]'))");
    EXPECT_EQ(text("select version from workflow_run where id = " + start()), "1");
    EXPECT_EQ(text("select promote_workflow('order', 2)"), "2");
    EXPECT_EQ(text("select version from workflow_run where id = " + start()), "2");
    EXPECT_EQ(
        text("select version from workflow_run where id = " + start("'order', '{}', version => 1")),
        "1");
    EXPECT_EQ(text("select promote_workflow('order')"), "1") << "and back";
    expect_refused("promote_workflow('order', 1)", "BT035: workflow order is live at version 1");
    expect_refused("promote_workflow('order', 2, 2)",
                   "BT035: workflow order@2 cannot be promoted: ship@1 is carried by 1 live nodes");
    expect_refused("promote_workflow('ordre', 2)", "BT065: there is no workflow 'ordre'");
}

TEST_F(WorkflowHandTest, OfAKeyThereIsOneRun) {
    const std::string run = start(R"('order', '{"n": 1}', '42')");
    EXPECT_EQ(start(R"('order', '{"n": 1}', '42')"), run);
    EXPECT_EQ(number("select count(*) from task"), 1);
    expect_refused(R"(start_workflow('order', '{"n": 2}', '42'))",
                   "BT066: run " + run + " of workflow order has the key '42'");
    expect_refused(R"(start_workflow('order', '{"n": 1}', '42', tenant => 'other'))", "BT066");
    std::future<std::string> second;
    {
        sql::Transaction transaction(node_.connection());
        transaction.exec("select start_workflow('order', '{}', '43')", {});
        second = waiting("select start_workflow('order', '{}', '43')");
        transaction.commit();
    }
    EXPECT_EQ(second.get(), text("select id from workflow_run where key = '43'"));
}

}  // namespace
}  // namespace baton

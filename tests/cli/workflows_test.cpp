// baton workflows, and what other verbs say of workflows.

#include <gtest/gtest.h>

#include "sql/workflow_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class WorkflowsVerbTest : public WorkflowFixture {
protected:
    Ran run(const std::vector<std::string>& arguments) { return tool_.run(arguments, {}); }
    void expect_refused(const std::vector<std::string>& arguments, const std::string& line) {
        testing::expect_refused(run(arguments), line);
    }
    Tool tool_{database_};
    TestNode node_ = carrier({"reserve", "release", "charge", "ship"});
};

TEST_F(WorkflowsVerbTest, ARunFromItsDefinitionToItsEnd) {
    EXPECT_EQ(run({"workflows", "definitions"}).out, "there is no workflow\n");
    EXPECT_EQ(run({"workflows", "list"}).out, "there is no such run\n");
    const std::vector<std::string> define = {
        "workflows", "define",
        "order",     "1",
        "--steps",   R"([{"handler": "reserve", "undo": "release"}, {"handler": "charge"}])"};
    expect_has(run(define).out, {"workflow order@1 is defined: "});
    EXPECT_EQ(run(define).out, run(define).out);
    expect_has(run({"workflows", "definitions"}).out,
               {"order", "live", "reserve, charge", "compensate"});
    expect_has(run({"workflows", "definitions", "--json"}).out, {R"("state": "live")"});
    const std::vector<std::string> begin = {"workflows", "start",     "order",           "--key",
                                            "42",        "--payload", R"({"order": 42})"};
    EXPECT_EQ(run(begin).out, "1\n");
    EXPECT_EQ(run(begin).out, "1\n");
    expect_has(run({"workflows", "list"}).out,
               {"order@1", "42", "running", "step reserve: task 1"});
    EXPECT_EQ(run({"workflows", "pause", "1"}).out, "run 1 is paused: no step of it begins\n");
    expect_has(run({"workflows", "list", "--state", "paused"}).out, {"paused by"});
    expect_has(run({"workflows", "why", "1"}).out,
               {"paused: it is paused by", "workflows resume 1"});
    EXPECT_EQ(run({"workflows", "resume", "1"}).out, "run 1 goes on\n");
    complete(node_, "reserve");
    kill(node_, "charge");
    expect_has(run({"workflows", "show", "1"}).out,
               {"run         1 of order@1", "compensating", "step reserve is being undone",
                "charge", "no money"});
    complete(node_, "release");
    EXPECT_EQ(run({"workflows", "cancel", "1"}).out, "run 1 is compensated\n");
    EXPECT_EQ(run({"workflows", "restart", "1"}).out, "run 1 is running\n");
    expect_has(run({"workflows", "show", "1", "--json"}).out,
               {R"("step": "reserve")", R"("state": "running")"});
    EXPECT_EQ(run({"workflows", "list", "--name", "order", "--state", "done"}).out,
              "there is no such run\n");
}

TEST_F(WorkflowsVerbTest, WhatCannotBeIsRefusedInALine) {
    define(R"([{"handler": "ship"}])", ", 'hold'");
    const std::string id = start();
    expect_refused({"workflows", "retry", id},
                   "run 1 of workflow order@1 is running; it cannot be retried: nothing of it has "
                   "failed [BT066]");
    expect_refused({"workflows", "show", "99"},
                   "there is no run 99 of a workflow, or it is not kept any more; see `baton "
                   "workflows list` [BT065]");
    expect_refused({"workflows", "start", "ordr"},
                   "there is no workflow 'ordr'; see `baton workflows definitions` [BT065]");
    expect_refused({"workflows", "define", "a", "1", "--steps", R"([{"handler": "shipp"}])"},
                   "nobody registered a handler 'shipp'; a node that carries it does; is it "
                   "'ship'? [BT037]");
    expect_refused({"workflows", "define", "a", "1", "--steps", R"([{"handlr": "ship"}])"},
                   "the workflow cannot be defined: step 1 is one of three: it has a handler, a "
                   "sleep, or an event [BT064]");
    EXPECT_EQ(run({"workflows", "move", id, "--to", "1", "--at", "ship"}).out,
              "run 1 is running\n");
    kill(node_, "ship");
    expect_has(run({"status"}).out, {"1 run of a workflow has failed"});
    EXPECT_EQ(run({"workflows", "retry", id}).out, "run 1 is running\n");
}

}  // namespace
}  // namespace baton::testing

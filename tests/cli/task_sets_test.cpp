// baton task-sets, and what other verbs say of task sets.

#include <gtest/gtest.h>

#include "sql/task_set_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class TaskSetsVerbTest : public TaskSetFixture {
protected:
    Ran run(const std::vector<std::string>& arguments) { return tool_.run(arguments, {}); }
    void expect_refused(const std::vector<std::string>& arguments, const std::string& line) {
        testing::expect_refused(run(arguments), line);
    }
    Tool tool_{database_};
};

TEST_F(TaskSetsVerbTest, ListShowAndWhySayWhereASetStands) {
    EXPECT_EQ(run({"task-sets", "list"}).out, "there are no such task sets\n");
    TestNode node = carrier({1});
    open();
    const ClaimedTask task = node.claim(1, "compute").at(0);
    complete(node, task, rows_of("m1", 1));
    expect_has(run({"task-sets", "list"}).out, {"compute@1", "2014", "open", "1 of 2"});
    expect_has(run({"task-sets", "list", "--json"}).out, {R"("done": 1)", R"("before": null)"});
    expect_has(run({"task-sets", "list", "--state", "published"}).out, {"there are no such"});
    expect_has(run({"task-sets", "show", "1"}).out,
               {"handler      compute@1", "build        b1", "m1 ", "m2 ", "waiting"});
    expect_has(run({"task-sets", "show", "1", "--json"}).out,
               {R"("members": [{)", R"("member": "m2")"});
    expect_has(run({"task-sets", "why", "1"}).out, {"state        open", "m2           next: "});
    node.deregister();
    expect_has(run({"task-sets", "why", "1"}).out,
               {"blocked_no_capable_node", "no live node carries compute"});
    expect_has(run({"status"}).out, {"task set 1 (2014 of compute) is blocked_no_capable_node"});
    expect_refused({"task-sets", "show", "9"},
                   "there is no task set 9; see `baton task-sets list` [BT042]");
    expect_refused({"task-sets", "why", "9"},
                   "there is no task set 9; see `baton task-sets list` [BT042]");
}

TEST_F(TaskSetsVerbTest, RestartAndAbandonAreSaidWithTheirReason) {
    TestNode node = carrier({1});
    open();
    EXPECT_EQ(run({"task-sets", "restart", "1", "--reason", "again"}).out,
              "task set 1 is superseded; the next maintain() opens another one\n");
    maintain();
    EXPECT_EQ(state(2), "open");
    EXPECT_EQ(run({"task-sets", "abandon", "2"}).out, "task set 2 is abandoned\n");
    expect_has(run({"task-sets", "show", "1"}).out, {"superseded", ": again"});
    expect_refused({"task-sets", "abandon", "2"}, "task set 2 is abandoned: abandoned by " +
                                                      text("select session_user") + " [BT051]");
    expect_refused({"task-sets", "restart", "9"}, "there is no task set 9 [BT042]");
}

TEST_F(TaskSetsVerbTest, ADryPromotionSaysWhatBecomesOfThem) {
    const TestNode node = carrier({1, 2});
    open("2014");
    open("2015", R"({"m1": 1})", ", on_promotion => 'restart'");
    EXPECT_EQ(run({"promote", "compute", "2", "--dry-run"}).out,
              "compute would be live at version 2 from position 0, carried by node; nothing has "
              "changed\n"
              "  task set 2 (2015) would be superseded, and opened anew\n"
              "  task set 1 (2014) would be finished by version 1\n");
    EXPECT_EQ(state(2), "open");
    connection_.exec("select promote('compute', 2)");
    expect_has(run({"versions"}).out, {"warm, 1 set open"});
}

TEST_F(TaskSetsVerbTest, TheViewOfSetsIsReadNowAndThen) {
    TestNode node = carrier({1, 2});
    sql::LogFollower follower(url_);
    open();
    work(node);
    follower.drain();
    EXPECT_EQ(run({"view", "report", "--csv"}).out, "month,total\nm1,10\nm2,10\n");
    connection_.exec("select promote('compute', 2)");
    open();
    work(node);
    follower.drain();
    EXPECT_EQ(run({"view", "report", "--csv"}).out, "month,total\nm1,20\nm2,20\n");
    EXPECT_EQ(run({"view", "report", "--csv", "--at", "1"}).out, "month,total\nm1,10\nm2,10\n");
    EXPECT_EQ(run({"view", "report", "--csv", "--at", "2", "--where", "month = 'm2'"}).out,
              "month,total\nm2,20\n");
    EXPECT_EQ(run({"view", "report", "--csv", "--at", "0"}).out, "month,total\n");
    expect_has(run({"view", "report", "--at", "1", "--version", "1"}).err,
               {"--version: report is a view of task sets"});
}

}  // namespace
}  // namespace baton::testing

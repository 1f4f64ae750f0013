// View sets and handlers in one promotion: one transaction switches them all, at one position.
#include <gtest/gtest.h>

#include "orchestrator/versions_fixture.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {
namespace {

class HandlerInPromotionTest : public VersionsFixture {
protected:
    [[nodiscard]] bool are_live(int version) {
        return is_live("account_totals", version) &&
               world.ask("select live_version from handler") == std::to_string(version);
    }
    // Some events became tasks of this version.
    [[nodiscard]] bool has_tasks_of(int version) {
        return world.comes_true(
            "exists (select from task t join requirement r on r.id = t.requirement "
            "where r.version = " +
            std::to_string(version) + ")");
    }
};

TEST_F(HandlerInPromotionTest, SwitchesAtThePositionOfTheViewsAndBackUnderLoad) {
    const std::string events = R"("events": ["account/moved"])";
    const TestNode node(
        world.url(),
        {.handlers = R"([{"name": "notify", "version": 1, "build": "x", )" + events +
                     R"(}, {"name": "notify", "version": 2, "build": "y", )" + events + "}]"});
    Writers writers(world.url(), 4);
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    const std::string both = "array['notify', 'account_totals'], array[2, ";
    EXPECT_EQ(refusal("promote(array['notify', 'account_totals'], array[3, 2])"),
              "BT034 handler notify has no version 3 here; there is 1 (live), 2");
    EXPECT_EQ(refusal("promote(" + both + "2], nodes => 2)").substr(0, 33),
              "BT035 notify@2 is carried by 1 li");
    EXPECT_EQ(world.ask("select count(*) from promotion"), "0");

    ASSERT_TRUE(has_tasks_of(1)) << first->error_output();
    world.ask("select promote(" + both + "2], true)");
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    EXPECT_TRUE(are_live(2)) << "in the same transaction";
    ASSERT_TRUE(has_tasks_of(2)) << second->error_output();
    ASSERT_TRUE(is_ready("account_totals", 1)) << first->error_output();
    world.ask("select roll_back(array['account_totals', 'notify'], true)");
    ASSERT_TRUE(is_live("account_totals", 1)) << first->error_output();
    EXPECT_TRUE(are_live(1));
    ASSERT_TRUE(
        world.comes_true("(select max(first_position) from batch) > "
                         "(select max(position) from promotion)"));

    writers.stop();
    ASSERT_TRUE(world.settles()) << first->error_output();
    EXPECT_EQ(
        world.ask("select string_agg((select string_agg(f.name || f.version::text, ' ' order by "
                  "f.name) from unnest(p.former) f), ', ' order by p.id) from promotion p"),
        "account_totals1 notify1, account_totals2 notify2");
    EXPECT_EQ(world.ask("select count(*) from read_log(0, 2147483647) as e "
                        "join task t on t.event_id = e.id "
                        "join requirement r on r.id = t.requirement "
                        "where r.version <> coalesce((select p.handler_versions[1] from promotion p"
                        " where p.position < e.position order by p.id desc limit 1), 1)"),
              "0");
    world.expect_exact();
}

// A set names its handlers: nothing else switches them, and they need not be asked for.
TEST_F(HandlerInPromotionTest, ThatASetNamesSwitchesWithItAndBack) {
    const std::string carried = R"({"name": "notify", "version": 1, "build": "x",
        "events": ["account/moved"]})";
    const TestNode node(world.url(), {.handlers = "[" + carried + "]"});
    Writers writers(world.url(), 2);
    const auto first = start("first", {"--set", "books", "1", "account_totals,mark_totals",
                                       "--with-handler", "notify", "1"});
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    const auto second = start(
        "second", {"--totals", "2", "--set", "books", "2", "account_totals,mark_totals",
                   "--with-handler", "notify", "2", "--with-handler", "it's \"new\", \\", "1"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select string_agg(handler || version, '|' order by handler) from"
                        " handlers_of_sets(array['books'], array[2])"),
              "it's \"new\", \\1|notify2");
    EXPECT_EQ(refusal("promote('books', 2, true)"),
              "BT035 view set books@2 has handler it's \"new\", \\@1, which nobody registered: "
              "start a node that carries it");
    const TestNode newer(
        world.url(),
        {.name = "newer", .handlers = R"([{"name": "it's \"new\", \\", "version": 1, "build": "z"},
            {"name": "notify", "version": 2, "build": "y", "events": ["account/moved"]}])"});
    EXPECT_EQ(refusal("promote('notify', 2)"),
              "BT035 handler notify is in view set books, whose version 1 has it at version 1: "
              "promote a version of the set that has it at 2");
    EXPECT_EQ(refusal("promote(array['books', 'notify'], array[2, 1])").substr(0, 63),
              "BT035 handler notify is in view set books, whose version 2 has ");
    EXPECT_EQ(refusal("promote('books', 2, true, nodes => 2)").substr(0, 33),
              "BT035 notify@2 is carried by 1 li");

    // A set of tasks that is opened now is version 1's, whatever is promoted.
    const std::string member = ", '{\"m\": {\"handler\": \"notify\"}}'";
    world.ask("select open_task_set('books', 'finishes'" + member + ")");
    world.ask("select open_task_set('books', 'restarts'" + member + ", on_promotion => 'restart')");
    world.ask("select promote('books', 2, true)");
    ASSERT_TRUE(is_live("books", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select live_version from handler where name = 'notify'"), "2");
    const auto sets = [&] {
        return world.ask(
            "select string_agg(concat(key, version, state), ' ' order by id) from task_set");
    };
    EXPECT_EQ(sets(), "finishes1open restarts1superseded");
    world.ask("select maintain(at_once => true)");
    EXPECT_EQ(sets(), "finishes1open restarts1superseded restarts2open");
    ASSERT_TRUE(has_tasks_of(2)) << second->error_output();
    ASSERT_TRUE(is_ready("account_totals", 1)) << first->error_output();
    world.ask("select roll_back('books', true)");
    ASSERT_TRUE(is_live("books", 1)) << first->error_output();
    EXPECT_EQ(world.ask("select live_version from handler where name = 'notify'"), "1");
    EXPECT_EQ(world.ask("select string_agg((select string_agg(f.name || f.version::text, ' ' order"
                        " by f.name) from unnest(p.former) f), ', ' order by p.id)"
                        " from promotion p"),
              "books1 notify1, books2 notify2");
    EXPECT_EQ(sets(), "finishes1open restarts1superseded restarts2superseded");
    world.ask("select maintain(at_once => true)");
    EXPECT_EQ(sets(), "finishes1open restarts1superseded restarts2superseded restarts1open");
    writers.stop();
    ASSERT_TRUE(world.settles()) << first->error_output();
    world.expect_exact();
}

// A run is pinned to what it began with: its steps' handlers are switched with their set, and
// nothing of the run is.
TEST_F(HandlerInPromotionTest, RunsOfWorkflowsStayAtTheirVersions) {
    TestNode node(world.url(), {.handlers = R"([{"name": "notify", "version": 1, "build": "x"}])"});
    const auto first = start("first", {"--set", "books", "1", "account_totals,mark_totals",
                                       "--with-handler", "notify", "1"});
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    const auto second =
        start("second", {"--totals", "2", "--set", "books", "2", "account_totals,mark_totals",
                         "--with-handler", "notify", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    const std::string steps =
        R"('[{"handler": "notify"}, {"handler": "notify", "name": "again"}]')";
    world.ask("select define_workflow('order', 1, " + steps + ")");
    world.ask("select start_workflow('order', key => 'old')");
    const auto complete_next = [](TestNode& by) {
        const std::vector<ClaimedTask> tasks = by.claim(1, "notify");
        return tasks.empty() ? std::string("none")
                             : (by.complete(tasks[0].token), std::to_string(tasks[0].version));
    };
    EXPECT_EQ(complete_next(node), "1");

    TestNode newer(
        world.url(),
        {.name = "newer", .handlers = R"([{"name": "notify", "version": 2, "build": "y"}])"});
    world.ask("select promote('books', 2, true)");
    ASSERT_TRUE(is_live("books", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select live_version from handler where name = 'notify'"), "2");
    // What was defined before names version 1; defined now, it is another one's.
    world.ask("select start_workflow('order', key => 'pinned')");
    world.ask("select define_workflow('order', 2, " + steps + ")");
    world.ask("select promote_workflow('order', 2)");
    world.ask("select start_workflow('order', key => 'new')");
    EXPECT_EQ(complete_next(newer) + complete_next(newer), "22");
    EXPECT_EQ(complete_next(newer), "none") << "the others are not its, whatever is live";
    EXPECT_EQ(complete_next(node) + complete_next(node) + complete_next(node), "111");
    EXPECT_EQ(world.ask("select string_agg(concat(key, version, state), ' ' order by id) from "
                        "workflow_run"),
              "old1done pinned1done new2done");
    EXPECT_EQ(world.ask("select count(*) from workflow_task w join workflow_run r on r.id = w.run "
                        "join task t on t.id = w.task join requirement q on q.id = t.requirement "
                        "where q.version <> r.version"),
              "0");
}

}  // namespace
}  // namespace baton::testing

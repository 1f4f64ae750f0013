// Reducers that are slow: they must not cost the leader its lease (ORD-3, LEAD-1).
#include <gtest/gtest.h>

#include <csignal>

#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

const std::vector<std::string> slow{"--lease", "600", "--poll", "200", "--fold-takes", "1"};

TEST(SlowFoldTest, ABacklogOfSlowEventsCostsNoLeaseLiveOrCatchingUp) {
    World world;
    dispatch_flood(world, 3000);
    auto leader = world.start({.node = "leader", .options = slow});
    ASSERT_TRUE(world.leads("leader"));
    const auto standby = world.start({.node = "standby", .options = slow});
    ASSERT_TRUE(world.settles()) << leader->error_output();
    EXPECT_EQ(world.ask("select epoch || node from leader"), "1leader")
        << leader->error_output() << standby->error_output();

    standby->kill(SIGKILL);
    leader->kill(SIGTERM);
    ASSERT_TRUE(leader->wait(seconds(10)));
    world.ask(
        "drop view account_totals; drop table account_totals__v1;"
        "delete from view_state where view = 'account_totals'");
    leader = world.start({.node = "again", .options = slow});
    ASSERT_TRUE(world.leads("again"));
    const auto other = world.start({.node = "standby", .options = slow});
    ASSERT_TRUE(world.comes_true("(select count(*) from view_state where state = 'following') = 2"))
        << leader->error_output();
    EXPECT_EQ(world.ask("select epoch || node from leader"), "2again") << leader->error_output();
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST(SlowFoldTest, AnEventThatTakesLongerThanTheLeaseIsNamed) {
    World world;
    dispatch_flood(world, 100);
    const auto leader =
        world.start({.node = "leader",
                     .options = {"--lease", "300", "--fold-takes", "450", "--sql",
                                 BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql"}});
    const auto end = leader->wait(seconds(30));
    ASSERT_TRUE(end) << leader->error_output();
    EXPECT_EQ(end->code, 3);
    EXPECT_NE(leader->error_output().find(
                  "BT013 reducer account_totals@1 needs longer for event 1 (account/moved) than the"
                  " lease of 300 ms"),
              std::string::npos)
        << leader->error_output();
}

// A process that was stopped in the middle of a fold folds that part of the page again, and keeps
// what it had folded before.
TEST(SlowFoldTest, AFoldThatWasInterruptedKeepsWhatWasFoldedBeforeIt) {
    World world;
    const auto leader = world.start({.node = "leader", .options = {"--skip", "--lease", "600"}});
    ASSERT_TRUE(world.leads("leader"));
    const auto mark = [&](const std::string& faults) {
        world.ask(
            "insert into event (type, payload) select 'mark/made', jsonb_build_object('account',"
            " 'x', 'fault', fault) from unnest(array[" +
            faults + "]) as fault; select ring()");
        return world.settles();
    };
    // So that the next are of one page.
    ASSERT_TRUE(mark("'', '', '', '', '', '', '', '', '', ''"));
    ASSERT_TRUE(mark("'', '', '', '', '', '', '', '', '', ''"));
    ASSERT_TRUE(mark("'', 'exception', 'slow once'")) << leader->error_output();
    EXPECT_NE(leader->error_output().find("a fold took longer than the lease"), std::string::npos);
    EXPECT_EQ(world.ask("select marks from mark_totals"), "22") << leader->error_output();
    EXPECT_EQ(world.ask("select count from batch order by first_position desc limit 1"), "3");
    world.expect_exact();
}

}  // namespace
}  // namespace baton::testing

// Reducers that are slow: they must not cost the leader its lease.
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

const std::string sql_totals = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";
const std::vector<std::string> too_slow{"--lease", "300",   "--fold-takes",
                                        "450",     "--sql", sql_totals};

TEST(SlowFoldTest, AnEventThatTakesLongerThanTheLeaseHaltsItsViewAndNothingElse) {
    World world;
    dispatch_flood(world, 100);
    auto leader = world.start({.node = "leader", .options = too_slow});
    ASSERT_TRUE(world.comes_true("exists (select from view_state where state = 'halted')"))
        << leader->error_output();
    ASSERT_TRUE(world.comes_true("(select sum(events) = 100 from sql_totals)"))
        << leader->error_output();
    EXPECT_EQ(
        world.ask("select state || position || ' ' || reason from view_state"
                  " where view = 'account_totals'"),
        "halted0 event 1 (account/moved) at position 1: it takes longer to fold than the lease"
        " of 300 ms: make the reducer faster, or the lease longer, and put the event before"
        " it again");
    EXPECT_EQ(world.ask("select view || position || state from dead_event"),
              "account_totals1halting");
    EXPECT_NE(leader->error_output().find("a fold took longer than the lease"), std::string::npos);

    leader->kill(SIGTERM);
    const auto end = leader->wait(seconds(10));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, 0) << leader->error_output();
    leader = world.start({.node = "faster", .options = {"--sql", sql_totals}});
    ASSERT_TRUE(world.leads("faster"));
    world.ask("select resolve_dead_event('account_totals', 'retry')");
    ASSERT_TRUE(world.comes_true("not exists (select from view_state where state <> 'following')"))
        << leader->error_output();
    world.expect_exact();
    world.expect_accounts_agree();
}

// Each loses the lead with the fold; the second time it knows, and does not fold the event again.
TEST(SlowFoldTest, AnEventThatTakesLongerThanTheLeaseDoesNotDeposeForEver) {
    World world;
    dispatch_flood(world, 20);
    const auto one = world.start({.node = "one", .options = too_slow});
    const auto other = world.start({.node = "other", .options = too_slow});
    ASSERT_TRUE(world.comes_true("exists (select from view_state where state = 'halted')"))
        << one->error_output() << other->error_output();
    ASSERT_TRUE(world.comes_true("(select sum(events) = 20 from sql_totals)"))
        << one->error_output() << other->error_output();
    EXPECT_EQ(world.ask("select view || position || state from dead_event"),
              "account_totals1halting");
    one->kill(SIGTERM);
    other->kill(SIGTERM);
    for (const ChildProcess* const process : {one.get(), other.get()}) {
        EXPECT_EQ(process->error_output().find("orchestrator_program: BT013"), std::string::npos)
            << process->error_output();
    }
}

// What a person has put before the view again is folded, also where the process that found it too
// slow did not lead just then.
TEST(SlowFoldTest, WhatWasTooSlowIsTriedAgainByWhoeverDidNotSeeThatItWasRetried) {
    World world;
    const auto leader = world.start({.node = "leader", .options = {"--lease", "600"}});
    ASSERT_TRUE(world.leads("leader"));
    world.ask(
        "insert into event (type, payload)"
        " values ('mark/made', '{\"account\": \"x\", \"fault\": \"slow at first\"}'); select "
        "ring()");
    ASSERT_TRUE(world.comes_true("exists (select from dead_event where state = 'halting')"))
        << leader->error_output();
    world.ask(
        "select resolve_dead_event('mark_totals', 'retry');"
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'baton orchestrator' and datname = current_database()");
    EXPECT_TRUE(world.comes_true("exists (select from mark_totals where marks = 1)"))
        << leader->error_output();
    EXPECT_EQ(world.ask("select state from dead_event"), "retried");
    EXPECT_EQ(world.ask("select epoch from leader"), "2") << leader->error_output();
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

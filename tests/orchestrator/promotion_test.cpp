// One transaction switches what is live, and back: whole, under load, whoever is killed meanwhile;
// and what cannot be promoted is refused.
#include <gtest/gtest.h>

#include <csignal>

#include "orchestrator/versions_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

class PromotionTest : public VersionsFixture {};

TEST_F(PromotionTest, ANewVersionIsBuiltBesidePromotedAndRolledBackUnderLoad) {
    Writers writers(world.url(), 4);
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    ASSERT_TRUE(world.comes_true("(select count(*) from batch) > 20"));

    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select node from leader"), "first");
    EXPECT_EQ(world.ask("select count(largest) from account_totals"), "0") << "not live yet";
    EXPECT_EQ(world.ask("select count(*) > 0 and count(*) = count(jumps) from account_totals"),
              "t");

    promote("account_totals", 2, false);
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    EXPECT_TRUE(world.leads("second")) << second->error_output();
    EXPECT_EQ(world.ask("select count(*) > 0 and count(*) = count(largest) and count(jumps) = 0"
                        " from account_totals"),
              "t");
    ASSERT_TRUE(is_ready("account_totals", 1)) << "kept warm by first: " << first->error_output();

    world.ask("select roll_back(array['account_totals'], true)");
    ASSERT_TRUE(is_live("account_totals", 1)) << first->error_output();
    EXPECT_TRUE(world.leads("first")) << first->error_output();
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    promote("account_totals", 2);
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();

    writers.stop();
    ASSERT_TRUE(world.settles()) << second->error_output();
    ASSERT_TRUE(is_ready("account_totals", 1)) << first->error_output();
    ASSERT_TRUE(
        world.comes_true("(select position from view_build) = (select"
                         " max(first_position + count - 1) from batch)"));
    expect_totals(1);
    expect_totals(2);
    world.expect_exact({.totals = 2});
    EXPECT_EQ(world.ask("select string_agg(state, ',' order by id) from promotion"),
              "done,done,done");
}

// Whatever it does, the leader has recorded a batch meanwhile.
TEST_F(PromotionTest, ABuilderThatIsSlowerThanTheLeaderIsPromotedUnderLoad) {
    Writers writers(world.url(), 4);
    const auto first = start("first", {"--marks", "2"});
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    const auto second = start("second", {"--totals", "2", "--marks", "3"}, "after_reduce:1:delay");
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    ASSERT_TRUE(is_ready("mark_totals", 3)) << second->error_output();
    world.ask("select promote(array['account_totals', 'mark_totals'], array[2, 3], true)");
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    EXPECT_TRUE(world.leads("second"));
    writers.stop();
    ASSERT_TRUE(world.settles()) << second->error_output();
    expect_totals(2);
}

// The builder looks for a promotion while one is being asked for: what it finds then is newer than
// the snapshot of its statement.
TEST_F(PromotionTest, APromotionThatIsAskedForInTheMomentOfALookIsCarriedOut) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    {
        sql::Connection connection(world.url(), in_test_schema("owner"));
        sql::Transaction transaction(connection);
        transaction.exec("select promote(array['account_totals'], array[2], true)");
        transaction.exec("lock table promotion in access exclusive mode");
        ASSERT_TRUE(world.comes_true(
            "exists (select from pg_locks l join pg_stat_activity a using (pid) where not l.granted"
            " and l.relation = 'baton_test.promotion'::regclass"
            " and a.query ~ 'open_promotion')"));
        dispatch_flood(world, 100);
        ASSERT_TRUE(world.comes_true(
            "(select max(first_position + count - 1) = 200 from baton_test.batch)"));
        transaction.commit();
    }
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select string_agg(state, ',') from promotion"), "done");
    expect_totals(2);
}

TEST_F(PromotionTest, ViewsOfASetSwitchTogetherAndTheUnchangedOneIsShared) {
    Writers writers(world.url(), 2);
    const auto first = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    const auto second = start("second", in_set(2));
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select count(*) from view_build"), "1") << "mark_totals@1 goes over";
    promote("books", 2);
    ASSERT_TRUE(is_live("books", 2)) << second->error_output();
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact({.totals = 2});
    EXPECT_EQ(world.ask("select string_agg(view || version, ',' order by view) from view_state"),
              "account_totals2,mark_totals1");
}

// One process keeps the build of a view that two versions share, whichever is to be promoted.
TEST_F(PromotionTest, VersionsThatShareAViewAreEachPromoted) {
    const auto first = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    dispatch_flood(world, 100);
    const auto second = start("second", in_set(2));
    std::vector<std::string> unshared = in_set(3);
    unshared.insert(unshared.end(), {"--marks", "2"});
    const auto third = start("third", unshared);
    ASSERT_TRUE(is_ready("mark_totals", 2)) << third->error_output();
    ASSERT_TRUE(world.comes_true("exists (select from set_version where version = 2)"))
        << "or it comes too late, and nothing is built for it";
    promote("books", 3);
    ASSERT_TRUE(is_live("books", 3)) << third->error_output();
    ASSERT_TRUE(is_ready("account_totals", 1)) << first->error_output();
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    ASSERT_TRUE(is_ready("mark_totals", 1)) << second->error_output();

    const bool is_with_first =
        world.ask("select node from view_build where view = 'mark_totals'") == "first";
    promote("books", is_with_first ? 2 : 1, false);
    ASSERT_TRUE(is_live("books", is_with_first ? 2 : 1))
        << first->error_output() << second->error_output();
    ASSERT_TRUE(world.leads(is_with_first ? "second" : "first"));
    ASSERT_TRUE(world.settles());
    world.expect_exact({.totals = is_with_first ? 2 : 1});
}

// To show one more version the public view is made anew, for which its readers must let go of it.
TEST_F(PromotionTest, AVersionIsNotPromotedBeforeThePublicViewCanShowIt) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    sql::Connection connection(world.url(), in_test_schema("reader"));
    std::optional<sql::Transaction> reader(std::in_place, connection);
    reader->exec("select count(*) from account_totals");
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    EXPECT_EQ(refusal("promote(array['account_totals'], array[2])"),
              "BT035 view account_totals cannot be made to show version 2 as long as somebody "
              "reads it: wait, or use --when-ready");
    promote("account_totals", 2);
    // Whoever says it says the same.
    const std::string why =
        "view account_totals cannot be made to show version 2 as long as somebody reads it";
    EXPECT_EQ(world.ask("select promotion_hold(1)"), why);
    EXPECT_NE(world.ask("select status() ->> 'problems'")
                  .find("promotion 1 is not carried out: " + why + "\""),
              std::string::npos);
    EXPECT_NE(
        world.ask("select status() ->> 'notes'").find("and is not carried out yet: " + why + ";"),
        std::string::npos);
    EXPECT_EQ(world.ask("select sum(total) from account_totals"), "100");
    reader.reset();
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select sum(total) from account_totals"), "200");
}

// The lock is found while the promotion is carried out, in a build that was refused before.
TEST_F(PromotionTest, OneWhoseBuildWaitsForALockIsPutOffAndNotRefused) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    const auto says = [&](const std::string& words) {
        return eventually(seconds(20),
                          [&] { return second->error_output().find(words) != std::string::npos; });
    };

    world.ask(
        "create function fails() returns trigger language plpgsql as"
        " $$begin raise exception 'not now' using errcode = '40001'; end$$;"
        "create trigger fails before insert or update on account_totals__v2 execute function"
        " fails()");
    dispatch_flood(world, 1);
    ASSERT_TRUE(says("build put off")) << second->error_output();
    sql::Connection connection(world.url(), in_test_schema("holder"));
    {
        sql::Transaction holder(connection);
        holder.exec("lock table account_totals__v2 in exclusive mode");
        promote("account_totals", 2);
        ASSERT_TRUE(says("promotion put off: somebody else holds a lock on a view that is to be"))
            << second->error_output();
        EXPECT_EQ(world.ask("select node from leader"), "first");
        holder.exec("drop trigger fails on account_totals__v2");
        holder.commit();
    }
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select string_agg(state, ',') from promotion"), "done");
    expect_totals(2);
}

TEST_F(PromotionTest, WhatCannotBePromotedIsRefusedWithItsReason) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", {"--totals", "2", "--marks", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    ASSERT_TRUE(is_ready("mark_totals", 2)) << second->error_output();
    EXPECT_EQ(refusal("promote(array['nothing'], array[2])"),
              "BT034 view set nothing has no version 2 here; there is no view set of this name: "
              "account_totals, mark_totals");
    EXPECT_EQ(refusal("promote(array['mark_totals'], array[7])"),
              "BT034 view set mark_totals has no version 7 here; there is 1 (live), 2 (building)");
    EXPECT_EQ(refusal("promote(array['mark_totals'], array[1])"),
              "BT035 view set mark_totals is live at version 1 already");
    EXPECT_EQ(refusal("promote(array['mark_totals'], array[2])"),
              "BT035 the process that keeps mark_totals@2 (second) does not carry "
              "account_totals@1, which would be live, too: promote together what it carries "
              "(account_totals@2, mark_totals@2), or give it that");
    EXPECT_EQ(refusal("roll_back(array['mark_totals'])"),
              "BT034 view set mark_totals has no former version that is kept");
    EXPECT_EQ(refusal("retire_version('mark_totals', 1)"),
              "BT035 view set mark_totals@1 is live: promote another version first, or use --live "
              "to have it no more");
    EXPECT_EQ(world.ask("select node from leader"), "first");

    world.ask("select promote(array['account_totals', 'mark_totals'], array[2, 2])");
    ASSERT_TRUE(is_live("mark_totals", 2)) << second->error_output();
    ASSERT_TRUE(is_live("account_totals", 2));
    second->kill(SIGKILL);
    ASSERT_TRUE(second->wait(seconds(10)));
    EXPECT_TRUE(world.comes_true("(select count(*) from view_build b where is_kept(b)) = 2"));
    first->kill(SIGKILL);
    ASSERT_TRUE(first->wait(seconds(10)));
    EXPECT_TRUE(world.comes_true("not exists (select from view_build b where is_kept(b))"));
    EXPECT_EQ(refusal("roll_back(array['account_totals', 'mark_totals'])"),
              "BT035 nobody keeps account_totals@1: start a program that carries it");
}

TEST_F(PromotionTest, AViewThatLeavesItsSetIsPromotedWithTheOneThatTakesIt) {
    const auto first = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", {"--totals", "2", "--set", "books", "2", "account_totals"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    EXPECT_EQ(
        refusal("promote(array['books'], array[2])"),
        "BT035 view mark_totals leaves its set, and mark_totals@1 has it: promote that along");
    world.ask("select promote(array['books', 'mark_totals'], array[2, 1])");
    ASSERT_TRUE(is_live("mark_totals", 1)) << second->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    world.expect_exact({.totals = 2});
}

TEST_F(PromotionTest, APromotionThatCannotSucceedDeposesNobody) {
    const auto first = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", with_auto(in_set(2)));
    const auto dispatch_bad = [&] {
        world.ask("select dispatch('mark/made', '{\"account\": \"a\", \"fault\": \"exception\"}')");
    };
    ASSERT_TRUE(is_live("books", 2)) << second->error_output();
    dispatch_bad();
    ASSERT_TRUE(world.comes_true("exists (select from view_state where state = 'halted')"));
    // mark_totals@1 is shared, and stands still: version 3 cannot take it along.
    const auto third = start("third", with_auto(in_set(3)));
    ASSERT_TRUE(is_ready("account_totals", 3)) << third->error_output();
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return third->error_output().find("not promoted yet") != std::string::npos;
    })) << third->error_output();
    EXPECT_EQ(
        refusal("promote(array['books'], array[3])").find("BT035 view account_totals@2 goes over"),
        std::string::npos);
    EXPECT_NE(refusal("promote(array['books'], array[3])")
                  .find("view mark_totals@1 goes over as it is, and is halted"),
              std::string::npos);
    EXPECT_EQ(world.ask("select epoch || node from leader"), "2second");
    world.ask("select resolve_dead_event('mark_totals', 'skip')");
    ASSERT_TRUE(is_live("books", 3)) << third->error_output();
}

// Kills the promoting process at each step; whoever comes next finds all or nothing of it.
class PromotionCrashTest : public PromotionTest,
                           public ::testing::WithParamInterface<const char*> {};

TEST_P(PromotionCrashTest, LeavesTheFormerVersionOrTheNewOneWhole) {
    Writers writers(world.url(), 2);
    const auto first = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", in_set(2), std::string(GetParam()) + ":1:kill");
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    promote("books", 2);
    ASSERT_TRUE(second->wait(seconds(20))) << second->error_output();

    const bool is_switched = std::string(GetParam()) == "after_switch";
    EXPECT_EQ(world.ask("select version from set_version where state = 'live'"),
              is_switched ? "2" : "1");
    if (!is_switched) {
        ASSERT_TRUE(world.leads("first")) << first->error_output();
        EXPECT_EQ(world.ask("select state from promotion"), "requested");
    }
    const auto third = start("third", in_set(2));
    ASSERT_TRUE(world.leads("third")) << third->error_output();
    EXPECT_TRUE(world.comes_true("(select state from promotion) = 'done'"))
        << third->error_output();
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact({.totals = 2});
    ASSERT_TRUE(is_ready("account_totals", 1)) << first->error_output();
    ASSERT_TRUE(
        world.comes_true("(select position from view_build) = (select"
                         " max(first_position + count - 1) from batch)"));
    expect_totals(1);
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, PromotionCrashTest,
                         ::testing::Values("promotion_led", "before_switch", "after_switch"));

TEST_F(PromotionTest, ALeaderThatIsKilledInTheMiddleOfAPromotionChangesNothing) {
    Writers writers(world.url(), 4);
    auto first = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", in_set(2));
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    promote("books", 2);
    first->kill(SIGKILL);
    ASSERT_TRUE(world.leads("second")) << second->error_output();
    ASSERT_TRUE(is_live("books", 2));
    first = start("late", in_set(1));
    ASSERT_TRUE(is_ready("account_totals", 1)) << first->error_output();
    EXPECT_EQ(world.ask("select node from leader"), "second");
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact({.totals = 2});
}

}  // namespace
}  // namespace baton::testing

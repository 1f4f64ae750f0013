// What is left of a version that is given up, for those who still read it or come back with it.
#include <gtest/gtest.h>

#include <csignal>

#include "orchestrator/versions_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

class RetirementTest : public VersionsFixture {};

// A transaction sees the version that was live at its snapshot, whichever is now.
TEST_F(RetirementTest, ASnapshotFromBeforeTheSwitchShowsTheFormerVersionToItsEnd) {
    const auto first = start("first", {"--rollback-window", "3600000"});
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    const auto second = start("second", {"--totals", "2", "--rollback-window", "100"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();

    sql::Connection reader(world.url(), in_test_schema("reader"));
    sql::Transaction before(reader, sql::Isolation::repeatable_read);
    before.exec("select 1");  // takes the snapshot, and no lock on the view
    promote("account_totals", 2);
    ASSERT_TRUE(is_live("account_totals", 2));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    EXPECT_EQ(
        before.exec("select sum(total) || ' ' || count(jumps) from account_totals").only().text(0),
        "100 20");
    EXPECT_EQ(world.ask("select sum(total) || ' ' || count(jumps) from account_totals"), "400 0");

    // The leader retires what was kept for long enough, but drops nothing that is being read.
    EXPECT_TRUE(world.comes_true("exists (select from set_version where state = 'retired')"));
    EXPECT_EQ(refusal("roll_back(array['account_totals'])").substr(0, 5), "BT034");
    EXPECT_EQ(before.exec("select count(*) from account_totals").only().text(0), "20");
}

TEST_F(RetirementTest, ASnapshotWhoseVersionIsGoneIsRefusedRatherThanShownNothing) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    const auto second = start("second", {"--totals", "2", "--rollback-window", "100"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();

    sql::Connection reader(world.url(), in_test_schema("reader"));
    sql::Transaction before(reader, sql::Isolation::repeatable_read);
    before.exec("select 1");
    promote("account_totals", 2);
    ASSERT_TRUE(world.comes_true("to_regclass('account_totals__v1') is null", seconds(40)))
        << second->error_output();
    try {
        before.exec("select count(*) from account_totals");
        ADD_FAILURE() << "a version whose rows are gone was shown";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("was retired meanwhile"), std::string::npos)
            << error.what();
    }
    EXPECT_EQ(world.ask("select sum(total) from account_totals"), "200");

    // The old program has nothing to do any more, and says so.
    EXPECT_TRUE(eventually(seconds(20), [&] {
        return first->error_output().find("view set account_totals@1 is retired") !=
               std::string::npos;
    })) << first->error_output();
}

TEST_F(RetirementTest, ARetiredVersionThatComesBackBeginsAnew) {
    const auto first = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    const auto second = start("second", in_set(2));
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    world.ask("select retire_version('books', 2)");
    // Before the leader has dropped its table, another version of the set wants the same member.
    const auto third =
        start("third", {"--totals", "2", "--set", "books", "3", "account_totals,mark_totals"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << third->error_output();
    EXPECT_EQ(world.ask("select sum(events) from account_totals__v2"), "100");
    promote("books", 3);
    ASSERT_TRUE(is_live("books", 3)) << third->error_output();
    world.expect_exact({.totals = 2});
}

TEST_F(RetirementTest, APromotionOfWhatIsBeingRetiredChangesNothing) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    sql::Connection operator_of(world.url(), in_test_schema("operator"));
    sql::Transaction retiring(operator_of);
    retiring.exec("select retire_version('account_totals', 2)");
    retiring.exec("savepoint nothing");
    world.ask("select promote(array['account_totals'], array[2], true)");
    EXPECT_FALSE(world.comes_true("(select state from promotion) = 'done'", seconds(2)));
    retiring.commit();
    ASSERT_TRUE(world.comes_true("(select state from promotion) = 'refused'"))
        << second->error_output();
    EXPECT_EQ(world.ask("select version from view_state where view = 'account_totals'"), "1");
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles()) << first->error_output();
    world.expect_exact();
}

TEST_F(RetirementTest, WhatIsMadeOfARetiredTableKeepsItAndTheLeaderGoesOn) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    world.ask("create view of_mine as select * from account_totals__v1");
    const auto second = start("second", {"--totals", "2", "--rollback-window", "100"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    promote("account_totals", 2);
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return second->error_output().find("retired version not dropped") != std::string::npos;
    })) << second->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles()) << second->error_output();
    EXPECT_EQ(world.ask("select node from leader"), "second");
    world.ask("drop view of_mine");
    EXPECT_TRUE(world.comes_true("to_regclass('account_totals__v1') is null"));
}

TEST_F(RetirementTest, ALiveSetThatIsGivenUpIsNoMoreAndAProgramWithoutItLeads) {
    auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", {"--without-marks"});
    world.ask("select retire_version('mark_totals', 1, live => true)");
    first->kill(SIGKILL);
    ASSERT_TRUE(world.leads("second")) << second->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    EXPECT_EQ(world.ask("select string_agg(view, ',') from view_state"), "account_totals");
    EXPECT_TRUE(world.comes_true("to_regclass('mark_totals') is null"));
    first = start("first");
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return first->error_output().find("standing by") != std::string::npos;
    }));
    world.expect_exact({.without_marks = true});
}

// The public view of what is no more does not keep the next version from being made, although the
// leader ended before it could drop that.
TEST_F(RetirementTest, TheNextNumberIsLiveAtOnceBeforeTheRowsOfTheFormerAreDropped) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    first->kill(SIGKILL);
    ASSERT_TRUE(first->wait(seconds(10)));
    world.ask("select retire_version('account_totals', 1, live => true)");
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    ASSERT_TRUE(world.settles()) << second->error_output();
    EXPECT_EQ(world.ask("select sum(total) from account_totals"), "200");
    world.expect_exact({.totals = 2});
}

// Who leads builds nothing; what it carries beside what is live is named, and what to do.
TEST_F(RetirementTest, WhatALeaderCarriesAndDoesNothingForIsSaid) {
    auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    first->kill(SIGKILL);
    world.ask("select retire_version('account_totals', 1, live => true)");
    ASSERT_TRUE(world.leads("second")) << second->error_output();
    const std::string said =
        " leads and carries it, but does nothing for it, as no version of account_totals is live:"
        " give it a new version number";
    EXPECT_TRUE(world.comes_true(
        "(status() -> 'problems') ? 'the build of view set account_totals@2 stands still: second" +
        said + "'"))
        << world.ask("select status()");
    EXPECT_EQ(
        world.ask("select v -> 'views' -> 0 ->> 'reason' from jsonb_array_elements(versions()) as v"
                  " where v ->> 'view_set' = 'account_totals' and v ->> 'version' = '2'"),
        "second" + said);

    second->kill(SIGKILL);
    first = start("again");
    ASSERT_TRUE(world.leads("again")) << first->error_output();
    EXPECT_TRUE(world.comes_true(
        "(status() -> 'notes') ? 'view set account_totals@1 is retired: again" + said + "'"))
        << world.ask("select status()");

    // A new number is what helps.
    first->kill(SIGKILL);
    const auto third = start("third", {"--totals", "3"});
    ASSERT_TRUE(is_live("account_totals", 3)) << third->error_output();
    ASSERT_TRUE(world.settles()) << third->error_output();
    world.expect_exact({.totals = 3});
    EXPECT_EQ(world.ask("select status() ->> 'problems'").find("third leads"), std::string::npos);
}

}  // namespace
}  // namespace baton::testing

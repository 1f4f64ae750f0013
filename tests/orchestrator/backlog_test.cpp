// Pages of a backlog that are written in one transaction: as exact as one by one, whatever stops
// them, and never for long.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <random>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

const std::string transactions = "(select count(distinct xmin::text) from batch)";

// Pages of a hundred events, and a lease of which a quarter is enough for all of them.
class BacklogTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(std::vector<std::string> more = {},
                                        const std::string& fault = {}) {
        std::vector<std::string> options{"--batch-max", "100", "--lease", "20000"};
        options.insert(options.end(), more.begin(), more.end());
        return world.start({.node = "leader", .options = std::move(options), .fault = fault});
    }

    void mark(int count, const std::string& account, const std::string& fault) {
        world.ask(
            "insert into event (type, payload) select 'mark/made', jsonb_build_object("
            "'account', " +
            account + ", 'fault', '" + fault + "') from generate_series(1, " +
            std::to_string(count) + ") as n");
    }

    World world;
};

TEST_F(BacklogTest, IsWrittenInAFewTransactionsThatLeaveAFewVersions) {
    dispatch_flood(world, 5000);
    const auto process = start();
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_GE(std::stoi(world.ask("select count(*) from batch")), 50);
    EXPECT_LE(std::stoi(world.ask("select " + transactions)), 5);
    // The rows' first versions, and one for each transaction.
    EXPECT_LE(
        std::stoi(world.ask("select max((ctid::text::point)[0] * 100 + (ctid::text::point)[1])"
                            "::int from account_totals__v1")),
        20 * 6);
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST_F(BacklogTest, LeavesRowsAloneThatItDidNotChange) {
    dispatch_flood(world, 1000);
    const auto process = start();
    ASSERT_TRUE(world.settles()) << process->error_output();
    const std::string versions = "select string_agg(xmin::text, ',') from account_totals__v1";
    const std::string before = world.ask(versions);
    mark(1000, "'a'", "");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select marks from mark_totals"), "1000");
    EXPECT_EQ(world.ask(versions), before);
}

// A page of one event, which a leader begins with, is as long as it may be; nothing may follow.
TEST_F(BacklogTest, ThatHasEndedIsNotWaitedFor) {
    const auto process = start({"--lease", "60000"});
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 1);
    EXPECT_TRUE(world.settles(seconds(5))) << process->error_output();
}

TEST_F(BacklogTest, EndsWhereAPageHasAPoisonedEvent) {
    dispatch_flood(world, 250);
    mark(30, "'a'", "");
    mark(1, "'a'", "exception");
    dispatch_flood(world, 250);
    mark(1, "'a'", "row");
    dispatch_flood(world, 250);
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(position::text, ',' order by position) from dead_event"),
              "281,532");
    EXPECT_EQ(world.ask("select marks from mark_totals"), "30");
    EXPECT_EQ(process->error_output().find("refused at once"), std::string::npos);
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST_F(BacklogTest, HaltsAViewExactlyBeforeItsPoisonedEventAndTheOthersGoOn) {
    dispatch_flood(world, 250);
    mark(20, "'a'", "");
    mark(1, "'a'", "exception");
    dispatch_flood(world, 500);
    const auto process = start();
    ASSERT_TRUE(world.comes_true("not exists (select from waiting_events(1))"))
        << process->error_output();
    EXPECT_EQ(world.ask("select state || position from view_state where view = 'mark_totals'"),
              "halted270");
    EXPECT_EQ(world.ask("select marks from mark_totals"), "20");
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST_F(BacklogTest, WhatTheDatabaseRefusesIsTracedToItsEvent) {
    auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    world.ask("alter table account_totals__v1 add constraint small check (total < 1000000)");
    process->kill(SIGTERM);
    ASSERT_TRUE(process->wait(seconds(10)));
    mark(350, "'a'", "");
    world.ask(
        "insert into event (type, payload) values ('account/moved',"
        " '{\"account\": \"x\", \"amount\": 1000000, \"sequence\": 1}')");
    dispatch_flood(world, 1000);
    process = start({"--skip"});
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_NE(process->error_output().find("refused at once (SQLSTATE 23514)"), std::string::npos)
        << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(view || position, ',') from dead_event"),
              "account_totals351");
    EXPECT_EQ(world.ask("select epoch from leader"), "2");
    // Beyond that, several at once again.
    const int before = std::stoi(world.ask("select " + transactions));
    dispatch_flood(world, 1000);
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_LE(std::stoi(world.ask("select " + transactions)), before + 5);
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST_F(BacklogTest, ALockOnTheRowsIsWaitedForAndNothingIsCountedTwice) {
    dispatch_flood(world, 100);
    const auto process = start({"--lease", "2000"});
    ASSERT_TRUE(world.settles()) << process->error_output();
    {
        sql::Connection user(world.url(), in_test_schema("user"));
        sql::Transaction transaction(user);
        transaction.exec("update account_totals__v1 set total = total where account = 'account 3'");
        dispatch_flood(world, 1000);
        ASSERT_TRUE(eventually(seconds(20), [&] {
            return process->error_output().find("refused at once") != std::string::npos;
        })) << process->error_output();
    }
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select epoch from leader"), "1");
    EXPECT_EQ(world.ask("select count(*) from dead_event"), "0");
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST_F(BacklogTest, KilledBetweenPagesAndAtEachStepOfTheTransactionNothingIsLostOrDoubled) {
    constexpr std::array<const char*, 4> points{"after_reduce", "before_checkpoint",
                                                "before_commit", "after_commit"};
    std::mt19937_64 random(seed());
    for (std::size_t round = 0; round < 12; ++round) {
        const std::string point = points[round % points.size()];
        const std::string visit = std::to_string(point == "after_reduce" ? 3 + random() % 15 : 1);
        SCOPED_TRACE(point + ":" + visit);
        dispatch_flood(world, 1000);
        mark(10, "'m' || n", "");
        const auto process = start({}, point + ":" + visit + ":kill");
        if (!process->wait(seconds(3))) process->kill(SIGKILL);
        static_cast<void>(process->wait(seconds(10)));
    }
    const auto last = start();
    ASSERT_TRUE(world.settles()) << last->error_output();
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST_F(BacklogTest, ALeaderThatIsDeposedBetweenPagesWritesNoneOfThem) {
    dispatch_flood(world, 2000);
    const auto stopped = start({"--lease", "600"}, "after_reduce:7:stop");
    ASSERT_TRUE(world.leads("leader"));
    const auto other = world.start({.node = "other", .options = {"--batch-max", "100"}});
    ASSERT_TRUE(world.leads("other")) << other->error_output();
    // On a slow machine a quarter of the lease may have ended one transaction before.
    const std::string written = "select count(*) from batch where epoch = 1";
    const std::string before = world.ask(written);
    stopped->kill(SIGCONT);
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return stopped->error_output().find("deposed") != std::string::npos;
    })) << stopped->error_output();
    ASSERT_TRUE(world.settles()) << other->error_output();
    EXPECT_EQ(world.ask(written), before);
    world.expect_exact();
    world.expect_accounts_agree();
}

// Each page is an eighth of the lease at most, and the last of a transaction begins in its first
// quarter.
TEST_F(BacklogTest, ATransactionStaysFarBelowTheLease) {
    dispatch_flood(world, 3000);
    const auto process = start({"--lease", "1600", "--fold-takes", "1"});
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_LT(std::stoi(world.ask("select " + transactions)),
              std::stoi(world.ask("select count(*) from batch")));
    // 3 s, of which each may have 0.4 s and a page of 0.1 s.
    EXPECT_GE(std::stoi(world.ask("select " + transactions)), 6) << process->error_output();
    EXPECT_EQ(world.ask("select epoch from leader"), "1");
    world.expect_exact();
}

// Else the rows of a large view would all have to be in memory.
TEST_F(BacklogTest, ATransactionHasNotManyMoreRowsThanAPage) {
    mark(2000, "'m' || n", "");
    const auto process = start();
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_LE(std::stoi(world.ask("select max(events) from (select sum(count) as events from batch"
                                  " group by xmin::text) as t")),
              200);
    EXPECT_EQ(world.ask("select count(*) from mark_totals"), "2000");
    world.expect_exact();
}

}  // namespace
}  // namespace baton::testing

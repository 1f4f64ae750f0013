// What an orchestrator costs when nothing happens, and how soon it wakes; and reading one's own
// writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using Clock = std::chrono::steady_clock;

// Dispatches one event and waits for it, on one connection; milliseconds from commit to view.
double dispatch_and_wait(sql::Connection& connection) {
    sql::Transaction transaction(connection);
    const std::string id(
        transaction.exec("select dispatch('mark/made', '{\"account\": \"a\", \"fault\": \"\"}')")
            .only()
            .text(0));
    transaction.commit();
    const Clock::time_point committed = Clock::now();
    connection.exec("select wait_for(" + id + ", '20 s')");
    return std::chrono::duration<double, std::milli>(Clock::now() - committed).count();
}

// Whether the orchestrator sleeps: it has armed the doorbell and read the log since.
bool sleeps(World& world) {
    return world.comes_true("pg_sequence_last_value('doorbell') is not null");
}

TEST(IdleTest, NothingIsHeldOpenAndHardlyAnIdIsUsed) {
    World world;
    const std::string database = world.ask("select current_database()");
    Cluster::instance().execute("alter database " + database +
                                " set idle_in_transaction_session_timeout = '5s'");
    const auto one = world.start({.node = "one"});
    ASSERT_TRUE(world.leads("one"));
    const auto two = world.start({.node = "two"});
    sql::Connection connection(world.url(), in_test_schema());
    dispatch_and_wait(connection);
    ASSERT_TRUE(sleeps(world));

    const std::string ours =
        " from pg_stat_activity where datname = current_database() and application_name like"
        " 'baton %' and ";
    const auto next_id = [&] {
        return std::stoll(world.ask("select pg_snapshot_xmax(pg_current_snapshot())"));
    };
    // The lease is the only thing that is written: every 1.7 s by default. The ids are the
    // server's, whose autovacuum takes some now and then.
    long long used = 7;
    for (int window = 0; window < 3 && used > 6; ++window) {
        const auto begin = next_id();
        const std::string since = world.ask("select clock_timestamp()");
        EXPECT_TRUE(world.comes_true("clock_timestamp() > '" + since +
                                     "'::timestamptz + '4 s'"
                                     " or exists (select" +
                                     ours + "xact_start < clock_timestamp() - interval '2 s')"));
        EXPECT_EQ(
            world.ask("select count(*)" + ours + "xact_start < clock_timestamp() - interval '2 s'"),
            "0");
        EXPECT_TRUE(eventually(seconds(60), [&] {
            return world.ask("select count(*)" + ours + "backend_xmin is not null") == "0";
        }));
        used = next_id() - begin;
    }
    EXPECT_LE(used, 6);
    EXPECT_EQ(world.ask("select epoch from leader"), "1");
}

TEST(IdleTest, AnEventWakesASleepingOrchestratorInMilliseconds) {
    World world;
    const auto one = world.start({.node = "one", .options = {"--poll", "20000"}});
    ASSERT_TRUE(world.leads("one"));
    sql::Connection connection(world.url(), in_test_schema());
    std::vector<double> times;
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(sleeps(world));
        times.push_back(dispatch_and_wait(connection));
    }
    std::ranges::sort(times);
    std::cout << "commit to wait_for: p50 " << times[50] << " ms, p99 " << times[98] << " ms\n";
    EXPECT_LT(times[50], 1000.0) << "the poll is at 20 s";
    EXPECT_LT(times[98], 5000.0) << "an event waited for the poll";
}

TEST(IdleTest, WithoutNotificationsThePollFindsTheEvent) {
    World world;
    world.ask("create or replace function ring() returns void language sql as ''");
    const auto one = world.start({.node = "one", .options = {"--poll", "400"}});
    ASSERT_TRUE(world.leads("one"));
    sql::Connection connection(world.url(), in_test_schema());
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(sleeps(world));
        EXPECT_LT(dispatch_and_wait(connection), 10'000.0);
    }
}

// Dispatches while the doorbell is not armed; the transaction stays open.
std::string dispatch_unheard(sql::Transaction& transaction) {
    const std::string is_disarmed = "pg_sequence_last_value('doorbell') is null";
    for (;;) {
        transaction.exec("savepoint before");
        const sql::Result ids = transaction.exec(
            "select dispatch('mark/made', '{\"account\": \"a\", \"fault\": \"\"}') where " +
            is_disarmed);
        if (!ids.empty() && transaction.exec("select " + is_disarmed).only().boolean(0)) {
            return std::string(ids.only().text(0));
        }
        transaction.exec("rollback to before");
    }
}

TEST(IdleTest, AWriterThatLookedBeforeTheDoorbellWasArmedIsSeenSoon) {
    World world;
    const auto one = world.start({.node = "one", .options = {"--poll", "20000"}});
    ASSERT_TRUE(world.leads("one"));
    sql::Connection early(world.url(), in_test_schema());
    for (int i = 0; i < 3; ++i) {
        Writers writers(world.url(), 3, milliseconds(0));
        ASSERT_TRUE(world.comes_true("pg_sequence_last_value('doorbell') is null"));
        sql::Transaction transaction(early);
        const std::string id = dispatch_unheard(transaction);
        writers.stop();
        ASSERT_TRUE(sleeps(world));
        const Clock::time_point committed = Clock::now();
        transaction.commit();
        early.exec("select wait_for(" + id + ", '15 s')");
        EXPECT_LT(Clock::now() - committed, seconds(10)) << "and not at the next poll";
    }
}

TEST(IdleTest, ADoorbellThatSomebodyDisarmedIsArmedAgain) {
    World world;
    const auto one = world.start({.node = "one", .options = {"--poll", "200"}});
    ASSERT_TRUE(world.leads("one"));
    ASSERT_TRUE(sleeps(world));
    world.ask("select setval('doorbell', 1, false)");
    sql::Connection connection(world.url(), in_test_schema());
    dispatch_and_wait(connection);
    EXPECT_TRUE(sleeps(world));
}

// The leader that ends is stopped where it would disarm the doorbell, until its successor sleeps.
TEST(IdleTest, ALeaderThatEndsDoesNotDisarmItsSuccessorsDoorbell) {
    const std::vector<std::string> options{"--poll", "20000", "--lease", "600"};
    World world;
    const auto leader =
        world.start({.node = "old", .options = options, .fault = "after_wake:1:stop"});
    ASSERT_TRUE(world.leads("old"));
    ASSERT_TRUE(sleeps(world));
    const auto standby = world.start({.node = "new", .options = options});
    leader->kill(SIGTERM);
    ASSERT_TRUE(world.leads("new"));
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return standby->error_output().find(" leading ") != std::string::npos;
    }));
    // Once an event went through, its reader has armed the doorbell and sleeps.
    sql::Connection connection(world.url(), in_test_schema());
    dispatch_and_wait(connection);
    ASSERT_TRUE(sleeps(world));

    leader->kill(SIGCONT);
    const auto end = leader->wait(seconds(10));
    ASSERT_TRUE(end) << leader->error_output();
    EXPECT_EQ(end->code, 0) << leader->error_output();
    EXPECT_EQ(world.ask("select pg_sequence_last_value('doorbell')"), "1");
}

TEST(WaitForTest, FiftyThreadsEachReadTheirOwnWrites) {
    World world;
    const auto one = world.start({.node = "one"});
    ASSERT_TRUE(world.leads("one"));
    std::atomic<int> wrong{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 50; ++i) {
            threads.emplace_back([&wrong, url = world.url(), name = "t" + std::to_string(i)] {
                try {
                    sql::Connection connection(url, in_test_schema());
                    for (int n = 1; n <= 5; ++n) {
                        const std::string id(
                            connection
                                .exec("select dispatch('mark/made', jsonb_build_object("
                                      "'account', '" +
                                      name + "', 'fault', ''))")
                                .only()
                                .text(0));
                        connection.exec("select wait_for(" + id + ", '30 s')");
                        const auto marks =
                            connection
                                .exec("select marks from mark_totals where account = '" + name +
                                      "'")
                                .only()
                                .integer(0);
                        if (marks != n) ++wrong;
                    }
                } catch (const std::exception& error) {
                    std::cout << error.what() << "\n";
                    ++wrong;
                }
            });
        }
    }
    EXPECT_EQ(wrong, 0);
}

TEST(WaitForTest, BeforeAHaltedViewItRaisesAtOnce) {
    World world;
    const auto one = world.start({.node = "one"});
    ASSERT_TRUE(world.leads("one"));
    sql::Connection connection(world.url(), in_test_schema());
    dispatch_and_wait(connection);
    world.ask("select dispatch('mark/made', '{\"account\": \"a\", \"fault\": \"exception\"}')");
    const Clock::time_point begin = Clock::now();
    try {
        dispatch_and_wait(connection);
        ADD_FAILURE() << "the view does not have the event";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::view_halted) << error.what();
    }
    EXPECT_LT(Clock::now() - begin, seconds(15)) << "and not when its 20 s are over";
}

}  // namespace
}  // namespace baton::testing

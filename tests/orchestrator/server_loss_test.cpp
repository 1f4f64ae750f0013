// The server crashes, restarts, ends single sessions, or is a standby.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <random>

#include "baton/postgres/private_postgres.hpp"
#include "orchestrator/world.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

const std::vector<std::string> short_lease{"--lease", "700", "--poll", "200"};

int count_of(const std::string& text, const std::string& part) {
    int count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

bool answers(World& world) {
    try {
        return world.ask("select true") == "t";
    } catch (const Error&) {
        return false;
    }
}

// As with a password or a certificate that is exchanged while it runs.
TEST(ServerLossTest, ALoginThatIsRefusedIsTriedAgainUntilItIsLetInAndWhatToDoIsSaidOnce) {
    World world;
    const auto process = world.start(
        {.node = "one", .options = short_lease, .url = world.url() + "&user=latecomer"});
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return count_of(process->error_output(), "trying again in") >= 3;
    })) << process->error_output();
    const std::string said = process->error_output();
    EXPECT_EQ(count_of(said, "role \"latecomer\" does not exist; trying again in"),
              count_of(said, "trying again in"))
        << said;
    EXPECT_EQ(count_of(said, "correct the URL, the login, its password"), 1) << said;
    world.ask("create role latecomer superuser login");
    EXPECT_TRUE(world.leads("one")) << process->error_output();
    process->kill(SIGTERM);
    EXPECT_TRUE(process->wait(seconds(10)));
    world.ask("drop owned by latecomer; drop role latecomer");
}

TEST(ServerLossTest, CrashesAndRestartsOfTheServerAreSurvivedUnattended) {
    postgres::PrivatePostgres server(
        {.settings = {"fsync=off", "log_connections=on", "max_connections=60"}});
    World world(server.url());
    Writers writers(server.url(), 2);
    const auto one = world.start({.node = "one", .options = short_lease});
    const auto two = world.start({.node = "two", .options = short_lease});
    std::mt19937_64 random(seed());
    double longest = 0;
    std::string epoch = "0";
    for (int round = 0; round < 6; ++round) {
        SCOPED_TRACE(round);
        // A batch of a leadership that this round has not ended yet.
        ASSERT_TRUE(world.comes_true("(select max(epoch) from batch) > " + epoch))
            << one->error_output() << two->error_output();
        epoch = world.ask("select epoch from leader");
        if (random() % 2 == 0) {
            ASSERT_EQ(::kill(std::stoi(world.ask("select backend_pid from leader")), SIGKILL), 0);
            // Its end takes all sessions with it, this one too.
            ASSERT_TRUE(eventually(seconds(20), [&] { return !answers(world); }));
        } else {
            server.stop(postgres::StopMode::immediate);
            server.start();
        }
        ASSERT_TRUE(eventually(seconds(20), [&] { return answers(world); }));
        const auto back = std::chrono::steady_clock::now();
        ASSERT_TRUE(world.comes_true("(select max(epoch) from batch) > " + epoch));
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - back;
        longest = std::max(longest, took.count());
    }
    std::cout << "reducing again after the server's return: at most " << longest << " s\n";
    EXPECT_LT(longest, 5.0);
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST(ServerLossTest, AServerThatStaysAwayIsNotStormed) {
    postgres::PrivatePostgres server({.settings = {"fsync=off"}});
    World world(server.url());
    const auto process = world.start({.node = "one", .options = short_lease});
    ASSERT_TRUE(world.leads("one"));
    server.stop(postgres::StopMode::immediate);
    const auto begin = std::chrono::steady_clock::now();
    const auto tries = [&] { return count_of(process->error_output(), "trying again in"); };
    ASSERT_TRUE(eventually(seconds(30), [&] { return tries() >= 6; })) << process->error_output();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    EXPECT_LE(tries() / std::max(took.count(), 1.0), 10.0);
    server.start();
    EXPECT_TRUE(world.leads("one", seconds(60))) << process->error_output();
}

TEST(ServerLossTest, EachSessionThatIsEndedComesBack) {
    World world;
    Writers writers(world.url(), 2);
    const auto one = world.start({.node = "one", .options = short_lease});
    ASSERT_TRUE(world.leads("one"));
    const auto two = world.start({.node = "two", .options = short_lease});
    for (const char* const session :
         {"baton orchestrator' and pid = (select backend_pid from leader) and 'a' = 'a",
          "baton reader", "baton listener", "baton standby", "baton %"}) {
        SCOPED_TRACE(session);
        ASSERT_TRUE(
            world.comes_true("(select count(distinct application_name) from pg_stat_activity"
                             " where application_name like 'baton %'"
                             " and datname = current_database()) = 4"))
            << one->error_output() << two->error_output();
        const std::string before = world.ask("select coalesce(max(first_position), 0) from batch");
        // A leader that has just ended may have left, and its successor not have come yet.
        ASSERT_TRUE(
            world.comes_true("(select count(pg_terminate_backend(pid)) from pg_stat_activity"
                             " where datname = current_database() and application_name like '" +
                             std::string(session) + "') > 0"));
        ASSERT_TRUE(
            world.comes_true("(select coalesce(max(first_position), 0) from batch) > " + before));
    }
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST(ServerLossTest, AReadOnlyServerIsRefusedInOneLineUntilItIsNot) {
    World world;
    const std::string database = world.ask("select current_database()");
    Cluster::instance().execute("alter database " + database +
                                " set default_transaction_read_only = on");
    const auto process = world.start({.node = "one", .options = short_lease});
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return process->error_output().find("read-only") != std::string::npos;
    })) << process->error_output();
    EXPECT_EQ(count_of(process->error_output(), "\n"),
              count_of(process->error_output(), "trying again in"));
    Cluster::instance().execute("alter database " + database +
                                " set default_transaction_read_only = off");
    EXPECT_TRUE(world.leads("one")) << process->error_output();
}

}  // namespace
}  // namespace baton::testing

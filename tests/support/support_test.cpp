// The tests' own tools: what other tests rely on without looking.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <pqxx/pqxx>
#include <stdexcept>

#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

int times_prepared = 0;

const DatabaseTemplate with_table{"with_table", [](const std::string& url) {
                                      ++times_prepared;
                                      pqxx::connection connection(url);
                                      pqxx::work transaction(connection);
                                      transaction.exec("create table t as select 7 as n");
                                      transaction.commit();
                                  }};

int number(const std::string& url, const std::string& question) {
    pqxx::connection connection(url);
    pqxx::read_transaction transaction(connection);
    return transaction.exec1(question)[0].as<int>();
}

TEST(TestDatabaseTest, CopiesAreFreshAndTheTemplateIsPreparedOnce) {
    times_prepared = 0;
    for (int round = 0; round < 2; ++round) {
        const TestDatabase database(with_table);
        EXPECT_EQ(number(database.url(), "select sum(n)::int from t"), 7);
        pqxx::connection connection(database.url());
        pqxx::work transaction(connection);
        transaction.exec("insert into t values (1)");
        transaction.commit();
    }
    EXPECT_LE(times_prepared, 1);  // 0 when another test has prepared it
}

TEST(TestDatabaseTest, IsGoneAtItsEndWhoeverIsStillInIt) {
    auto database = std::make_unique<TestDatabase>();
    const std::string name = database->name();
    pqxx::connection left_open(database->url());
    EXPECT_EQ(database->sessions().size(), 1U);
    database.reset();
    EXPECT_EQ(number(Cluster::instance().url(),
                     "select count(*)::int from pg_database where datname = '" + name + "'"),
              0);
}

TEST(TestDatabaseTest, SessionsEmptiesWhenTheClientsHaveGone) {
    const TestDatabase database;
    { const pqxx::connection connection(database.url()); }
    EXPECT_TRUE(eventually(10s, [&] { return database.sessions().empty(); }));
}

TEST(TestDatabaseTest, FailedPreparationIsTriedAgain) {
    bool fails = true;
    const DatabaseTemplate moody{"moody", [&](const std::string&) {
                                     if (fails) throw std::runtime_error("not today");
                                 }};
    EXPECT_THROW(const TestDatabase database(moody), std::runtime_error);
    fails = false;
    EXPECT_NO_THROW(const TestDatabase database(moody));
}

TEST(ChildProcessTest, SaysWhatItWroteAndHowItEnded) {
    ChildProcess child(
        {.arguments = {"sh", "-c", "read line; echo \"$line $GIVEN\"; echo bad >&2; exit 3"},
         .environment = {{"GIVEN", "here"}},
         .input = "typed\n"});
    EXPECT_EQ(child.wait(10s), (ExitStatus{.code = 3, .signal = {}}));
    EXPECT_EQ(child.wait(0s), (ExitStatus{.code = 3, .signal = {}}));
    EXPECT_EQ(child.output(), "typed here\n");
    EXPECT_EQ(child.error_output(), "bad\n");
}

TEST(ChildProcessTest, WaitGivesUpAtItsDeadlineAndKillEndsIt) {
    ChildProcess child({.arguments = {"sleep", "1000"}});
    EXPECT_EQ(child.wait(20ms), std::nullopt);
    child.kill(SIGTERM);
    EXPECT_EQ(child.wait(10s), (ExitStatus{.code = {}, .signal = SIGTERM}));
}

TEST(ChildProcessTest, ManyBytesOfOutputDoNotBlockIt) {
    ChildProcess child({.arguments = {"head", "-c", "3000000", "/dev/zero"}});
    EXPECT_EQ(child.wait(10s), (ExitStatus{.code = 0, .signal = {}}));
    EXPECT_EQ(child.output().size(), 3'000'000U);
}

TEST(ChildProcessTest, EndOfItsObjectEndsItAndItsChildren) {
    pid_t grandchild = 0;
    {
        const ChildProcess child({.arguments = {"sh", "-c", "sleep 1000 & echo $!; wait"}});
        ASSERT_TRUE(eventually(10s, [&] { return child.output().ends_with('\n'); }));
        grandchild = std::stoi(child.output());
        ASSERT_EQ(::kill(grandchild, 0), 0);
    }
    // A zombie that waits for its new parent is as dead as it can be made from here.
    EXPECT_TRUE(eventually(10s, [&] {
        ChildProcess state({.arguments = {"ps", "-o", "stat=", "-p", std::to_string(grandchild)}});
        static_cast<void>(state.wait(10s));
        return state.output().empty() || state.output().starts_with('Z');
    }));
}

TEST(ChildProcessTest, MissingProgramEndsWith127) {
    ChildProcess child({.arguments = {"no-such-program"}});
    EXPECT_EQ(child.wait(10s), (ExitStatus{.code = 127, .signal = {}}));
}

TEST(EventuallyTest, ReturnsAtOnceWhenTrueAndAtTheDeadlineWhenNot) {
    int asked = 0;
    EXPECT_TRUE(eventually(1h, [&] { return ++asked == 3; }));
    EXPECT_FALSE(eventually(20ms, [] { return false; }));
}

TEST(SeedTest, StaysTheSameWithinAProcess) { EXPECT_EQ(seed(), seed()); }

}  // namespace
}  // namespace baton::testing

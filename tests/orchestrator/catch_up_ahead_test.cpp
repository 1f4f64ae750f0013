// A build that is far behind: its pages are read ahead and written several at a time, as exactly as
// one by one, whatever stops them.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

// A leader that has recorded everything, and a builder with pages of a hundred events.
class CatchUpAheadTest : public ::testing::Test {
protected:
    void SetUp() override {
        leader_ = world.start({.node = "leader", .options = {"--marks", "2"}});
        ASSERT_TRUE(world.leads("leader")) << leader_->error_output();
    }

    std::unique_ptr<ChildProcess> build(std::vector<std::string> more = {},
                                        const std::string& fault = {},
                                        const std::string& url = {}) {
        std::vector<std::string> options{"--totals", "2",      "--marks", "3",           "--lease",
                                         "20000",    "--poll", "200",     "--batch-max", "100"};
        options.insert(options.end(), more.begin(), more.end());
        return world.start(
            {.node = "builder", .options = std::move(options), .fault = fault, .url = url});
    }

    void flood(int count) {
        dispatch_flood(world, count);
        ASSERT_TRUE(world.settles()) << leader_->error_output();
    }
    void mark(int count, const std::string& fault) {
        world.ask(
            "insert into event (type, payload) select 'mark/made', jsonb_build_object("
            "'account', 'a', 'fault', '" +
            fault + "') from generate_series(1, " + std::to_string(count) + ") as n");
    }

    [[nodiscard]] bool are_ready() {
        return world.comes_true(
            "(select count(*) = 2 and bool_and(state = 'ready' and is_kept(b)"
            " and position = (select coalesce(max(first_position + count - 1), 0) from batch))"
            " from view_build b)");
    }
    // Whether the log is as its views say, once the builds are live.
    void expect_exact(const ChildProcess& builder) {
        world.ask("select promote(array['account_totals', 'mark_totals'], array[2, 3], true)");
        ASSERT_TRUE(
            world.comes_true("(select count(*) from set_version where state = 'live'"
                             " and version = case view_set when 'mark_totals' then 3"
                             " else 2 end) = 2"))
            << builder.error_output();
        ASSERT_TRUE(world.settles()) << builder.error_output();
        world.expect_exact({.totals = 2, .marks = 3});
    }
    std::string dead() {
        return world.ask(
            "select string_agg(view || version || ' ' || position || ' ' || state, ','"
            " order by position) from dead_event");
    }

    World world;

private:
    std::unique_ptr<ChildProcess> leader_;
};

TEST_F(CatchUpAheadTest, WritesARowOnceForManyPagesAndReadsNoMoreOnceItIsThere) {
    flood(5000);
    const auto builder = build();
    ASSERT_TRUE(are_ready()) << builder->error_output();
    EXPECT_TRUE(
        world.comes_true("not exists (select from pg_stat_activity where datname ="
                         " current_database() and application_name = 'baton builder')"));
    EXPECT_EQ(world.ask("select count(*) from pg_stat_activity where datname ="
                        " current_database() and state = 'idle in transaction'"),
              "0");

    // Twenty rows, once for each of a few transactions, and not for each of fifty pages. Who ends
    // tells what it wrote.
    builder->kill(SIGTERM);
    ASSERT_TRUE(builder->wait(seconds(10)));
    const std::string written =
        "(select n_tup_ins + n_tup_upd from pg_stat_user_tables where relname ="
        " 'account_totals__v2' and schemaname = current_schema)";
    ASSERT_TRUE(world.comes_true(written + " > 0"));
    EXPECT_LE(std::stoi(world.ask("select " + written)), 20 * 10);
    expect_exact(*build());
}

TEST_F(CatchUpAheadTest, SkipsAPoisonedEventBetweenPagesThatAreCommittedTogether) {
    flood(1500);
    mark(30, "");
    mark(1, "exception");
    flood(1500);
    mark(1, "row");
    flood(1500);
    const auto builder = build({"--skip"});
    ASSERT_TRUE(are_ready()) << builder->error_output();
    EXPECT_EQ(dead(), "mark_totals3 1531 skipped,mark_totals3 3032 skipped");
    EXPECT_EQ(world.ask("select marks from mark_totals__v3"), "30");
    expect_exact(*builder);
}

TEST_F(CatchUpAheadTest, HaltsExactlyBeforeAPoisonedEventAndGoesOnWithoutIt) {
    flood(1500);
    mark(20, "");
    mark(1, "exception");
    mark(20, "");
    flood(3000);
    auto builder = build();
    ASSERT_TRUE(world.comes_true("exists (select from view_build where state = 'halted')"))
        << builder->error_output();
    EXPECT_EQ(world.ask("select position from view_build where view = 'mark_totals'"), "1520");
    EXPECT_EQ(world.ask("select marks from mark_totals__v3"), "20");
    world.ask("select resolve_dead_event('mark_totals', 'skip')");
    ASSERT_TRUE(are_ready()) << builder->error_output();
    EXPECT_EQ(world.ask("select marks from mark_totals__v3"), "40");
    expect_exact(*builder);
}

// What was skipped before is skipped again, although nothing refuses it any more.
TEST_F(CatchUpAheadTest, HonoursWhatWasSkippedBefore) {
    flood(1500);
    mark(20, "");
    flood(3000);
    auto builder = build({}, "after_recorded_read:1:kill");
    ASSERT_TRUE(builder->wait(seconds(20)));
    for (const char* const position : {"701", "1510"}) {
        world.ask(
            "select record_dead_event('account_totals', 2, 701, 701, 'account/moved', 'x',"
            " 'skipped'); select record_dead_event('mark_totals', 3, " +
            std::string(position) + ", " + position + ", 'mark/made', 'x', 'skipped')");
    }
    builder = build();
    ASSERT_TRUE(are_ready()) << builder->error_output();
    EXPECT_EQ(world.ask("select marks from mark_totals__v3"), "19");
    EXPECT_EQ(world.ask("select sum(events) from account_totals__v2"), "4499");
}

TEST_F(CatchUpAheadTest, WhatTheDatabaseRefusesIsTracedToItsEvent) {
    auto builder = build({"--skip"});
    ASSERT_TRUE(are_ready()) << builder->error_output();
    builder->kill(SIGTERM);
    ASSERT_TRUE(builder->wait(seconds(10)));
    world.ask("alter table account_totals__v2 add constraint small check (total < 1000000)");
    flood(1500);
    world.ask(
        "insert into event (type, payload) values ('account/moved',"
        " '{\"account\": \"x\", \"amount\": 1000000, \"sequence\": 1}')");
    flood(1500);
    builder = build({"--skip"});
    ASSERT_TRUE(are_ready()) << builder->error_output();
    EXPECT_NE(builder->error_output().find("refused at once (SQLSTATE 23514)"), std::string::npos)
        << builder->error_output();
    EXPECT_EQ(dead(), "account_totals2 1501 skipped");
    expect_exact(*builder);
}

TEST_F(CatchUpAheadTest, WhatStopsTheReadingThreadIsToldAndWhatWasFoldedIsKept) {
    flood(5000);
    auto builder = build({}, "after_recorded_read:20:throw");
    const auto end = builder->wait(seconds(20));
    ASSERT_TRUE(end) << builder->error_output();
    EXPECT_EQ(end->code, 2);
    EXPECT_NE(builder->error_output().find("after_recorded_read"), std::string::npos)
        << builder->error_output();
    EXPECT_EQ(world.ask("select bool_and(position < 5000) and bool_or(position > 100)"
                        " from view_build"),
              "t");
    builder = build();
    ASSERT_TRUE(are_ready()) << builder->error_output();
    expect_exact(*builder);
}

TEST_F(CatchUpAheadTest, GoesOnAfterItsReaderLostTheConnection) {
    flood(2000);
    const auto builder = build({}, "after_recorded_read:1:delay");
    // In a subquery: the planner would call it for every session first, and then ask for the name.
    ASSERT_TRUE(
        world.comes_true("(select coalesce(bool_or(pg_terminate_backend(pid)), false) from"
                         " (select pid from pg_stat_activity where datname = current_database()"
                         " and application_name = 'baton builder' offset 0) as reader)"))
        << builder->error_output();
    ASSERT_TRUE(are_ready()) << builder->error_output();
    EXPECT_NE(builder->error_output().find("cannot read ahead: "), std::string::npos)
        << builder->error_output();
    EXPECT_EQ(builder->error_output().find("leadership interrupted"), std::string::npos)
        << builder->error_output();
    expect_exact(*builder);
}

// Its own two connections are all that there are: it goes on with what it has, and says so once.
TEST_F(CatchUpAheadTest, BuildsPageByPageWhereTheServerHasNoConnectionToReadAhead) {
    flood(2000);
    world.ask(
        "create role frugal login connection limit 2; grant baton_test_orchestrate to frugal");
    auto builder = build({}, {}, world.url() + "&user=frugal");
    ASSERT_TRUE(are_ready()) << builder->error_output();
    const std::string said = builder->error_output();
    const std::size_t first = said.find("cannot read ahead: ");
    EXPECT_NE(first, std::string::npos) << said;
    EXPECT_EQ(said.find("cannot read ahead: ", first + 1), std::string::npos) << said;
    EXPECT_NE(said.find("too many connections for role \"frugal\""), std::string::npos) << said;
    EXPECT_EQ(said.find("leadership interrupted"), std::string::npos) << said;
    builder->kill(SIGTERM);
    ASSERT_TRUE(builder->wait(seconds(10)));
    expect_exact(*build());
    world.ask("drop owned by frugal; drop role frugal");
}

// At the end of the batch that they were of, at the latest.
TEST_F(CatchUpAheadTest, EventsThatAreGoneEndIt) {
    flood(5000);
    world.ask("delete from event where id between 2501 and 2510");
    const auto builder = build();
    ASSERT_TRUE(builder->wait(seconds(20)));
    EXPECT_NE(builder->error_output().find("BT008 cannot build from the log: the log after"),
              std::string::npos)
        << builder->error_output();
    EXPECT_LT(std::stoi(world.ask("select max(position) from view_build")), 5000);
}

// One of the set stands further ahead: the other is taken there first, and then both together.
TEST_F(CatchUpAheadTest, ViewsOfASetThatStandApartMeet) {
    flood(1000);
    mark(10, "");
    flood(1000);
    auto builder = world.start({.node = "ahead", .options = {"--totals", "2", "--marks", "2"}});
    ASSERT_TRUE(world.comes_true("(select state || position from view_build) = 'ready2010'"))
        << builder->error_output();
    builder->kill(SIGTERM);
    ASSERT_TRUE(builder->wait(seconds(10)));
    mark(10, "");
    flood(2000);
    builder = build({"--set", "books", "2", "account_totals,mark_totals"});
    ASSERT_TRUE(are_ready()) << builder->error_output();
    EXPECT_EQ(world.ask("select sum(events) from account_totals__v2"), "4000");
    EXPECT_EQ(world.ask("select marks from mark_totals__v3"), "20");
}

// It folds in the statement that writes, so each of its pages is a transaction of its own.
TEST_F(CatchUpAheadTest, ASqlReducerIsBuiltFromPagesThatAreReadAhead) {
    flood(3000);
    std::ifstream file(BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql");
    const std::string script{std::istreambuf_iterator<char>(file), {}};
    const std::string path =
        ::testing::TempDir() + "sql_totals_ahead_" + std::to_string(::getpid()) + ".sql";
    std::ofstream(path) << script;
    const auto builder =
        build({"--sql", path, "--set", "books", "2", "account_totals,mark_totals,sql_totals"});
    ASSERT_TRUE(
        world.comes_true("(select count(*) = 3 and bool_and(state = 'ready'"
                         " and position = 3000) from view_build)"))
        << builder->error_output();
    EXPECT_EQ(world.ask("select sum(events) from account_totals__v2"), "3000");
    EXPECT_EQ(world.ask("select count(*) from (select account, events from sql_totals__v1 except"
                        " select account, events from account_totals__v2) as d"),
              "0");
    std::remove(path.c_str());
}

class CatchUpAheadCrashTest : public CatchUpAheadTest,
                              public ::testing::WithParamInterface<const char*> {};

TEST_P(CatchUpAheadCrashTest, LeavesWholePagesOrNothing) {
    flood(3000);
    auto builder = build({}, GetParam());
    const auto end = builder->wait(seconds(20));
    ASSERT_TRUE(end) << builder->error_output();
    ASSERT_EQ(end->signal, SIGKILL);
    builder = build();
    ASSERT_TRUE(are_ready()) << builder->error_output();
    expect_exact(*builder);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, CatchUpAheadCrashTest,
                         ::testing::Values("after_recorded_read:12:kill", "after_reduce:12:kill",
                                           "before_commit:2:kill", "after_commit:1:kill"));

}  // namespace
}  // namespace baton::testing

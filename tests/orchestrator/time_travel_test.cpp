// Views folded anew up to a position: exact at each, from a snapshot or from the first event, and
// without a trace in what is live.
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "baton/orchestrator/past_view.hpp"
#include "orchestrator/world.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

const std::string sql_totals = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

class TimeTravelTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(const std::vector<std::string>& more = {}) {
        std::vector<std::string> options{"--lease", "1000", "--poll", "100", "--sql", sql_totals};
        options.insert(options.end(), more.begin(), more.end());
        return world.start({.node = "leader", .options = options});
    }

    // Version 1 of account_totals, which `former` leads, is given up for the next one, and then
    // built anew in another set.
    void build_anew(std::unique_ptr<ChildProcess> former) {
        successor_ = start({"--totals", "2"});
        ASSERT_TRUE(world.comes_true("exists (select from view_build b where is_kept(b))"))
            << successor_->error_output();
        world.ask("select promote(array['account_totals'], array[2], true)");
        ASSERT_TRUE(world.comes_true(
            "exists (select from view_state where view = 'account_totals' and version = 2)"))
            << successor_->error_output();
        former.reset();
        world.ask("select retire_version('account_totals', 1)");
        builder_ = start({"--set", "olds", "1", "account_totals"});
        ASSERT_TRUE(world.comes_true(
            "exists (select from view_build where view = 'account_totals' and version = 1"
            " and position = 100)"))
            << builder_->error_output();
    }

    sql::Connection session() const { return past_session(world.url(), test_schema); }

    [[nodiscard]] CarriedReducers carried() const { return {options_, registry_}; }

    // How many rows of the view's table differ from the pure fold up to `position`.
    static std::int64_t differences(sql::Connection& connection, const PastView& view,
                                    const std::string& position) {
        const std::string fold =
            "select payload ->> 'account', count(*), sum((payload ->> 'amount')::bigint),"
            " max(position) from read_log(0, 2147483647) where type = 'account/moved'"
            " and position <= " +
            position + " group by 1";
        const std::string rows = "select account, events, total, position from " + view.table();
        return connection
            .exec("select (select count(*) from (" + fold + " except all " + rows +
                  ") as missing) + (select count(*) from (" + rows + " except all " + fold +
                  ") as surplus)")
            .only()
            .integer(0);
    }

    void expect_exact_at(const std::string& name, std::int64_t at, std::int64_t further) {
        sql::Connection connection = session();
        PastView view(connection, carried(), {name, 1}, Position{at});
        view.go_to(Position{at});
        EXPECT_EQ(differences(connection, view, std::to_string(at)), 0) << name << " at " << at;
        view.go_to(Position{at + further});
        EXPECT_EQ(differences(connection, view, std::to_string(at + further)), 0)
            << name << " at " << at << " and " << further << " further";
    }

    std::string refusal(const std::string& name, int version, std::int64_t at,
                        PastView::Source source = PastView::Source::registered) {
        sql::Connection connection = session();
        try {
            PastView view(connection, carried(), {name, version}, Position{at}, source);
            view.go_to(Position{at});
            return "";
        } catch (const Error& error) {
            return std::string(sqlstate_of(error.code())) + " " + error.what();
        }
    }

    World world;
    OrchestratorOptions options_;
    Registry registry_ = make_registry({});

private:
    std::unique_ptr<ChildProcess> successor_;
    std::unique_ptr<ChildProcess> builder_;
};

TEST_F(TimeTravelTest, AViewAtAnyPositionIsThePureFoldOfTheLogUpToIt) {
    const auto process = start();
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    for (int i = 0; i < 5; ++i) dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles()) << process->error_output();
    std::mt19937_64 random(seed());
    for (int i = 0; i < 4; ++i) {
        const auto at = static_cast<std::int64_t>(random() % 450);
        expect_exact_at("account_totals", at, 50);
        expect_exact_at("sql_totals", at, 50);
    }
    expect_exact_at("account_totals", 0, 0);
    expect_exact_at("sql_totals", 500, 0);
    world.expect_exact();
    EXPECT_EQ(refusal("account_totals", 1, 501),
              "BT008 the log ends at position 500, there is no 501 yet");
}

// Few, further and further apart, and each the exact rows of its position.
TEST_F(TimeTravelTest, SnapshotsAreTakenThinnedAndBegunWith) {
    auto process = start({"--snapshots", "100", "4"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    for (int i = 0; i < 12; ++i) {
        dispatch_flood(world, 100);
        ASSERT_TRUE(world.settles()) << process->error_output();
        ASSERT_TRUE(world.comes_true(
            "(select max(position) from view_snapshot where view = 'account_totals') + 2 *"
            " snapshot_distance((select max(first_position + count - 1) from batch), 100, 4) >"
            " (select max(first_position + count - 1) from batch)"))
            << process->error_output();
    }
    ASSERT_TRUE(world.comes_true(
        "(select count(*) between 2 and 4 and count(*) = count(distinct position / 400)"
        " from view_snapshot where view = 'sql_totals')"))
        << world.ask("select string_agg(view || position, ' ') from view_snapshot");

    sql::Connection connection = session();
    PastView view(connection, carried(), {"account_totals", 1}, Position{1199});
    EXPECT_GE(static_cast<std::int64_t>(view.position()), 400);
    EXPECT_EQ(
        differences(connection, view, std::to_string(static_cast<std::int64_t>(view.position()))),
        0);
    view.go_to(Position{1199});
    EXPECT_EQ(differences(connection, view, "1199"), 0);
    expect_exact_at("sql_totals", 1000, 100);
    expect_exact_at("account_totals", 50, 10);

    // Whoever wants none keeps none; but for one of which somebody made something, which hurts
    // nobody.
    world.ask(
        "do $$ begin execute format('create view users_own as select from view_snapshot_%s',"
        " (select min(id) from view_snapshot)); end $$");
    process.reset();
    process = start();
    EXPECT_TRUE(world.comes_true("(select count(*) = 1 from view_snapshot)"))
        << process->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles()) << process->error_output();
    world.ask("drop view users_own");
    EXPECT_TRUE(world.comes_true(
        "not exists (select from view_snapshot) and not exists (select from pg_class"
        " where relname like 'view_snapshot_%' and relkind = 'r')"))
        << process->error_output();
}

// Rows that were made by another build would not be those of the version as it is now.
TEST_F(TimeTravelTest, SnapshotsOfAnotherBuildAreNotBegunWith) {
    auto process = start({"--snapshots", "100", "4"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    dispatch_flood(world, 200);
    ASSERT_TRUE(
        world.comes_true("exists (select from view_snapshot where view ="
                         " 'account_totals')"))
        << process->error_output();
    process.reset();
    {
        sql::Connection connection = session();
        const PastView candidate(connection, carried(), {"account_totals", 1}, Position{200},
                                 PastView::Source::carried);
        EXPECT_EQ(candidate.position(), Position{0}) << "it would be compared with itself";
    }
    world.ask("update view_snapshot set build = 'other'");
    sql::Connection connection = session();
    const PastView view(connection, carried(), {"account_totals", 1}, Position{200});
    EXPECT_EQ(view.position(), Position{0});

    world.ask("update reducer_version set build = 'another' where name = 'account_totals'");
    EXPECT_NE(refusal("account_totals", 1, 200).find("BT012 account_totals@1 was registered with"),
              std::string::npos);
}

TEST_F(TimeTravelTest, AVersionThatIsRetiredTakesItsSnapshotsWithIt) {
    auto process = start({"--snapshots", "50", "4"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.comes_true("(select count(distinct view) = 3 from view_snapshot)"))
        << process->error_output();
    const std::string kept = " from view_snapshot where view in ('account_totals', 'sql_totals'))";
    const std::string tables = world.ask(
        "select string_agg(format('to_regclass(%L) is null', 'view_snapshot_' || id),"
        " ' and ') from view_snapshot where view <> 'mark_totals'");
    world.ask(
        "select retire_version('account_totals', 1, live => true);"
        "select retire_version('sql_totals', 1, live => true)");
    ASSERT_TRUE(world.comes_true("not exists (select" + kept)) << process->error_output();
    EXPECT_TRUE(world.comes_true(tables)) << tables;
    EXPECT_EQ(world.ask("select count(*) > 0 from view_snapshot where view = 'mark_totals'"), "t");

    // What a program carries it can fold still; what was in the database is gone.
    expect_exact_at("account_totals", 70, 30);
    ASSERT_TRUE(world.comes_true("to_regclass('sql_totals__v1') is null"));
    EXPECT_EQ(refusal("sql_totals", 1, 70), "BT034 view sql_totals has no version 1 here");
}

// Copied while its version is retired and registered anew: the table is another one, or was
// emptied, and no snapshot of the database shows what was in it before.
TEST_F(TimeTravelTest, ACopyOfAVersionThatIsRegisteredAnewMeanwhileIsNotKept) {
    auto process = start();
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles()) << process->error_output();
    sql::Connection session(world.url(), in_test_schema("copier"));
    sql::Transaction copying(session, sql::Isolation::repeatable_read);
    copying.exec("select 1");
    build_anew(std::move(process));
    try {
        const std::string taken{copying.exec("select take_snapshots(50, 4)").only().text(0)};
        copying.commit();
        EXPECT_EQ(taken, "") << "copied";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::transaction_retry) << error.what();
    }
    expect_exact_at("account_totals", 100, 0);
}

// They are of rows that are no more, even where they could not be dropped yet.
TEST_F(TimeTravelTest, SnapshotsFromBeforeARetirementAreNotBegunWith) {
    auto process = start({"--snapshots", "50", "4"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(
        world.comes_true("exists (select from view_snapshot where view = 'account_totals')"))
        << process->error_output();
    world.ask(
        "do $$ begin execute format('create view users_own as select from view_snapshot_%s',"
        " (select id from view_snapshot where view = 'account_totals' limit 1)); end $$");
    build_anew(std::move(process));
    {
        sql::Connection connection = session();
        const PastView view(connection, carried(), {"account_totals", 1}, Position{100});
        EXPECT_EQ(view.position(), Position{0});
    }
    world.ask("drop view users_own");
    EXPECT_TRUE(world.comes_true("not exists (select from view_snapshot)"));
}

TEST_F(TimeTravelTest, WhatWasSkippedIsLeftOutAndWhatHaltedIsNamed) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 10);
    world.ask("select dispatch('account/moved', '{\"account\": \"a\", \"raise\": \"not today\"}')");
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.settles()) << process->error_output();
    ASSERT_EQ(world.ask("select count(*) from dead_event where view = 'sql_totals'"), "1");
    sql::Connection connection = session();
    PastView view(connection, carried(), {"sql_totals", 1}, Position{21});
    view.go_to(Position{21});
    EXPECT_EQ(connection.exec("select sum(events) from " + view.table()).only().integer(0), 20);

    world.ask("update dead_event set state = 'halting' where view = 'sql_totals'");
    EXPECT_EQ(refusal("sql_totals", 1, 11)
                  .find("BT022 sql_totals@1 stands before the event at "
                        "position 11, beyond which nothing is shown: "),
              0U)
        << refusal("sql_totals", 1, 11);
    EXPECT_EQ(refusal("sql_totals", 1, 10), "");

    world.ask("delete from dead_event where view = 'sql_totals'");
    EXPECT_EQ(refusal("sql_totals", 1, 21)
                  .find("BT022 sql_totals@1 cannot fold the event at position 11: "),
              0U)
        << refusal("sql_totals", 1, 21);
}

// Whatever its functions name, what is live is not written.
TEST_F(TimeTravelTest, AReducerThatNamesItsSchemaCannotTouchWhatIsLive) {
    const auto process = start();
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.settles());
    world.ask(
        "create or replace function sql_totals__v1() returns void language sql as"
        " 'update baton_test.sql_totals__v1 set total = 0'");
    EXPECT_NE(refusal("sql_totals", 1, 10).find("read-only transaction"), std::string::npos)
        << refusal("sql_totals", 1, 10);
    EXPECT_EQ(world.ask("select sum(total) from baton_test.sql_totals__v1"), "10");
}

TEST_F(TimeTravelTest, ACandidateThatNobodyKnowsIsFoldedFromItsFile) {
    const auto process = start();
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    // The same version with another text: what a developer asks before raising the version.
    sql::SqlReducer edited = sql::read_sql_reducer(sql_totals);
    const std::string sum = "sum((e.payload ->> 'amount')::bigint";
    edited.script.replace(edited.script.find(sum), sum.size(),
                          "sum(2 * (e.payload ->> 'amount')::bigint");
    edited.build = "edited";
    options_.sql_reducers = {edited};
    sql::Connection connection = session();
    PastView view(connection, carried(), {"sql_totals", 1}, Position{100},
                  PastView::Source::carried);
    view.go_to(Position{100});
    EXPECT_EQ(connection.exec("select sum(total) from " + view.table()).only().integer(0), 200);
    EXPECT_EQ(world.ask("select sum(total) from sql_totals__v1"), "100");

    registry_ = make_registry({.totals = 2});
    sql::Connection other = session();
    PastView later(other, carried(), {"account_totals", 2}, Position{100},
                   PastView::Source::carried);
    later.go_to(Position{100});
    EXPECT_EQ(other.exec("select sum(total) from " + later.table()).only().integer(0), 200);
    EXPECT_EQ(world.ask("select to_regclass('account_totals__v2')"), "");

    EXPECT_EQ(refusal("account_totals", 2, 1), "BT034 account_totals@2 is not known here");
    EXPECT_EQ(refusal("account_totals", 1, 1),
              "BT013 account_totals@1 is kept by a C++ reducer that this program does not carry: "
              "ask the program that keeps the view");
}

// What its script does not find among its own it would find in the environment.
TEST_F(TimeTravelTest, ACandidateWhoseScriptChangesTheEnvironmentIsRefusedAndChangesNothing) {
    const auto process = start();
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.settles());
    const sql::SqlReducer file = sql::read_sql_reducer(sql_totals);
    for (const std::string statement :
         {"drop function if exists sql_totals__v1();", "comment on table account is 'mine';",
          "alter table sql_totals__v1 set (fillfactor = 50);",
          "do $$ begin update account_totals__v1 set total = 0;"
          " exception when division_by_zero then null; end $$;"}) {
        sql::SqlReducer edited = file;
        edited.script = statement + edited.script;
        edited.build = "edited";
        options_.sql_reducers = {edited};
        const std::string said = refusal("sql_totals", 1, 10, PastView::Source::carried);
        const bool is_harmless = statement.starts_with("comment");
        EXPECT_EQ(said.find("its script changes what is in schema baton_test") != std::string::npos,
                  !is_harmless)
            << statement << " " << said;
    }
    EXPECT_EQ(world.ask("select sum(total) from account_totals"), "10");
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.settles()) << process->error_output();
    world.expect_exact();

    // Whatever the policy: every event would be skipped.
    sql::SqlReducer helped = file;
    helped.script +=
        "\ncreate function helper() returns void language sql as '';\n"
        "create or replace function sql_totals__v1() returns void language plpgsql"
        " as 'begin perform helper(); end';";
    helped.build = "helped";
    options_.sql_reducers = {helped};
    options_.on_poison = [](std::string_view) { return PoisonPolicy::skip; };
    const std::string said = refusal("sql_totals", 1, 10, PastView::Source::carried);
    EXPECT_NE(said.find("helper() does not exist"), std::string::npos) << said;
}

// The copy is made beside the leader, and in time for the end of its process.
TEST_F(TimeTravelTest, ALeaderThatIsToEndDoesNotWaitForACopy) {
    const auto process = start({"--snapshots", "10", "4"});
    ASSERT_TRUE(world.leads("leader"));
    sql::Connection connection(world.url(), in_test_schema("holder"));
    sql::Transaction holder(connection);
    // Keeps the copy from being noted down for as long as this lasts.
    holder.exec("lock table view_snapshot in access exclusive mode");
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.comes_true(
        "exists (select from pg_stat_activity where application_name = 'baton snapshots'"
        " and wait_event_type = 'Lock')"))
        << process->error_output();
    EXPECT_EQ(world.ask("select count(*) > 0 from account_totals"), "t") << "the leader went on";
    process->kill(SIGTERM);
    EXPECT_TRUE(process->wait(seconds(5))) << process->error_output();
}

}  // namespace
}  // namespace baton::testing

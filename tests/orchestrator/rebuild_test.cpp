// Development: a reducer that was changed without a new version builds its view anew; and a version
// that was refused leaves its number free.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <fstream>

#include "orchestrator/sql_file.hpp"
#include "orchestrator/versions_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

class RebuildTest : public VersionsFixture {
protected:
    void end(ChildProcess& process) {
        process.kill(SIGTERM);
        ASSERT_TRUE(process.wait(seconds(20)));
    }
    static bool says(const ChildProcess& process, const std::string& text) {
        return process.error_output().find(text) != std::string::npos;
    }
    [[nodiscard]] bool all_follow() {
        return world.comes_true(
            "not exists (select from view_state where state <> 'following') and exists (select from"
            " view_state)");
    }
    static std::string script(const std::string& name) {
        return ::testing::TempDir() + name + "_" + std::to_string(::getpid()) + ".sql";
    }
};

const std::string anew = "is built anew from the log: its reducer has another build than before";

TEST_F(RebuildTest, AChangedCppReducerBuildsItsViewAnewAndKeepsWhatPeopleMadeOfIt) {
    auto process = start("first", {"--other-builds"});
    dispatch_flood(world, 200);
    ASSERT_TRUE(all_follow()) << process->error_output();
    ASSERT_TRUE(world.settles());
    EXPECT_EQ(world.ask("select sum(total) = sum(events) from account_totals"), "t");
    world.ask(
        "create index of_mine on account_totals__v1 (total);"
        "create view richest as select account from account_totals order by total desc limit 1");
    end(*process);

    process = start("second", {"--other-builds", "--other-build"});
    ASSERT_TRUE(world.leads("second")) << process->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(all_follow()) << process->error_output();
    ASSERT_TRUE(world.settles());
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "300");
    EXPECT_EQ(world.ask("select sum(total) = 100 * sum(events) from account_totals"), "t");
    EXPECT_TRUE(says(*process, "view account_totals@1 " + anew)) << process->error_output();
    EXPECT_FALSE(says(*process, "view mark_totals@1 " + anew)) << "it did not change";
    EXPECT_EQ(world.ask("select to_regclass('of_mine') is not null and (select count(*) = 1 from"
                        " richest)"),
              "t");
    end(*process);

    process = start("third", {"--other-builds", "--other-build"});
    ASSERT_TRUE(world.leads("third"));
    ASSERT_TRUE(all_follow());
    EXPECT_FALSE(says(*process, anew)) << "the same build again";
}

TEST_F(RebuildTest, WhatThePolicySkippedIsPutBeforeTheChangedReducer) {
    auto process = start("first", {"--other-builds", "--skip"});
    ASSERT_TRUE(world.leads("first"));
    world.ask(
        "insert into event (type, payload) select 'mark/made', jsonb_build_object('account', 'a',"
        " 'fault', f) from unnest(array['', 'exception', '']) as f; select ring()");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select marks from mark_totals"), "2");
    end(*process);

    process = start("second", {"--other-builds", "--skip", "--other-build", "--fixed-marks"});
    ASSERT_TRUE(world.leads("second"));
    EXPECT_TRUE(world.comes_true("(select marks from mark_totals) = 3")) << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(state, ',') from dead_event"), "retried");
}

TEST_F(RebuildTest, ARegistrationThatFailsSaysOfNoViewThatItIsBuiltAnew) {
    auto process = start("first", {"--other-builds"});
    ASSERT_TRUE(all_follow()) << process->error_output();
    end(*process);
    const std::string file = sql_reducer_file("broken", "create table broken__v1 (n integer);");
    process = start("second", {"--other-builds", "--other-build", "--sql", file});
    ASSERT_TRUE(eventually(seconds(20), [&] { return says(*process, "BT013"); }));
    EXPECT_FALSE(says(*process, anew)) << process->error_output();
}

// Of a version that is built beside the live one, the process that keeps it goes first.
TEST_F(RebuildTest, ABuildThatAnotherProcessKeepsIsLeftToItUntilItEnds) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    const std::vector<std::string> options{"--totals", "2", "--other-builds"};
    auto second = start("second", options);
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    world.ask("update reducer_version set build = 'of the program before' where version = 2");
    const auto third = start("third", options);
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return says(*third, "account_totals@2 waits: another process keeps it, with another build");
    })) << third->error_output();
    EXPECT_EQ(world.ask("select node from view_build"), "second");
    end(*second);
    ASSERT_TRUE(world.comes_true("(select node || state from view_build) = 'thirdready'"))
        << third->error_output();
    EXPECT_TRUE(says(*third, "view account_totals@2 " + anew)) << third->error_output();
    ASSERT_TRUE(world.settles());
    expect_totals(2);
}

TEST_F(RebuildTest, ARefusedVersionLeavesItsNumberForARightOne) {
    const std::string file = script("refused");
    const auto write = [&](int version, const std::string& type, const std::string& more = "") {
        const std::string table = "moves__v" + std::to_string(version);
        std::ofstream(file)
            << "--! reducer moves version " << version << "\ncreate table " << table
            << " (account text primary key, moves " << type
            << " not null, position bigint not null);\ncreate function " << table
            << "() returns void language sql as $$ insert into " << table
            << " as v select payload ->> 'account', count(*), max(position) from"
               " batch_event where type = 'account/moved' group by 1 on conflict"
               " (account) do update set moves = v.moves + excluded.moves, position ="
               " excluded.position $$;\n"
            << more;
    };
    const auto refused = [&] {
        const auto process = start("refused", {"--sql", file});
        EXPECT_TRUE(process->wait(seconds(20))) << process->error_output();
        return process->error_output();
    };
    write(1, "bigint");
    const auto first = start("first", {"--sql", file});
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.comes_true("exists (select from view_state where view = 'moves')"));
    ASSERT_TRUE(world.settles());

    write(2, "numeric");
    std::string said = refused();
    EXPECT_NE(said.find("BT013"), std::string::npos) << said;
    EXPECT_NE(said.find("view moves shows column moves as bigint, and version 2 makes it numeric"),
              std::string::npos)
        << said;
    write(
        2, "bigint",
        "create function moves__v2_from_v1() returns void language sql as $$ insert into moves__v2"
        " select account, moves / 0, position from moves__v1 $$;\n");
    said = refused();
    EXPECT_NE(said.find("BT013 reducer moves@2 cannot begin with the rows of moves@1"),
              std::string::npos)
        << said;
    EXPECT_EQ(world.ask("select count(*) from reducer_version where name = 'moves'"), "1");
    EXPECT_EQ(world.ask("select count(*) from set_version where view_set = 'moves'"), "1");
    EXPECT_EQ(world.ask("select to_regclass('moves__v2') is null"), "t");

    write(2, "bigint");
    const auto second = start("second", {"--sql", file});
    ASSERT_TRUE(is_ready("moves", 2)) << second->error_output();
    promote("moves", 2);
    ASSERT_TRUE(is_live("moves", 2));
    EXPECT_EQ(world.ask("select sum(moves) from moves"), "100");
}

// A reducer may keep a table beside its own. Both are made anew, or it would count what it has
// seen.
TEST_F(RebuildTest, WhatASqlReducerKeepsBesideItsViewIsBuiltAnewWithIt) {
    const std::string file = script("beside");
    const auto write = [&](int step) {
        std::ofstream(file)
            << "--! reducer s version 1\n"
               "create table s__v1 (k text primary key, n bigint not null, position bigint not "
               "null);\n"
               "create table s__v1_seen (id bigint primary key);\n"
               "create function s__v1_step() returns bigint language sql immutable as $$ select "
            << step
            << "::bigint $$;\n"
               "create function s__v1() returns void language plpgsql as $$ begin\n"
               "insert into s__v1_seen select e.id from batch_event e;\n"
               "insert into s__v1 as v select 'all', count(*) * s__v1_step(), max(e.position)"
               " from batch_event e having count(*) > 0 on conflict (k) do update"
               " set n = v.n + excluded.n, position = excluded.position;\nend $$;\n";
    };
    write(1);
    auto process = start("first", {"--other-builds", "--sql", file});
    ASSERT_TRUE(world.leads("first")) << process->error_output();
    dispatch_flood(world, 20);
    ASSERT_TRUE(world.settles()) << process->error_output();
    const std::string ones = world.ask("select n from s");
    end(*process);

    write(10);
    process = start("second", {"--other-builds", "--sql", file});
    ASSERT_TRUE(world.leads("second")) << process->error_output();
    EXPECT_TRUE(world.comes_true("(select n from s) = " + ones + "0")) << process->error_output();
    EXPECT_EQ(world.ask("select count(*) from s__v1_seen"), ones);
}

TEST_F(RebuildTest, ACommentInASqlReducerIsNoOtherBuild) {
    const std::string file = script("commented");
    const std::string table =
        "create table c__v1 (k text primary key, position bigint not null);\n";
    const std::string function =
        "create function c__v1() returns void language sql as $$ select null::void $$;\n";
    std::ofstream(file) << "--! reducer c version 1\n" << table << function;
    auto process = start("first", {"--sql", file});
    ASSERT_TRUE(world.comes_true("exists (select from view_state where view = 'c')"));
    end(*process);
    const std::string build = world.ask("select build from reducer_version where name = 'c'");

    std::ofstream(file) << "--! reducer c version 1\n-- the keys\n"
                        << table
                        << "CREATE FUNCTION c__v1() RETURNS void LANGUAGE sql AS $body$\n"
                           "    -- nothing\n    SELECT NULL::void\n$body$;\n";
    process = start("second", {"--sql", file});
    ASSERT_TRUE(world.leads("second")) << process->error_output();
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select build from reducer_version where name = 'c'"), build);
}

}  // namespace
}  // namespace baton::testing

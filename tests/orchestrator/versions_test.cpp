// Versions beside each other: built while the live one serves, promoted in one transaction, rolled
// back, retired; and what must not happen meanwhile.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

const std::string sql_totals = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

const std::vector<std::string> quick{"--lease", "1000", "--poll", "200"};

std::vector<std::string> with(const std::vector<std::string>& more) {
    std::vector<std::string> options = quick;
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

class VersionsTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(const std::string& node,
                                        const std::vector<std::string>& options = {},
                                        const std::string& fault = {}) {
        return world.start({.node = node, .options = with(options), .fault = fault});
    }

    // Both views in a set, of which version N has account_totals@N.
    static std::vector<std::string> in_set(int version) {
        return {"--totals", std::to_string(version), "--set",
                "books",    std::to_string(version), "account_totals,mark_totals"};
    }

    static std::vector<std::string> with_auto(std::vector<std::string> options) {
        options.emplace_back("--auto-promote");
        return options;
    }

    [[nodiscard]] bool is_ready(const std::string& view, int version) {
        return world.comes_true("exists (select from view_build b where view = '" + view +
                                "' and version = " + std::to_string(version) +
                                " and state = 'ready' and is_kept(b))");
    }
    [[nodiscard]] bool is_live(const std::string& set, int version) {
        return world.comes_true("exists (select from set_version where view_set = '" + set +
                                "' and version = " + std::to_string(version) +
                                " and state = 'live')");
    }

    void promote(const std::string& set, int version, bool when_ready = true) {
        world.ask("select promote(array['" + set + "'], array[" + std::to_string(version) + "], " +
                  (when_ready ? "true)" : "false)"));
    }
    // What promote() says instead of doing it.
    std::string refusal(const std::string& call) {
        try {
            world.ask("select " + call);
            return "";
        } catch (const Error& error) {
            return std::string(sqlstate_of(error.code())) + " " + error.what();
        }
    }

    // Whether a version's table equals the pure fold of the log up to where it stands.
    void expect_totals(int version) {
        const std::string number = std::to_string(version);
        const std::string table = "account_totals__v" + number;
        const std::string where =
            "(select coalesce((select b.position from view_build b where view = 'account_totals'"
            " and version = " +
            number + "), max(first_position + count - 1)) from batch)";
        const std::string fold =
            "select payload ->> 'account', count(*), sum((payload ->> 'amount')::bigint) * " +
            number +
            " from read_log(0, 2147483647) where type = 'account/moved' and position <= " + where +
            " group by 1";
        const std::string actual = "select account, events, total from " + table;
        EXPECT_EQ(world.ask("select (select count(*) from (" + fold + " except all " + actual +
                            ") as missing) + (select count(*) from (" + actual + " except all " +
                            fold + ") as surplus)"),
                  "0")
            << table << " differs from the pure fold";
    }

    World world;
};

TEST_F(VersionsTest, ANewVersionIsBuiltBesidePromotedAndRolledBackUnderLoad) {
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
TEST_F(VersionsTest, ABuilderThatIsSlowerThanTheLeaderIsPromotedUnderLoad) {
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

TEST_F(VersionsTest, ViewsOfASetSwitchTogetherAndTheUnchangedOneIsShared) {
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
TEST_F(VersionsTest, VersionsThatShareAViewAreEachPromoted) {
    const auto first = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    dispatch_flood(world, 100);
    const auto second = start("second", in_set(2));
    std::vector<std::string> unshared = in_set(3);
    unshared.insert(unshared.end(), {"--marks", "2"});
    const auto third = start("third", unshared);
    ASSERT_TRUE(is_ready("mark_totals", 2)) << third->error_output();
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
TEST_F(VersionsTest, AVersionIsNotPromotedBeforeThePublicViewCanShowIt) {
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
    EXPECT_NE(world.ask("select status() ->> 'problems'")
                  .find("the promotion of account_totals@2 waits until view account_totals"),
              std::string::npos);
    EXPECT_EQ(world.ask("select sum(total) from account_totals"), "100");
    reader.reset();
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    EXPECT_EQ(world.ask("select sum(total) from account_totals"), "200");
}

// A transaction sees the version that was live at its snapshot, whichever is now.
TEST_F(VersionsTest, ASnapshotFromBeforeTheSwitchShowsTheFormerVersionToItsEnd) {
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

TEST_F(VersionsTest, ASnapshotWhoseVersionIsGoneIsRefusedRatherThanShownNothing) {
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

TEST_F(VersionsTest, APoisonedBuildIsNotPromotedUntilItIsResolved) {
    const auto first = start("first", {"--marks", "2"});
    ASSERT_TRUE(world.leads("first"));
    world.ask(
        "insert into event (type, payload) select 'mark/made', jsonb_build_object('account', 'a',"
        " 'fault', f) from unnest(array['', 'exception', '']) as f; select ring()");
    ASSERT_TRUE(world.settles());
    // "Newer" that fails where the live one does not: version 3 of the other view goes along.
    const auto second = start("second", {"--totals", "2", "--marks", "3"});
    ASSERT_TRUE(world.comes_true("exists (select from view_build where state = 'halted')"))
        << second->error_output();
    const std::string said =
        refusal("promote(array['account_totals', 'mark_totals'], array[2, 3], true)");
    EXPECT_EQ(said.find("BT035 the build of mark_totals@3 is halted at position 1: event 2 "
                        "(mark/made) at position 2: this mark was made to fail"),
              0U)
        << said;
    EXPECT_NE(world.ask("select status() ->> 'problems'").find("build of mark_totals@3 is halted"),
              std::string::npos);
    EXPECT_EQ(world.ask("select state from view_state where view = 'mark_totals'"), "following");

    EXPECT_EQ(world.ask("select resolve_dead_event('mark_totals', 'skip')"), "2");
    world.ask("select promote(array['account_totals', 'mark_totals'], array[2, 3], true)");
    ASSERT_TRUE(is_live("mark_totals", 3)) << second->error_output();
    EXPECT_EQ(world.ask("select marks from mark_totals"), "2");
}

TEST_F(VersionsTest, WhereOneViewOfASetMustStopTheOthersStopWithIt) {
    const auto process = start("first", in_set(1));
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 10);
    world.ask("select dispatch('mark/made', '{\"account\": \"a\", \"fault\": \"exception\"}')");
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.comes_true("exists (select from view_state where state = 'halted')"))
        << process->error_output();
    ASSERT_TRUE(world.comes_true("not exists (select from waiting_events(1))"));
    EXPECT_EQ(world.ask("select string_agg(view || ' ' || state || ' ' || position, ',' order by"
                        " view) from view_state"),
              "account_totals behind 10,mark_totals halted 10");
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "10");
    EXPECT_EQ(world.ask("select reason from view_state where state = 'behind'"),
              "waits for view mark_totals of its set");
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.comes_true("not exists (select from waiting_events(1))"));
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "10");

    world.ask("select resolve_dead_event('mark_totals', 'skip')");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "30");
    world.expect_exact();
}

TEST_F(VersionsTest, OfTwoBuildersOneBuildsAndTheOtherTakesOver) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 1000);
    ASSERT_TRUE(world.settles());
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    const auto third = start("third", {"--totals", "2"});
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return third->error_output().find("cannot lead") != std::string::npos;
    }));
    EXPECT_EQ(world.ask("select node || claim from view_build"), "second1");
    second->kill(SIGKILL);
    ASSERT_TRUE(world.comes_true("(select node || claim from view_build) = 'third2'"))
        << third->error_output();
    dispatch_flood(world, 1000);
    promote("account_totals", 2);
    ASSERT_TRUE(world.leads("third")) << third->error_output();
    ASSERT_TRUE(world.settles());
    world.expect_exact({.totals = 2});
}

TEST_F(VersionsTest, ABuilderWhoseMachineIsRevokedWritesNoMore) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    world.ask("select revoke_machine(machine_id) from machine");
    ASSERT_TRUE(second->wait(seconds(20))) << second->error_output();
    EXPECT_NE(second->error_output().find("BT032"), std::string::npos) << second->error_output();
    dispatch_flood(world, 100);
    EXPECT_EQ(world.ask("select position || ' ' || (select count(*) from account_totals__v2)"
                        " from view_build"),
              "0 0");
}

TEST_F(VersionsTest, ABuildOfNoEventsAndOneWithoutALeaderArePromoted) {
    auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    first->kill(SIGTERM);
    ASSERT_TRUE(first->wait(seconds(10)));
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    world.ask(
        "select dispatch('account/moved', '{\"account\": \"a\", \"amount\": 1,"
        " \"sequence\": 1}')");
    EXPECT_NE(world.ask("select status() ->> 'problems'")
                  .find("second is there, but view set account_totals is live at version 1 and it "
                        "carries account_totals@2"),
              std::string::npos)
        << world.ask("select status() ->> 'problems'");
    promote("account_totals", 2);
    ASSERT_TRUE(world.leads("second")) << second->error_output();
    ASSERT_TRUE(world.settles());
    EXPECT_EQ(world.ask("select total from account_totals"), "2");
}

TEST_F(VersionsTest, InDevelopmentWhatIsBuiltPromotesItselfAndAnOlderProgramStandsBy) {
    auto first = start("first", {"--auto-promote"});
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    const auto second = start("second", {"--totals", "2", "--auto-promote"});
    ASSERT_TRUE(is_live("account_totals", 2)) << second->error_output();
    ASSERT_TRUE(world.leads("second"));
    const auto third = start("third", {"--totals", "3", "--auto-promote"});
    ASSERT_TRUE(is_live("account_totals", 3)) << third->error_output();
    EXPECT_EQ(world.ask("select sum(total) from account_totals"), "300");
    EXPECT_NE(third->error_output().find("view=account_totals@3 from position=100"),
              std::string::npos)
        << "it began with the rows of version 2: " << third->error_output();
    // No ping-pong: the former versions stay warm.
    ASSERT_TRUE(is_ready("account_totals", 1));
    ASSERT_TRUE(is_ready("account_totals", 2));
    EXPECT_EQ(world.ask("select max(id) from promotion"), "2");
}

TEST_F(VersionsTest, ASqlReducerBeginsWithTheFormerRowsAndGoesOnFromThere) {
    const std::string file =
        ::testing::TempDir() + "sql_totals_" + std::to_string(::getpid()) + ".sql";
    std::string text = text_of(sql_totals);
    text = std::regex_replace(text, std::regex("version 1"), "version 2");
    text = std::regex_replace(text, std::regex("sql_totals__v1"), "sql_totals__v2");
    std::ofstream(file) << text
                        << "create function sql_totals__v2_from_v1() returns void language sql as"
                           " 'insert into sql_totals__v2 select * from sql_totals__v1';\n";
    Writers writers(world.url(), 2);
    const auto first = start("first", {"--sql", sql_totals});
    ASSERT_TRUE(world.leads("first")) << first->error_output();
    ASSERT_TRUE(world.comes_true("(select sum(count) from batch) > 100"));
    const auto second = start("second", {"--sql", file});
    ASSERT_TRUE(is_ready("sql_totals", 2)) << second->error_output();
    std::smatch from;
    const std::string said = second->error_output();
    ASSERT_TRUE(
        std::regex_search(said, from, std::regex("view=sql_totals@2 from position=([0-9]+)")))
        << said;
    EXPECT_GT(std::stoi(from[1]), 100);
    promote("sql_totals", 2);
    ASSERT_TRUE(is_live("sql_totals", 2)) << second->error_output();
    writers.stop();
    ASSERT_TRUE(world.settles());
    EXPECT_EQ(world.ask("select (select sum(events) from sql_totals) = (select count(*) from event"
                        " where type = 'account/moved') and (select sum(total) from sql_totals) ="
                        " (select sum(total) from account)"),
              "t");
    std::remove(file.c_str());
}

TEST_F(VersionsTest, WhatCannotBePromotedIsRefusedWithItsReason) {
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

TEST_F(VersionsTest, ARetiredVersionThatComesBackBeginsAnew) {
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

TEST_F(VersionsTest, APromotionOfWhatIsBeingRetiredChangesNothing) {
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

TEST_F(VersionsTest, WhatIsMadeOfARetiredTableKeepsItAndTheLeaderGoesOn) {
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

TEST_F(VersionsTest, AViewThatLeavesItsSetIsPromotedWithTheOneThatTakesIt) {
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

TEST_F(VersionsTest, ALiveSetThatIsGivenUpIsNoMoreAndAProgramWithoutItLeads) {
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

TEST_F(VersionsTest, ABuilderThatHangsIsReplacedAndWritesNothingWhenItWakes) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(is_ready("account_totals", 2)) << second->error_output();
    const auto third = start("third", {"--totals", "2"});
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return third->error_output().find("cannot lead") != std::string::npos;
    }));
    second->kill(SIGSTOP);
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    world.ask("update view_build set seen_at = seen_at - interval '31 seconds'");
    ASSERT_TRUE(world.comes_true("(select node || claim from view_build) = 'third2'"))
        << third->error_output();
    ASSERT_TRUE(is_ready("account_totals", 2));
    second->kill(SIGCONT);
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return second->error_output().find("not ours any more") != std::string::npos ||
               second->error_output().find("standing by",
                                           second->error_output().find("leadership interrupted")) !=
                   std::string::npos;
    })) << second->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    ASSERT_TRUE(world.comes_true("(select position from view_build) = 200"));
    expect_totals(2);
}

TEST_F(VersionsTest, APromotionThatCannotSucceedDeposesNobody) {
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

TEST_F(VersionsTest, ABuildFromALogWhoseBeginningIsGoneIsRefusedWithTheWayOut) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    world.ask("delete from event where id <= 50");
    const auto second = start("second", {"--totals", "2"});
    ASSERT_TRUE(second->wait(seconds(20)));
    EXPECT_NE(
        second->error_output().find("BT008 cannot build from the log: the log after position"),
        std::string::npos)
        << second->error_output();
    EXPECT_NE(second->error_output().find("begin with the rows of a former version"),
              std::string::npos);
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles()) << first->error_output();
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "200");
}

// Kills the promoting process at each step; whoever comes next finds all or nothing of it.
class PromotionCrashTest : public VersionsTest,
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

TEST_F(VersionsTest, ALeaderThatIsKilledInTheMiddleOfAPromotionChangesNothing) {
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

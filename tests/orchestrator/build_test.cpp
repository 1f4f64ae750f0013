// A new version is made beside the live one: by one process, which may hang, be revoked or meet
// what it cannot fold.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>

#include "orchestrator/versions_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

const std::string sql_totals = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

class BuildTest : public VersionsFixture {};

TEST_F(BuildTest, APoisonedBuildIsNotPromotedUntilItIsResolved) {
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

TEST_F(BuildTest, WhereOneViewOfASetMustStopTheOthersStopWithIt) {
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

TEST_F(BuildTest, OfTwoBuildersOneBuildsAndTheOtherTakesOver) {
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

TEST_F(BuildTest, ABuilderWhoseMachineIsRevokedWritesNoMore) {
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

TEST_F(BuildTest, ABuilderThatHangsIsReplacedAndWritesNothingWhenItWakes) {
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

TEST_F(BuildTest, ABuildOfNoEventsAndOneWithoutALeaderArePromoted) {
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

// What is ready before there is any event is claimed anew by each process that carries it, and
// begins anew where the former version's rows are.
TEST_F(BuildTest, ABuildOfNoEventsIsPromotedByTheProcessThatTookItOver) {
    const auto first = start("first");
    ASSERT_TRUE(world.leads("first"));
    for (const int version : {2, 3}) {
        const std::vector<std::string> options{"--totals", std::to_string(version)};
        {
            const auto second = start("second", options);
            ASSERT_TRUE(is_ready("account_totals", version)) << second->error_output();
            second->kill(SIGKILL);
            ASSERT_TRUE(second->wait(seconds(10)));
        }
        const auto third = start("third", options);
        ASSERT_TRUE(is_ready("account_totals", version)) << third->error_output();
        promote("account_totals", version);
        ASSERT_TRUE(is_live("account_totals", version)) << third->error_output();
    }
}

TEST_F(BuildTest, InDevelopmentWhatIsBuiltPromotesItselfAndAnOlderProgramStandsBy) {
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
    EXPECT_NE(third->error_output().find("view=account_totals version=3 position=100"),
              std::string::npos)
        << "it began with the rows of version 2: " << third->error_output();
    // No ping-pong: the former versions stay warm.
    ASSERT_TRUE(is_ready("account_totals", 1));
    ASSERT_TRUE(is_ready("account_totals", 2));
    EXPECT_EQ(world.ask("select max(id) from promotion"), "2");
}

TEST_F(BuildTest, ASqlReducerBeginsWithTheFormerRowsAndGoesOnFromThere) {
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
        std::regex_search(said, from, std::regex("view=sql_totals version=2 position=([0-9]+)")))
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

TEST_F(BuildTest, ABuildFromALogWhoseBeginningIsGoneIsRefusedWithTheWayOut) {
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

}  // namespace
}  // namespace baton::testing

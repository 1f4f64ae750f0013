// Whatever stands in the log: an event that cannot be read is dead for the views that want it, and
// nothing to all others, nor to whoever leads next.
#include <gtest/gtest.h>

#include <csignal>

#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

const std::string sql_file = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

class ReadableTest : public ::testing::Test {
protected:
    ReadableTest() {
        world.ask(
            "create function long_text() returns jsonb language sql as $$ select ('{\"account\":"
            " \"a\", \"fault\": \"\", \"n\": [' || repeat('1e131071,', 8500) || '1]}')::jsonb $$");
    }

    std::unique_ptr<ChildProcess> start(const std::string& node,
                                        std::vector<std::string> options = {}) {
        options.insert(options.end(), {"--sql", sql_file, "--lease", "2000"});
        return world.start({.node = node, .options = std::move(options)});
    }

    // As a version left them that measured otherwise: statements of INSERTs.
    void plant(const std::string& statements) {
        world.ask(
            "alter domain event_payload drop constraint event_payload_bytes;"
            "alter domain event_meta drop constraint event_meta_bytes;" +
            statements +
            "; select set_limit('payload_bytes', 1048576), set_limit('meta_bytes', 16384);"
            " select ring()");
    }
    static std::string mark(const std::string& account) {
        return "insert into event (type, payload) values ('mark/made', '{\"account\": \"" +
               account + "\", \"fault\": \"\"}');";
    }
    [[nodiscard]] std::string marks() {
        return world.ask(
            "select string_agg(account || marks, ',' order by account) from mark_totals");
    }
    [[nodiscard]] std::string dead() {
        return world.ask(
            "select string_agg(view || position || state, ',' order by view, position)"
            " from dead_event");
    }

    World world;
};

TEST_F(ReadableTest, WhatNobodyReadsStopsNobody) {
    plant(mark("a") + "insert into event (type, payload) values ('nobody/reads', long_text());" +
          mark("b"));
    auto process = start("one");
    ASSERT_TRUE(world.leads("one"));
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(marks(), "a1,b1");
    EXPECT_EQ(dead(), "");
    process->kill(SIGKILL);
    process = start("two");
    ASSERT_TRUE(world.leads("two"));
    world.ask(mark("b") + "select ring()");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(marks(), "a1,b2");
}

TEST_F(ReadableTest, ItIsDeadForTheViewThatWantsItAndTheOthersGoOn) {
    plant(mark("a") + "insert into event (type, payload) values ('mark/made', long_text());" +
          mark("b"));
    auto process = start("one");
    ASSERT_TRUE(world.leads("one"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(
        world.comes_true("exists (select from view_state where view = 'mark_totals' and"
                         " state = 'halted' and position = 1)"))
        << process->error_output();
    ASSERT_TRUE(world.comes_true("not exists (select from waiting_events(1))"));
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "100");
    EXPECT_EQ(world.ask("select sum(events) from sql_totals"), "100");
    EXPECT_EQ(dead(), "mark_totals2halting");
    EXPECT_EQ(world.ask("select error from dead_event"),
              "the event cannot be read: payload: it is longer than 268435456 bytes as text, by its"
              " numbers");
    EXPECT_EQ(world.ask("select payload from dead_events()"),
              "\"cannot be read: it is longer than 16777216 bytes as text, by its numbers\"");
    // Whoever comes next stands before it, too.
    process->kill(SIGKILL);
    process = start("two");
    ASSERT_TRUE(world.leads("two"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.comes_true("(select sum(events) from account_totals) = 200"));
    EXPECT_EQ(marks(), "a1");
    world.ask("select resolve_dead_event('mark_totals', 'skip')");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(marks(), "a1,b1");
}

TEST_F(ReadableTest, EveryKindIsSkippedWhereThatIsThePolicyLiveAndWhenReadAgain) {
    plant(mark("a") +
          "insert into event (type, payload) values ('mark/made', long_text());"
          // The meta alone; the reducer that looks at the envelope cannot have it.
          "insert into event (type, payload, meta) values ('mark/made', '{\"account\": \"m\","
          " \"fault\": \"\"}', long_text());" +
          mark("b") +
          // Nested deeper than the reader goes, where the field that is read is text.
          "insert into event (type, payload) values ('mark/made', ('{\"account\": ' ||"
          " repeat('[', 5000) || repeat(']', 5000) || ', \"fault\": \"\"}')::jsonb);"
          "insert into event (type, payload) values ('mark/made', '{\"account\": 1e131071,"
          " \"fault\": \"\"}');"
          "insert into event (type, body, content_type) values ('mark/made', '\\xff00fe',"
          " 'application/json');"
          "insert into event (type, body, content_type) values ('mark/made', '\\xff00fe',"
          " 'application/msgpack');" +
          mark("c"));
    auto process = start("one", {"--skip", "--with-origins"});
    ASSERT_TRUE(world.leads("one"));
    ASSERT_TRUE(world.settles()) << process->error_output();
    const std::string skipped = "2skipped,3skipped,5skipped,6skipped,7skipped,8skipped";
    EXPECT_EQ(
        world.ask("select string_agg(position || state, ',' order by position) from dead_event"
                  " where view = 'mark_totals'"),
        skipped);
    EXPECT_EQ(marks(), "a1,b1,c1");
    process->kill(SIGKILL);

    world.ask(
        "drop view mark_totals; drop table mark_totals__v1;"
        "delete from view_state where view = 'mark_totals';"
        "delete from dead_event where view = 'mark_totals'");
    process = start("two", {"--skip", "--with-origins"});
    ASSERT_TRUE(world.leads("two"));
    ASSERT_TRUE(
        world.comes_true("exists (select from view_state where view = 'mark_totals' and"
                         " state = 'following')"))
        << process->error_output();
    EXPECT_EQ(
        world.ask("select string_agg(position || state, ',' order by position) from dead_event"
                  " where view = 'mark_totals'"),
        skipped);
    EXPECT_EQ(marks(), "a1,b1,c1");
}

TEST_F(ReadableTest, TheLongestThatDispatchTakesIsFolded) {
    const auto process = start("one");
    ASSERT_TRUE(world.leads("one"));
    // 435 bytes in the log, and 3.5 MB as text.
    world.ask(
        "select dispatch('mark/made', jsonb_build_object('account', 'a', 'fault', '', 'n',"
        " (select jsonb_agg(('1' || repeat('0', 131071) || '.' || repeat('0', 16383))::jsonb) from"
        " generate_series(1, 24)))) from generate_series(1, 20)");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(dead(), "");
    EXPECT_EQ(marks(), "a20");
}

TEST_F(ReadableTest, MsgpackThatWasDispatchedIsFolded) {
    const auto process = start("one");
    ASSERT_TRUE(world.leads("one"));
    // {"account": "p", "fault": ""}
    world.ask(
        "select dispatch_bytes('mark/made', '\\x82a76163636f756e74a170a56661756c74a0',"
        " 'application/msgpack')");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(dead(), "");
    EXPECT_EQ(marks(), "p1");
}

}  // namespace
}  // namespace baton::testing

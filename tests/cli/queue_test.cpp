// The verbs by which a person says what is to become of tasks: when, after which, how often, whose.

#include <gtest/gtest.h>

#include <regex>

#include "sql/task_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class QueueTest : public TaskFixture {
protected:
    Ran run(const std::vector<std::string>& arguments) { return tool_.run(arguments); }
    std::string refused(const std::vector<std::string>& arguments) {
        const Ran ran = run(arguments);
        EXPECT_NE(ran.code, 0) << ran.out;
        return ran.err;
    }

    Tool tool_{database_};
};

TEST_F(QueueTest, EnqueueSaysAllThatTheFunctionTakes) {
    TestNode one = node();
    EXPECT_EQ(run({"enqueue", "send"}).out, "1\n");
    EXPECT_EQ(run({"enqueue", "send", "--after", "1", "--when-failed", "hold"}).out, "2\n");
    EXPECT_EQ(run({"enqueue", "send", "--unique-key", "k", "--every", "10 min"}).out, "3\n");
    EXPECT_EQ(run({"enqueue", "send", "--unique-key", "k", "--every", "10 min"}).out, "3\n");
    EXPECT_EQ(run({"enqueue", "send", "--unique-key", "k", "--on-conflict", "replace"}).out, "4\n");
    EXPECT_EQ(run({"enqueue", "send", "--expires", "1 hour"}).out, "5\n");
    EXPECT_EQ(text("select concat(after, ' ', when_failed) from task_due"), "1 hold");
    EXPECT_EQ(state_of(3), "replaced");
    EXPECT_EQ(text("select (expires_at between clock_timestamp() + interval '59 min' and "
                   "clock_timestamp() + interval '61 min')::text from task_expiry"),
              "true");
    EXPECT_NE(refused({"enqueue", "send", "--after", "4711"}).find("there is no task 4711"),
              std::string::npos);
    EXPECT_EQ(refused({"enqueue", "send", "--unique-key", "k", "--every", "often"}),
              "baton: --every must be a time (10 min), not \"often\" [BT027]\n");
    EXPECT_NE(refused({"enqueue", "send", "--every", "1 min"}).find("[BT042]"), std::string::npos);
    EXPECT_NE(refused({"enqueue", "send", "--expires", "never"}).find("--expires must be a time"),
              std::string::npos);
}

TEST_F(QueueTest, UpdateChangesWhatWaits) {
    TestNode one = node();
    enqueue();
    EXPECT_EQ(run({"tasks", "update", "1", "--payload", "7", "--priority", "3"}).out,
              "task 1 is changed, and waiting\n");
    EXPECT_EQ(run({"tasks", "update", "1", "--run-at", "1 hour"}).out,
              "task 1 is changed, and due\n");
    EXPECT_EQ(run({"tasks", "update", "1", "--run-at", "2020-01-01"}).out,
              "task 1 is changed, and waiting\n");
    EXPECT_EQ(one.claim().at(0).payload, "7");
    EXPECT_EQ(refused({"tasks", "update", "1", "--payload", "8"}),
              "baton: task 1 is claimed; nothing was changed [BT042]\n");
    EXPECT_NE(refused({"tasks", "update", "1"}).find("say what changes"), std::string::npos);
    EXPECT_NE(refused({"tasks", "update", "1", "--payload", "{"}).find("no JSON"),
              std::string::npos);
}

TEST_F(QueueTest, HandlersGetARateAndAreShared) {
    const TestNode one = node();
    enqueue("'send', tenant => 'a'");
    EXPECT_EQ(run({"handlers", "limit", "send", "--rate", "100", "--per", "1 min"}).out,
              "of send 100 tasks may be taken in 1 min\n");
    EXPECT_EQ(run({"handlers", "fair", "send", "--lane", "a", "--weight", "5"}).out,
              "the tenants of send share what nodes have\n");
    EXPECT_EQ(text("select concat(rate_max, ' ', rate_per, ' ', is_fair) from handlers()"),
              "100 00:01:00 t");
    EXPECT_EQ(number("select weight from lane_weight where name = 'a'"), 5);
    EXPECT_EQ(state_of(1), "following");
    EXPECT_EQ(run({"handlers", "limit", "send", "--rate", "0"}).out,
              "of send any number of tasks may be taken\n");
    EXPECT_EQ(run({"handlers", "fair", "send", "--off"}).out,
              "the lanes of send have a width again\n");
    EXPECT_NE(refused({"handlers", "fair", "send", "--weight", "5"}).find("--lane"),
              std::string::npos);
    EXPECT_NE(
        refused({"handlers", "limit", "send", "--rate", "1", "--per", "0.1 s"}).find("[BT042]"),
        std::string::npos);
    EXPECT_NE(refused({"handlers", "fair", "sent"}).find("[BT037]"), std::string::npos);
}

TEST_F(QueueTest, ANodeRests) {
    TestNode one = node({.name = "one"});
    enqueue();
    EXPECT_EQ(run({"nodes", "pause", "one", "--reason", "its disk\033 is full"}).out,
              "one is paused: it gets no tasks until \"baton nodes resume one\"\n");
    EXPECT_EQ(run({"nodes", "pause", "one"}).out, "one was paused already\n");
    EXPECT_TRUE(one.claim().empty());
    const std::string listed = run({"nodes"}).out;
    EXPECT_NE(listed.find("paused since "), std::string::npos) << listed;
    EXPECT_EQ(listed.find('\033'), std::string::npos) << listed;
    const std::string status =
        std::regex_replace(run({"status"}).out, std::regex("[[:space:]]+"), " ");
    EXPECT_NE(status.find("node one is paused since "), std::string::npos) << status;
    EXPECT_EQ(run({"nodes", "resume", "one"}).out, "one goes on\n");
    EXPECT_EQ(run({"nodes", "resume", "one"}).out, "one was not paused\n");
    EXPECT_EQ(one.claim().size(), 1U);
    EXPECT_EQ(refused({"nodes", "pause", "two"}),
              "baton: there is no live node two; there are one [BT042]\n");
}

TEST_F(QueueTest, WhatWaitsOfAHandlerIsPurged) {
    TestNode one = node();
    const std::int64_t parent = enqueue();
    enqueue("'send', lane => 'l'");
    enqueue("'send', lane => 'l'");
    enqueue("'send', unique_key => 'k', run_at => '2100-01-01'");
    enqueue("'send', after => " + std::to_string(parent));
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[1200]))");
    const ClaimedTask held = one.claim().at(0);
    EXPECT_EQ(run({"tasks", "purge", "send", "--limit", "1"}).out, "1 task of send is cancelled\n");
    EXPECT_EQ(run({"tasks", "purge", "send", "--reason", "by mistake"}).out,
              "1203 tasks of send are cancelled\n");
    EXPECT_EQ(run({"tasks", "purge", "send"}).out, "0 tasks of send are cancelled\n");
    EXPECT_TRUE(one.complete(held.token)) << "what nodes have goes on";
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'cancelled'"), 1204);
    EXPECT_EQ(
        refused({"tasks", "purge", "sent"}).find("is it 'send'? [BT037]") == std::string::npos,
        false);
}

}  // namespace
}  // namespace baton::testing

// Not now: a handler puts a task off, an operator stops a handler. Neither costs a task anything.

#include <gtest/gtest.h>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskSnoozeTest : public testing::TaskFixture {};

TEST_F(TaskSnoozeTest, TaskComesBackAfterThePauseAndNothingIsCounted) {
    TestNode one = node();
    connection_.exec("update handler set max_attempts = 2, max_deliveries = 2");
    const std::int64_t task = enqueue();
    for (int round = 0; round < 4; ++round) {
        const ClaimedTask claimed = one.claim().at(0);
        EXPECT_EQ(claimed.attempt, 1);
        EXPECT_EQ(claimed.delivery, 1);
        one.start(claimed.token);
        EXPECT_TRUE(one.snooze(claimed.token, "10 min"));
        EXPECT_FALSE(one.snooze(claimed.token, "20 min")) << "said twice";
        EXPECT_EQ(outcome_of([&] { one.complete(claimed.token); }).sqlstate, "BT039");
        const std::int64_t seconds =
            number("select round(extract(epoch from due_at - clock_timestamp())) from task_due");
        EXPECT_LE(seconds, 600);
        EXPECT_GT(seconds, 540);
        maintain();
        EXPECT_TRUE(one.claim().empty());
        connection_.exec("update task_due set due_at = clock_timestamp()");
        maintain();
    }
    EXPECT_EQ(state_of(task), "waiting");
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
}

TEST_F(TaskSnoozeTest, OnlyWhoHasTheTaskPutsItOff) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    const std::int64_t task = enqueue();
    const ClaimedTask claimed = one.claim()[0];
    const std::string& token = claimed.token;
    EXPECT_FALSE(other.snooze(token, "1 min"));
    EXPECT_FALSE(one.snooze("4711", "1 min"));
    for (const char* pause : {"-1 s", "11 years"}) {
        EXPECT_EQ(outcome_of([&] { one.snooze(token, pause); }).sqlstate, "BT042") << pause;
    }
    EXPECT_EQ(outcome_of([&] {
                  connection_.exec(call_of("snooze($1, $2, null)", one, claimed));
              }).sqlstate,
              "BT042");
    EXPECT_EQ(state_of(task), "claimed");

    sql::Transaction completing(one.connection());
    completing.exec(call_of("complete($1, $2)", one, claimed));
    auto snoozed = waiting(call_of("snooze($1, $2, '0')", one, claimed));
    completing.commit();
    EXPECT_EQ(snoozed.get(), "f");
    EXPECT_EQ(state_of(task), "done");
}

class HandlerPauseTest : public testing::TaskFixture {
protected:
    bool pause(const std::string& arguments) {
        return text("select pause_handler(" + arguments + ")") == "t";
    }
    bool resume() { return text("select resume_handler('send')") == "t"; }
};

TEST_F(HandlerPauseTest, ClaimsGiveNothingOfAHandlerThatIsPaused) {
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "print", "version": 1, "build": "b1"}])"});
    const std::int64_t running = enqueue();
    const std::string token = one.claim()[0].token;
    EXPECT_TRUE(pause("'send', 'the mail server is down'"));
    EXPECT_FALSE(pause("'send', 'said twice'"));
    EXPECT_EQ(text("select paused_by::text || ': ' || pause_reason from handler "
                   "where paused_at <= clock_timestamp() and name = 'send'"),
              text("select session_user") + ": the mail server is down");

    const std::int64_t task = enqueue();
    enqueue("'print'");
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_EQ(one.claim(10, "print").size(), 1U) << "others go on";
    EXPECT_TRUE(one.complete(token)) << "and so does what runs";
    EXPECT_EQ(state_of(running), "done");
    EXPECT_EQ(state_of(task), "waiting") << "what is made meanwhile waits";

    EXPECT_TRUE(resume());
    EXPECT_FALSE(resume());
    EXPECT_EQ(number("select count(*) from handler where paused_at is null and paused_by is null "
                     "and pause_reason is null"),
              2);
    EXPECT_EQ(one.claim(10).size(), 1U);
}

TEST_F(HandlerPauseTest, HandlerThatNobodyRegisteredIsRefused) {
    const TestNode one = node();
    EXPECT_EQ(outcome_of([&] { pause("'sent'"); }).sqlstate, "BT037");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select resume_handler('sent')"); }).sqlstate,
              "BT037");
    EXPECT_TRUE(pause("'send'"));
}

}  // namespace
}  // namespace baton

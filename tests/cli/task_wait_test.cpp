// baton tasks wait and handlers limit: what they print, and how they exit.

#include <gtest/gtest.h>

#include "sql/task_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class TaskWaitVerbTest : public TaskFixture {
protected:
    Tool tool_{database_};
};

TEST_F(TaskWaitVerbTest, PrintsTheResultAndSaysHowElseItEnded) {
    TestNode one = node();
    enqueue();
    enqueue();
    const Ran late = tool_.run({"tasks", "wait", "2", "--timeout", "0.1s"});
    EXPECT_EQ(late.code, 3);
    EXPECT_EQ(late.err,
              "baton: task 2 has not ended; `baton tasks why 2` tells what it waits for [BT005]\n");
    one.complete(one.claim().at(0).token, R"({"sent": 1})");
    connection_.exec("select cancel(2, 'not wanted')");
    const Ran done = tool_.run({"tasks", "wait", "1", "--timeout", "30s"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.out, "{\"sent\": 1}\n");
    const Ran cancelled = tool_.run({"tasks", "wait", "2"});
    EXPECT_EQ(cancelled.code, 1);
    EXPECT_EQ(cancelled.err, "baton: task 2 is cancelled: cancelled by baton: not wanted\n");
    EXPECT_EQ(tool_.run({"tasks", "wait", "9"}).err, "baton: there is no task 9 [BT042]\n");
    EXPECT_EQ(tool_.run({"tasks", "wait", "1", "--timeout", "soon"}).code, 2);
}

TEST_F(TaskWaitVerbTest, ForgottenTaskIsToldFromOneThatNeverWas) {
    TestNode one = node();
    enqueue();
    one.complete(one.claim().at(0).token);
    EXPECT_EQ(tool_.run({"environment", "set-limit", "test", "task_history", "1 hour"}).out,
              "test: task_history is 1 hour\n");
    EXPECT_EQ(tool_.run({"environment", "set-limit", "test", "task_history", "0"}).code, 1);
    connection_.exec("update task_end set ended_at = ended_at - interval '2 hours'");
    connection_.exec("update task set enqueued_at = enqueued_at - interval '2 hours'");
    maintain();
    maintain();
    for (const std::string verb : {"show", "why", "wait"}) {
        const Ran ran = tool_.run({"tasks", verb, "1"});
        EXPECT_EQ(ran.err,
                  "baton: task 1 is not kept any more: it has ended, and history is kept for "
                  "01:00:00 [BT050]\n")
            << verb;
        EXPECT_EQ(ran.code, 1);
    }
    EXPECT_EQ(tool_.run({"environment", "set-limit", "test", "task_history", "none"}).code, 0);
}

TEST_F(TaskWaitVerbTest, LimitsHowLongATaskRuns) {
    const TestNode one = node();
    EXPECT_EQ(tool_.run({"handlers", "limit", "send", "--run-at-most", "5 min"}).out,
              "send: a task runs for 5 min at most\n");
    EXPECT_EQ(text("select run_at_most::text from handler"), "00:05:00");
    EXPECT_EQ(tool_.run({"handlers", "limit", "send", "--run-at-most", "none"}).out,
              "send: a task runs for as long as its node lives\n");
    EXPECT_EQ(number("select count(run_at_most) from handler"), 0);
    EXPECT_EQ(tool_.run({"handlers", "limit", "sent", "--run-at-most", "1 min"}).code, 1);
}

}  // namespace
}  // namespace baton::testing

// A node that is stopped: what runs may end, what waits goes back at once, nothing is burnt.
#include <pqxx/dbtransaction>

#include "node_agent/running_agent.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class NodeStopTest : public NodeAgentFixture {
protected:
    // What no handler has begun with: as if it had never been given out.
    void expect_untouched(std::int64_t count) {
        EXPECT_EQ(number("select count(*) from task_ready where attempts = 0 and deliveries = 0"),
                  count);
        EXPECT_EQ(number("select count(*) from task_failure"), 0);
    }
};

TEST_F(NodeStopTest, HandsBackAtOnceWhatNoHandlerHasBegunWith) {
    Gate gate;
    RunningAgent agent(options(), handlers([&](const Job& job, TaskContext& task) {
                           if (job.note == "quick") return done();
                           gate.pass();
                           return write_down(job, task);
                       }));
    // It comes to hold many, by the quick ones; of the next two run, and the others wait.
    connection_.exec(
        "select enqueue('work', '{\"number\": 0, \"note\": \"quick\"}') from "
        "generate_series(1, 300)");
    ASSERT_TRUE(has_ended(300));
    enqueue(100);
    ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 2; }));
    ASSERT_TRUE(eventually(
        60s, [&] { return number("select count(*) from task_claim where started <> '{}'") > 0; }));
    std::thread stopping([&] { agent.stop(); });
    EXPECT_TRUE(eventually(60s, [&] { return number("select count(*) from task_ready") == 98; }));
    gate.open();
    stopping.join();
    EXPECT_EQ(agent.left_running(), 0);
    EXPECT_EQ(number("select count(*) from task_end"), 302);
    EXPECT_EQ(number("select count(*) from node where ended_at is null"), 0);
    expect_untouched(98);
}

TEST_F(NodeStopTest, HandlerThatDoesNotEndIsLeftAndItsTaskHandedBack) {
    enqueue(1);
    Gate gate;
    std::atomic<bool> was_told{false};
    NodeOptions how = options();
    how.stop_patience = 200ms;
    {
        RunningAgent agent(how, handlers([&](const Job&, TaskContext& task) {
                               gate.pass();
                               was_told = task.cancelled();
                               return done();
                           }));
        ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 1; }));
        const auto begun = std::chrono::steady_clock::now();
        agent.stop();
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
        EXPECT_EQ(agent.error(), "");
        EXPECT_EQ(agent.left_running(), 1);
        EXPECT_EQ(number("select count(*) from task_ready"), 1);
    }
    gate.open();
    EXPECT_TRUE(eventually(60s, [&] { return was_told.load(); }));
    EXPECT_EQ(number("select count(*) from task_end"), 0);
}

TEST_F(NodeStopTest, ManyTimesUnderFullLoadBurnsNothing) {
    constexpr int jobs = 3000;
    enqueue(jobs);
    for (int life = 0; life < 20 && number("select count(*) from task_end") < jobs; ++life) {
        RunningAgent agent(options("life"), handlers(write_down));
        const std::int64_t before = number("select count(*) from task_end");
        ASSERT_TRUE(eventually(60s, [&] {
            const std::int64_t now = number("select count(*) from task_end");
            return now >= before + 50 || now == jobs;
        }));
        agent.stop();
        EXPECT_EQ(agent.error(), "");
        EXPECT_EQ(number("select count(*) from task_ready where attempts > 0 or deliveries > 0"),
                  0);
    }
    RunningAgent last(options("last"), handlers(write_down));
    ASSERT_TRUE(has_ended(jobs));
    expect_each_once(jobs);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(number("select count(*) from task_end where attempts <> 1"), 0);
}

}  // namespace
}  // namespace baton::testing

// A node that sleeps is woken; it does not depend on its polls, nor on the bell alone.
#include <pqxx/dbtransaction>

#include "node_agent/running_agent.hpp"
#include "support/proxy.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class NodeBellTest : public NodeAgentFixture {
protected:
    [[nodiscard]] NodeOptions sleepy(const std::string& url) const {
        NodeOptions made = options();
        made.url = url;
        made.poll = 10min;
        return made;
    }
    [[nodiscard]] bool is_asleep() {
        return eventually(60s, [&] {
            return number("select count(*) from node_asleep") > 0 &&
                   number(
                       "select count(*) from pg_stat_activity where datname = "
                       "current_database() and query like 'LISTEN%'") > 0;
        });
    }
    [[nodiscard]] bool does(std::int64_t count) {
        return eventually(20s, [&] { return number("select count(*) from task_end") == count; });
    }
};

TEST_F(NodeBellTest, WakesForWhateverMakesATaskReady) {
    RunningAgent agent(sleepy(url_), handlers(write_down));
    ASSERT_TRUE(is_asleep());
    for (int i = 1; i <= 20; ++i) {
        enqueue(1);
        ASSERT_TRUE(does(i)) << "task " << i;
    }
    enqueue(1, ", priority => 5");
    EXPECT_TRUE(does(21)) << "with a priority";
    connection_.exec("select enqueue_many('work', array[jsonb '{\"number\": 1, \"note\": \"\"}'])");
    EXPECT_TRUE(does(22)) << "enqueue_many()";
    enqueue(1, ", run_at => clock_timestamp() + interval '0.5 s'");
    EXPECT_TRUE(does(23)) << "one whose time comes";
    enqueue(1000);
    EXPECT_TRUE(does(1023)) << "many at once";
    ASSERT_TRUE(is_asleep());
    enqueue(1);
    EXPECT_TRUE(does(1024)) << "after it was busy";
}

TEST_F(NodeBellTest, NodeThatIsBusyIsNotRung) {
    Gate gate;
    RunningAgent agent(sleepy(url_), handlers([&](const Job& job, TaskContext& task) {
                           gate.pass();
                           return write_down(job, task);
                       }));
    ASSERT_TRUE(is_asleep());
    enqueue(100);
    EXPECT_TRUE(eventually(20s, [&] { return number("select count(*) from node_asleep") == 0; }));
    EXPECT_EQ(connection_.exec("select pg_sequence_last_value('task_doorbell')")
                  .only()
                  .integer_or_null(0),
              std::nullopt)
        << "an enqueue() then costs nothing";
    gate.open();
    EXPECT_TRUE(does(100));
}

TEST_F(NodeBellTest, ComesBackWhereItsSessionIsLost) {
    Proxy proxy(url_);
    RunningAgent agent(sleepy(proxy.url()), handlers(write_down));
    for (int i = 1; i <= 5; ++i) {
        ASSERT_TRUE(is_asleep());
        enqueue(1);
        ASSERT_TRUE(does(i));
        proxy.cut("baton node listener");
    }
}

TEST_F(NodeBellTest, PollFindsWhatNobodyRangFor) {
    NodeOptions how = sleepy(url_);
    how.poll = 100ms;
    RunningAgent agent(how, handlers(write_down));
    ASSERT_TRUE(is_asleep());
    // As if it had committed in the moment in which the node fell asleep; and what it said is gone.
    connection_.exec("delete from node_asleep");
    connection_.exec("select setval('task_doorbell', 1, false)");
    enqueue(1);
    EXPECT_TRUE(does(1));
    EXPECT_TRUE(is_asleep()) << "it says so again";
}

// Of many nodes one sees to maintain(), and each of the others only to whether somebody does.
TEST_F(NodeBellTest, SeesToWhatIsDueOnceNobodyElseDoes) {
    sql::Connection other(url_, in_test_schema());
    sql::Transaction turn(other);
    turn.exec("select from turn where name = 'maintenance' for update");
    NodeOptions how = sleepy(url_);
    how.lease = 1500ms;
    RunningAgent agent(how, handlers(write_down));
    ASSERT_TRUE(is_asleep());
    ASSERT_TRUE(eventually(20s, [&] {
        return number("select count(*) from node where alive_at > registered_at + interval '1 s'") >
               0;
    }));
    turn.commit();
    enqueue(1, ", run_at => clock_timestamp() + interval '0.2 s'");
    EXPECT_TRUE(does(1));
}

// Where only one may run, the end of it makes room; nobody rings for that, but in a pass of
// maintain().
TEST_F(NodeBellTest, LooksAgainOnceOneOfItsTasksHasEnded) {
    connection_.exec("select limit_running('work', 1)");
    sql::Connection other(url_, in_test_schema());
    sql::Transaction turn(other);
    turn.exec("select from turn where name = 'maintenance' for update");
    Gate gate;
    RunningAgent agent(sleepy(url_), handlers([&](const Job& job, TaskContext& task) {
                           gate.pass();
                           return write_down(job, task);
                       }));
    enqueue(2);
    ASSERT_TRUE(eventually(20s, [&] { return gate.came() == 1; }));
    ASSERT_TRUE(is_asleep());
    gate.open();
    EXPECT_TRUE(does(2));
}

// A handler is told of what a person decides while it runs.
TEST_F(NodeBellTest, CancelledTaskIsToldToItsHandler) {
    std::atomic<bool> was_told{false};
    NodeOptions how = options();
    how.lease = 6s;
    RunningAgent agent(how, handlers([&](const Job& job, TaskContext& task) {
                           was_told = eventually(20s, [&] { return task.cancelled(); });
                           return write_down(job, task);
                       }));
    enqueue(1);
    // What is cancelled before it is told to have started is heard of in that answer.
    ASSERT_TRUE(eventually(
        60s, [&] { return number("select count(*) from task_claim where started <> '{}'") == 1; }));
    EXPECT_EQ(text("select cancel(task) from task_claim, unnest(tasks) as task"), "cancelled");
    EXPECT_TRUE(eventually(60s, [&] { return was_told.load(); }));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    EXPECT_EQ(number("select count(*) from public.job_done"), 0);
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'cancelled'"), 1);
}

TEST_F(NodeBellTest, SnoozedTaskComesBackAndCountsNothing) {
    std::atomic<int> calls{0};
    RunningAgent agent(sleepy(url_), handlers([&](const Job& job, TaskContext& task) {
                           EXPECT_EQ(task.task().attempt, 1);
                           if (++calls < 4) return snooze(50ms);
                           return write_down(job, task);
                       }));
    enqueue(1);
    EXPECT_TRUE(does(1));
    EXPECT_EQ(calls, 4);
    expect_each_once(1);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
}

}  // namespace
}  // namespace baton::testing

// The bus of a task: it ends with the call of its handler, Postgres hears nothing of it, and one
// door leads out of it, for some, and only if the task is completed.
#include <atomic>
#include <iostream>
#include <latch>

#include "baton/local_bus/bus.hpp"
#include "node_agent/running_agent.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct PartDone {
    static constexpr std::string_view topic = "part/done";
    std::int64_t number = 0;
    BATON_FIELDS(number)
};

struct MonthComputed {
    static constexpr std::string_view event_type = "month/computed";
    std::int64_t total = 0;
    BATON_FIELDS(total)
};

struct SecretTold {
    static constexpr std::string_view event_type = "secret/told";
    std::int64_t total = 0;
    BATON_FIELDS(total)
};

class TaskBusTest : public NodeAgentFixture {
protected:
    NodeOptions promoting() const {
        NodeOptions made = options();
        made.promote = {"month/computed"};
        return made;
    }
};

void tell(std::uint64_t parts) { std::cout << parts << " parts\n"; }

// clang-format off
Outcome compute_month(const Job& job, TaskContext& task) {
    baton::Bus& bus = task.bus();  // of its own: everything on it ends with the call
    std::atomic<std::int64_t> total = 0;
    auto parts = bus.subscribe<PartDone>({.depth = 256, .when_full = baton::Block{500ms}},
                                         [&](const PartDone& part) { total += part.number; });
    auto pool = bus.fan_out<std::int64_t>({.threads = 4}, [&](std::int64_t number) {
        bus.publish(PartDone{number});  // a million of these, and Postgres hears of none
    });
    for (std::int64_t number = 1; number <= job.number; ++number) pool.push(number);
    while (!pool.wait_for(100ms)) tell(pool.stats().done);
    if (task.cancelled()) return baton::snooze(0ms);
    if (!parts.wait_for(1s) || parts.lost() > 0) return baton::retry("parts were lost");
    task.promote(MonthComputed{total}, {.key = "2017-01"});  // the only door; commits with the task
    return baton::done();
}
// clang-format on

TEST_F(TaskBusTest, AHandlerSplitsItsWorkAndPromotesWhatItComesTo) {
    connection_.exec("select enqueue('work', '{\"number\": 1000, \"note\": \"\"}')");
    RunningAgent agent(promoting(), handlers(compute_month));
    ASSERT_TRUE(has_ended(1));
    EXPECT_EQ(text("select concat_ws(' ', type, key, payload ->> 'total', "
                   "meta #>> '{promoted,attempt}', meta #>> '{promoted,sequence}', "
                   "(meta #>> '{promoted,task}')::bigint = (select max(id) from task)) from event"),
              "month/computed 2017-01 500500 1 1001 t");
}

TEST_F(TaskBusTest, WhatIsNotNamedStaysOnTheBus) {
    enqueue(1);
    RunningAgent agent(promoting(), handlers([](const Job&, TaskContext& task) -> Outcome {
                           task.promote(MonthComputed{1});
                           task.promote(SecretTold{1});
                           return done();
                       }));
    EXPECT_TRUE(eventually(60s, [&] { return number("select count(*) from task_failure") > 0; }));
    agent.stop();
    EXPECT_EQ(text("select error from task_failure limit 1"),
              "event type \"secret/told\" may not leave the local bus: name it in [bus] promote of "
              "the environment's file");
    EXPECT_EQ(number("select count(*) from event"), 0);  // also what was promoted before
}

TEST_F(TaskBusTest, AnAttemptPromotesAThousandEvents) {
    enqueue(1);
    RunningAgent agent(promoting(), handlers([](const Job&, TaskContext& task) -> Outcome {
                           for (int i = 0; i < 1000; ++i) task.promote(MonthComputed{i});
                           try {
                               task.promote(MonthComputed{1000});
                           } catch (const Error& error) {
                               EXPECT_EQ(error.code(), ErrorCode::event_local);
                               return done();
                           }
                           return dead_letter("one more was promoted");
                       }));
    ASSERT_TRUE(has_ended(1));
    EXPECT_EQ(number("select count(*) from event"), 1000);
}

TEST_F(TaskBusTest, AnAttemptThatLostItsClaimPromotesNothing) {
    enqueue(1);
    Gate gate;
    RunningAgent agent(promoting(), handlers([&](const Job&, TaskContext& task) -> Outcome {
                           task.promote(MonthComputed{1});
                           gate.pass();
                           return done();
                       }));
    EXPECT_TRUE(eventually(60s, [&] { return gate.came() == 1; }));
    connection_.exec("select cancel(max(id), 'no use') from task");
    gate.open();
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    EXPECT_EQ(number("select count(*) from event"), 0);
}

TEST_F(TaskBusTest, TheBusEndsWithTheCallAndItsScopeWithTheTask) {
    enqueue(1);
    std::atomic<int> after{0};
    std::atomic<bool> has_returned{false};
    std::atomic<bool> was_cancelled{false};
    std::latch runs(1);
    RunningAgent agent(options(), handlers([&](const Job&, TaskContext& task) -> Outcome {
                           Bus& bus = task.bus();
                           auto pool = bus.fan_out<std::int64_t>(
                               {.threads = 1}, [&](std::int64_t, const CancelScope& scope) {
                                   runs.count_down();
                                   while (!scope.cancelled()) std::this_thread::yield();
                                   was_cancelled = true;
                                   if (has_returned) ++after;
                               });
                           pool.push(1);
                           EXPECT_TRUE(pool.wait_for(60s));
                           EXPECT_TRUE(task.cancelled());
                           has_returned = true;
                           return snooze(0ms);
                       }));
    runs.wait();
    agent.stop();
    EXPECT_TRUE(was_cancelled);
    EXPECT_EQ(after, 0);
    EXPECT_EQ(agent.left_running(), 0);
}

// A row for each message would be 20 MB of WAL; a task that says nothing leaves some KB, too.
TEST_F(TaskBusTest, PostgresHearsNothingOfTheBus) {
    constexpr std::int64_t messages = 200'000;
    std::atomic<std::int64_t> heard{0};
    std::atomic<std::uint64_t> lost{0};
    const auto speak = [&](const Job&, TaskContext& task) -> Outcome {
        const Subscription subscription = task.bus().subscribe<PartDone>(
            {.when_full = Block{600s}}, [&](const PartDone&) { ++heard; });
        for (std::int64_t i = 0; i < messages; ++i) task.bus().publish(PartDone{i});
        EXPECT_TRUE(eventually(60s, [&] { return heard == messages; }));
        lost = subscription.lost();
        return done();
    };
    const std::string before = text("select pg_current_wal_insert_lsn()");
    enqueue(1);
    RunningAgent agent(options(), handlers(speak));
    ASSERT_TRUE(has_ended(1));
    agent.stop();
    EXPECT_EQ(heard, messages);
    EXPECT_EQ(lost, 0U);
    EXPECT_LT(number("select pg_current_wal_insert_lsn() - '" + before + "'::pg_lsn"), 1'000'000);
    EXPECT_EQ(number("select count(*) from event"), 0);
}

}  // namespace
}  // namespace baton::testing

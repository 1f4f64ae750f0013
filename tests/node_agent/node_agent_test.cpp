// The node agent against a real database: tasks are done once, whatever they come to.
#include "baton/node_agent/node_agent.hpp"

#include <pqxx/dbtransaction>

#include "baton/sql/enqueue.hpp"
#include "node_agent/running_agent.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class NodeAgentTest : public NodeAgentFixture {};

TEST_F(NodeAgentTest, DoesEachTaskOnceAndKeepsItsResult) {
    enqueue(3000);
    std::atomic<int> calls{0};
    RunningAgent agent(options(), handlers([&](const Job& job, TaskContext&) {
                           ++calls;
                           return done(Job{.number = job.number * 2, .note = "twice"});
                       }));
    ASSERT_TRUE(has_ended(3000));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    EXPECT_EQ(calls, 3000);
    EXPECT_EQ(number("select count(*) from task_end e join task t on t.id = e.task "
                     "where (e.result ->> 'number')::bigint = 2 * (t.payload ->> 'number')::bigint "
                     "and e.result ->> 'note' = 'twice' and e.attempts = 1"),
              3000);
}

TEST_F(NodeAgentTest, WhatAHandlerWritesCommitsWithTheEndOfItsTask) {
    enqueue(500);
    RunningAgent agent(options(), handlers([](const Job& job, TaskContext& task) {
                           write_down(job, task);
                           task.enqueue(
                               "work", Job{.number = -job.number, .note = "child"},
                               {.run_at = Timestamp::from_text("2100-01-01 00:00:00+00").value()});
                           // Of every fifth the first attempt fails, in one way or the other.
                           if (job.number % 5 != 0 || task.task().attempt > 1) return done();
                           if (job.number % 2 == 0) throw std::runtime_error("on purpose");
                           return retry("on purpose", 0ms);
                       }));
    ASSERT_TRUE(has_ended(500));
    expect_each_once(500);
    EXPECT_EQ(number("select count(*) from task where payload ->> 'note' = 'child'"), 500);
    EXPECT_EQ(number("select count(*) from task_failure where error = 'on purpose'"), 100);
}

TEST_F(NodeAgentTest, FailuresSayWhyAndTheLastOneIsTheEnd) {
    connection_.exec("update handler set max_attempts = 2, retry_after = '0'");
    enqueue(4);
    RunningAgent agent(options(), handlers([](const Job& job, TaskContext& task) -> Outcome {
                           switch (job.number) {
                               case 1:
                                   throw std::runtime_error("thrown");
                               case 2:
                                   return dead_letter("no use");
                               case 3:
                                   task.tx().exec("select 1 / 0");
                                   break;
                               default:
                                   throw 4;  // NOLINT(hicpp-exception-baseclass)
                           }
                           return done();
                       }));
    ASSERT_TRUE(has_ended(4, "dead"));
    agent.stop();
    const auto said = [&](int job) {
        return text(
            "select string_agg(f.error, '; ' order by f.attempt) from task_failure f "
            "join task t on t.id = f.task where (t.payload ->> 'number')::int = " +
            std::to_string(job));
    };
    EXPECT_EQ(said(1), "thrown; thrown");
    EXPECT_EQ(said(2), "no use");
    EXPECT_NE(said(3).find("division by zero"), std::string::npos) << said(3);
    EXPECT_EQ(said(4),
              "the handler threw something that is no std::exception; "
              "the handler threw something that is no std::exception");
}

TEST_F(NodeAgentTest, ResultThatTheDatabaseRefusesFailsOnlyItsOwnTask) {
    connection_.exec("select set_limit('payload_bytes', 1000)");
    enqueue(50);
    RunningAgent agent(
        options(), handlers([](const Job& job, TaskContext&) {
            return done(Job{.number = 0, .note = std::string(job.number == 25 ? 5000 : 5, 'x')});
        }));
    ASSERT_TRUE(has_ended(49));
    ASSERT_TRUE(has_ended(1, "dead"));
    EXPECT_EQ(
        number("select count(*) from task_failure where error like 'its result was refused: %'"),
        1);
}

TEST_F(NodeAgentTest, DispatchedEventIsThereOnce) {
    enqueue(1);
    RunningAgent agent(
        options(), handlers([](const Job&, TaskContext& task) {
            const EventId event =
                baton::dispatch(task.tx(), NewEvent{.type = "job/done", .payload = "{}"});
            return task.task().attempt == 1
                       ? retry("once more", 0ms)
                       : done(Job{.number = static_cast<std::int64_t>(event), .note = {}});
        }));
    ASSERT_TRUE(has_ended(1));
    EXPECT_EQ(number("select count(*) from event"), 1);
}

struct Later : Work {
    static constexpr int version = 2;
};
struct OtherBuild : Work {
    static constexpr std::string_view build = "b2";
};
struct Slow : Work {
    static constexpr std::string_view name = "slow";
};

TEST_F(NodeAgentTest, SlowHandlerHoldsUpNoOther) {
    connection_.exec("select register_handler('slow', 1, 'b1', '{}')");
    Gate gate;
    Handlers both = handlers(write_down);
    both.add(Slow{{[&](const Job&, TaskContext&) {
        gate.pass();
        return done();
    }}});
    connection_.exec(
        "select enqueue('slow', '{\"number\": 1, \"note\": \"\"}') from "
        "generate_series(1, 10)");
    RunningAgent agent(options(), both);
    ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 2; }));
    enqueue(300);
    EXPECT_TRUE(has_ended(300));
    gate.open();
    EXPECT_TRUE(has_ended(310));
    expect_each_once(300);
}

// A node that hoards what it cannot begin with keeps it from others that could.
TEST_F(NodeAgentTest, SlowTasksAreLeftToOtherNodes) {
    enqueue(40);
    std::atomic<int> of_first{0};
    std::atomic<int> of_second{0};
    const auto slowly = [](std::atomic<int>& count) {
        return handlers([&count](const Job& job, TaskContext& task) {
            ++count;
            task.tx().exec("select pg_sleep(0.3)");
            return write_down(job, task);
        });
    };
    RunningAgent first(options("first"), slowly(of_first));
    ASSERT_TRUE(eventually(60s, [&] { return of_first >= 2; }));
    RunningAgent second(options("second"), slowly(of_second));
    ASSERT_TRUE(has_ended(40));
    expect_each_once(40);
    EXPECT_GT(of_second, 12) << "the first did " << of_first;
}

// As quick ones it held many; then each of its threads meets one that takes for ever.
TEST_F(NodeAgentTest, WhatWaitsBehindLongTasksIsHandedBack) {
    Gate gate;
    RunningAgent first(options("first"), handlers([&](const Job& job, TaskContext& task) {
                           if (job.number <= 2 && job.note.empty()) gate.pass();
                           return write_down(job, task);
                       }));
    connection_.exec(
        "select enqueue('work', '{\"number\": 0, \"note\": \"quick\"}') from "
        "generate_series(1, 300)");
    ASSERT_TRUE(has_ended(300));
    enqueue(100);
    ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 2; }));
    RunningAgent second(options("second"), handlers(write_down));
    EXPECT_TRUE(has_ended(398)) << "all but the two";
    gate.open();
    EXPECT_TRUE(has_ended(400));
}

TEST_F(NodeAgentTest, PauseOfAnyLengthIsTaken) {
    enqueue(2);
    RunningAgent agent(options(), handlers([&](const Job& job, TaskContext&) {
                           return job.number == 1 ? snooze(std::chrono::years(1000))
                                                  : retry("later", std::chrono::years(1000));
                       }));
    EXPECT_TRUE(eventually(60s, [&] { return number("select count(*) from task_due") == 2; }));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
}

TEST_F(NodeAgentTest, TwoVersionsInOneProgramEachGetTheirOwn) {
    Handlers both =
        handlers([](const Job&, TaskContext&) { return done(Job{.number = 0, .note = "first"}); });
    both.add(
        Later{{[](const Job&, TaskContext&) { return done(Job{.number = 0, .note = "second"}); }}});
    connection_.exec("select register_handler('work', 2, 'b1', '{}')");
    enqueue(10);
    connection_.exec(
        "update handler set live_version = 2, "
        "requirement = requirement_of('work', 2, '{}')");
    enqueue(10);
    RunningAgent agent(options(), both);
    ASSERT_TRUE(has_ended(20));
    EXPECT_EQ(number("select count(*) from task_end where result ->> 'note' = 'first'"), 10);
    EXPECT_EQ(number("select count(*) from task_end where result ->> 'note' = 'second'"), 10);
}

TEST_F(NodeAgentTest, NodeWithoutTheLabelGetsNothing) {
    enqueue(5, ", labels => array['gpu']");
    RunningAgent without(options("without"), handlers(write_down));
    ASSERT_TRUE(eventually(60s, [&] { return without.is_registered(); }));
    NodeOptions labelled = options("with");
    labelled.labels = {"gpu"};
    RunningAgent with(labelled, handlers(write_down));
    ASSERT_TRUE(has_ended(5));
    EXPECT_EQ(text("select string_agg(distinct n.name, ',') from task_end e join node n "
                   "on n.id = e.node"),
              "with");
}

TEST_F(NodeAgentTest, WhoMayNotTakePartIsToldOnceAndEnds) {
    const auto refusal_of = [&](const NodeOptions& how, const Handlers& which) {
        RunningAgent agent(how, which);
        EXPECT_TRUE(eventually(60s, [&] { return agent.has_ended(); }));
        return agent.error();
    };
    NodeOptions elsewhere = options();
    elsewhere.credentials.environment = "production";
    EXPECT_NE(refusal_of(elsewhere, handlers(write_down)).find("[BT028]"), std::string::npos);

    connection_.exec("update environment set kind = 'production'");
    Handlers other;
    other.add(OtherBuild{});
    connection_.exec("select enrol_machine('" + test_credentials().machine_id +
                     "', 'here', sha256(convert_to('" + test_credentials().token + "', 'UTF8')))");
    EXPECT_NE(refusal_of(options(), other).find("[BT012]"), std::string::npos);
    EXPECT_THROW(NodeAgent(options(), Handlers()), Error);
}

}  // namespace
}  // namespace baton::testing

// Handlers that get several tasks at once: each is done once, and what becomes of one is its own.
#include <pqxx/dbtransaction>

#include <algorithm>
#include <numeric>

#include "baton/sql/enqueue.hpp"
#include "node_agent/running_agent.hpp"
#include "support/proxy.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

using Jobs = std::span<const Job>;
using DoesBatch = std::function<std::vector<Outcome>(Jobs, BatchContext&)>;

struct BatchWork {
    using Payload = Job;
    static constexpr std::string_view name = "work";
    static constexpr int version = 1;
    static constexpr std::string_view build = "b1";
    static constexpr int threads = 2;
    static constexpr int batch = 64;

    DoesBatch does;
    std::vector<Outcome> handle(Jobs jobs, BatchContext& batch_context) const {
        return does(jobs, batch_context);
    }
};

struct InFours : BatchWork {
    static constexpr int batch = 4;
};

std::vector<Outcome> all_done(Jobs jobs) { return std::vector<Outcome>(jobs.size(), done()); }

// In the transaction in which they complete.
std::vector<Outcome> write_all_down(Jobs jobs, BatchContext& batch) {
    for (const Job& job : jobs) {
        batch.tx().exec_params("insert into job_done (number) values ($1)", job.number);
    }
    return all_done(jobs);
}

struct Reading {
    std::int64_t sensor = 0;
    double celsius = 0;
    BATON_FIELDS(sensor, celsius)
};

// docs/tasks.md.
struct StoreReadings {
    using Payload = Reading;
    static constexpr std::string_view name = "store_readings";
    static constexpr int version = 1;
    static constexpr int batch = 100;  // at once, at most

    std::vector<baton::Outcome> handle(std::span<const Reading> readings,
                                       baton::BatchContext& context) const {
        std::vector<baton::Outcome> outcomes;
        for (const Reading& reading : readings) {
            if (reading.celsius < -273.15) {
                outcomes.push_back(baton::dead_letter("nothing is so cold"));
                continue;
            }
            context.tx().exec_params("insert into reading (sensor, celsius) values ($1, $2)",
                                     reading.sensor, reading.celsius);
            outcomes.push_back(baton::done());
        }
        return outcomes;
    }
};

class NodeBatchTest : public NodeAgentFixture {
protected:
    static Handlers batches(DoesBatch does) {
        Handlers made;
        made.add(BatchWork{std::move(does)});
        return made;
    }
    void fail_quickly(int attempts) {
        connection_.exec("update handler set max_attempts = " + std::to_string(attempts) +
                         ", retry_after = '0'");
    }
    std::string errors_of(int job) {
        return text(
            "select coalesce(string_agg(f.error, '; ' order by f.attempt), '') from task_failure f "
            "join task t on t.id = f.task where t.payload ->> 'number' = '" +
            std::to_string(job) + "'");
    }
};

TEST_F(NodeBatchTest, DoesEachTaskOnceWithItsOwnResult) {
    enqueue(2000);
    std::mutex mutex;
    std::vector<std::size_t> sizes;
    RunningAgent agent(
        options(), batches([&](Jobs jobs, BatchContext& batch) {
            EXPECT_EQ(jobs.size(), batch.size());
            std::vector<Outcome> answers;
            for (std::size_t i = 0; i < jobs.size(); ++i) {
                EXPECT_EQ(batch.idempotency_key(i),
                          batch.environment() + "/task/" + std::to_string(batch.task(i).id));
                answers.push_back(done(Job{.number = jobs[i].number * 2, .note = "twice"}));
            }
            const std::lock_guard lock(mutex);
            sizes.push_back(jobs.size());
            return answers;
        }));
    ASSERT_TRUE(has_ended(2000));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    EXPECT_EQ(number("select count(*) from task_end e join task t on t.id = e.task "
                     "where (e.result ->> 'number')::bigint = 2 * (t.payload ->> 'number')::bigint "
                     "and e.attempts = 1"),
              2000);
    EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), 2000U);
    EXPECT_EQ(*std::ranges::max_element(sizes), 64U);
    EXPECT_LT(sizes.size(), 200U) << "they came together";
}

TEST_F(NodeBatchTest, EachTaskHasItsOwnAnswer) {
    fail_quickly(2);
    connection_.exec("select enqueue('work', '{\"number\": \"none\"}')");
    enqueue(5);
    RunningAgent agent(options(), batches([](Jobs jobs, BatchContext& batch) {
                           std::vector<Outcome> answers;
                           for (std::size_t i = 0; i < jobs.size(); ++i) {
                               const Job& job = jobs[i];
                               if (job.number == 2 && batch.task(i).attempt == 1) {
                                   answers.push_back(retry("once more"));
                               } else if (job.number == 3) {
                                   answers.push_back(dead_letter("no use"));
                               } else if (job.number == 4) {
                                   answers.push_back(snooze(1h));
                               } else {
                                   batch.tx().exec_params(
                                       "insert into job_done (number) values ($1)", job.number);
                                   answers.push_back(done());
                               }
                           }
                           return answers;
                       }));
    ASSERT_TRUE(has_ended(3));
    ASSERT_TRUE(has_ended(2, "dead"));
    agent.stop();
    EXPECT_EQ(text("select string_agg(number::text, ',' order by number) from public.job_done"),
              "1,2,5");
    EXPECT_EQ(errors_of(2), "once more");
    EXPECT_EQ(errors_of(3), "no use");
    EXPECT_EQ(number("select count(*) from task_failure where error like "
                     "'the payload cannot be read: %'"),
              1);
    EXPECT_EQ(number("select count(*) from task_due where attempts = 0"), 1) << "put off";
}

TEST_F(NodeBatchTest, ExampleOfTheDocumentsDoesWhatItSays) {
    connection_.exec("create table public.reading (sensor bigint, celsius double precision)");
    Handlers readings;
    readings.add<StoreReadings>();
    RunningAgent agent(options(), readings);
    ASSERT_TRUE(eventually(60s, [&] { return agent.is_registered(); }));
    sql::Connection maker(url_, in_test_schema());
    sql::Transaction transaction(maker);
    const std::vector<Reading> made{{1, 20.5}, {2, -300}, {3, 4}};
    enqueue_many(transaction.raw(), "store_readings", std::span<const Reading>(made));
    transaction.commit();
    ASSERT_TRUE(has_ended(2));
    ASSERT_TRUE(has_ended(1, "dead"));
    EXPECT_EQ(number("select sum(sensor) from public.reading"), 4);
}

TEST_F(NodeBatchTest, WrongNumberOfAnswersIsAFailureOfAllOfThem) {
    fail_quickly(1);
    enqueue(3);
    RunningAgent agent(options(), batches([](Jobs jobs, BatchContext& batch) {
                           write_all_down(jobs, batch);
                           return std::vector<Outcome>(jobs.size() + 1, done());
                       }));
    ASSERT_TRUE(has_ended(3, "dead"));
    agent.stop();
    EXPECT_EQ(number("select count(*) from public.job_done"), 0);
    for (int job = 1; job <= 3; ++job) {
        const std::string said = errors_of(job);
        EXPECT_TRUE(said.starts_with("handler \"work\" answered for ")) << said;
        EXPECT_TRUE(said.ends_with(" tasks: give one Outcome for each payload, in their order"))
            << said;
    }
}

// Each time that they are done again it is with half as many.
TEST_F(NodeBatchTest, PoisonIsDeadInTheEndAndAllOthersAreDone) {
    fail_quickly(3);
    enqueue(12);
    std::atomic<std::size_t> alone{0};
    Handlers fours;
    fours.add(InFours{{[&](Jobs jobs, BatchContext& batch) {
        for (std::size_t i = 0; i < jobs.size(); ++i) {
            EXPECT_LE(jobs.size(), std::max(4U >> (batch.task(i).delivery - 1), 1U));
        }
        write_all_down(jobs, batch);
        if (std::ranges::count(jobs, 7, &Job::number) > 0) {
            alone = jobs.size();
            throw std::runtime_error("poison");
        }
        return all_done(jobs);
    }}});
    RunningAgent agent(options(), fours);
    ASSERT_TRUE(has_ended(11));
    ASSERT_TRUE(has_ended(1, "dead"));
    agent.stop();
    EXPECT_EQ(alone, 1U);
    EXPECT_EQ(number("select count(*) from public.job_done where number <> 7"), 11);
    EXPECT_EQ(number("select count(*) from public.job_done"), 11);
    EXPECT_EQ(text("select payload ->> 'number' from task t join task_end e on e.task = t.id "
                   "where e.outcome = 'dead'"),
              "7");
}

TEST_F(NodeBatchTest, CancelledTaskTakesItsWritesWithItAndTheOthersBeginAnew) {
    enqueue(5);
    Gate gate;
    std::atomic<int> calls{0};
    NodeOptions how = options();
    how.lease = 1s;  // so that the next sign of life is soon
    RunningAgent agent(how, batches([&](Jobs jobs, BatchContext& batch) {
                           write_all_down(jobs, batch);
                           if (++calls == 1) {
                               EXPECT_EQ(jobs.size(), 5U);
                               gate.pass();
                               EXPECT_TRUE(eventually(60s, [&] { return batch.cancelled(1); }));
                               EXPECT_FALSE(batch.cancelled(0) || batch.cancelled());
                           }
                           return all_done(jobs);
                       }));
    ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 1; }));
    connection_.exec("select cancel(id) from task where (payload ->> 'number')::int = 2");
    gate.open();
    ASSERT_TRUE(has_ended(4));
    agent.stop();
    EXPECT_EQ(text("select string_agg(number::text, ',' order by number) from public.job_done"),
              "1,3,4,5");
    EXPECT_EQ(number("select max(attempts) from task_end where outcome = 'done'"), 1);
}

TEST_F(NodeBatchTest, LostConnectionsAndCommitsWithoutAnAnswerDoubleNothing) {
    constexpr int jobs = 1500;
    Proxy proxy(url_);
    enqueue(jobs);
    NodeOptions how = options();
    how.url = proxy.url();
    RunningAgent agent(how, batches(write_all_down));
    for (int cut = 0; cut < 6; ++cut) {
        const std::int64_t before = number("select count(*) from task_end");
        ASSERT_TRUE(eventually(60s, [&] {
            const std::int64_t now = number("select count(*) from task_end");
            return now >= before + 100 || now == jobs;
        }));
        if (cut % 3 == 0) {
            proxy.cut("baton handler");
        } else {
            proxy.at_next_commit(cut % 3 == 1 ? AtCommit::drop_reply : AtCommit::drop_request);
        }
    }
    ASSERT_TRUE(has_ended(jobs));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    expect_each_once(jobs);
}

struct SecondOfMany : BatchWork {
    static constexpr int version = 2;
};

TEST_F(NodeBatchTest, VersionsWithAndWithoutABatchEachGetTheirOwn) {
    Handlers both =
        handlers([](const Job&, TaskContext&) { return done(Job{.number = 0, .note = "one"}); });
    both.add(SecondOfMany{{[](Jobs jobs, BatchContext&) {
        return std::vector<Outcome>(jobs.size(), done(Job{.number = 0, .note = "many"}));
    }}});
    connection_.exec("select register_handler('work', 2, 'b1', '{}')");
    enqueue(50);
    connection_.exec(
        "update handler set live_version = 2, requirement = requirement_of('work', 2, '{}')");
    enqueue(50);
    RunningAgent agent(options(), both);
    ASSERT_TRUE(has_ended(100));
    EXPECT_EQ(number("select count(*) from task_end where result ->> 'note' = 'one'"), 50);
    EXPECT_EQ(number("select count(*) from task_end where result ->> 'note' = 'many'"), 50);
}

}  // namespace
}  // namespace baton::testing

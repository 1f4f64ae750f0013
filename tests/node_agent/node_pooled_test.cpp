// A node whose connections lead through pgbouncer in transaction mode, with fewer sessions than it
// would have of its own: it does all tasks, once, and looks for them instead of being rung.
#include <pqxx/connection>
#include <pqxx/dbtransaction>
#include <pqxx/transaction>

#include "baton/sql/enqueue.hpp"
#include "node_agent/running_agent.hpp"
#include "support/pgbouncer.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct Collect {
    using Payload = Job;
    static constexpr std::string_view name = "collect";
    static constexpr int version = 1;
    static constexpr int batch = 20;

    std::vector<Outcome> handle(std::span<const Job> jobs, BatchContext& context) const {
        for (const Job& job : jobs) {
            context.tx().exec_params("insert into job_done (number) values ($1)", -job.number);
        }
        return std::vector<Outcome>(jobs.size(), done());
    }
};

class NodePooledTest : public NodeAgentFixture {
protected:
    void SetUp() override {
        NodeAgentFixture::SetUp();
        ASSERT_TRUE(Pgbouncer::is_installed()) << "no pgbouncer on this machine";
        bouncer_.emplace(url_, std::vector<std::string>{"baton"});
    }
    [[nodiscard]] NodeOptions pooled(const std::string& name = "node") const {
        NodeOptions made = options(name);
        made.url = bouncer_->url(database_.name(), "baton");
        return made;
    }

    std::optional<Pgbouncer> bouncer_;
};

TEST_F(NodePooledTest, DoesEachTaskOnceOverFewSessions) {
    Handlers both = handlers([](const Job& job, TaskContext& task) {
        if (job.number % 7 == 0 && task.task().attempt == 1) return retry("once more", 0ms);
        if (job.number % 10 == 0) {
            task.enqueue("collect", Job{.number = job.number, .note = "follows"});
        }
        return write_down(job, task);
    });
    both.add<Collect>();
    connection_.exec("set application_name = 'the test'");
    RunningAgent one(pooled("one"), both);
    RunningAgent other(pooled("other"), both);
    ASSERT_TRUE(eventually(60s, [&] { return one.is_registered() && other.is_registered(); }));

    // Whoever makes them goes through it, too, in a transaction that names the schema.
    pqxx::connection maker(bouncer_->url(database_.name(), "baton") + "&client_encoding=UTF8");
    for (int transaction = 0; transaction < 10; ++transaction) {
        pqxx::work work(maker);
        work.exec("set local search_path = " + std::string(test_schema));
        std::vector<Job> jobs;
        for (int i = 1; i <= 40; ++i) {
            jobs.push_back({.number = transaction * 40 + i, .note = {}});
        }
        enqueue_many(work, "work", std::span<const Job>(jobs));
        work.commit();
    }
    ASSERT_TRUE(has_ended(440));
    EXPECT_EQ(number("select count(*) from pg_stat_activity where application_name like 'baton%' "
                     "and application_name like '%listener%'"),
              0)
        << "nobody listens through a pooler";
    EXPECT_EQ(number("select count(*) from node_asleep"), 0) << "nor is to be rung";
    one.stop();
    other.stop();
    EXPECT_EQ(one.error() + other.error(), "");
    expect_each_once(440);
    EXPECT_EQ(number("select count(*) from node where ended_at is null"), 0) << "they said so";
    EXPECT_EQ(number("select count(*) from task_failure where error = 'once more'"), 57);
}

TEST_F(NodePooledTest, SessionOfAHandlerFindsWhatADirectOneWould) {
    connection_.exec("create schema app; create table app.seen (path text, zone text)");
    connection_.exec("alter role baton set search_path = app, public");
    enqueue(1);
    RunningAgent agent(
        pooled(), handlers([](const Job&, TaskContext& task) {
            task.tx().exec(
                "insert into seen select current_setting('search_path'), "
                "concat(current_setting('row_security'), current_setting('TimeZone'), "
                "current_setting('transaction_isolation'))");
            return done();
        }));
    EXPECT_TRUE(has_ended(1));
    agent.stop();
    connection_.exec("alter role baton reset search_path");
    EXPECT_EQ(text("select path from app.seen"), std::string(test_schema) + ", app, public");
    EXPECT_EQ(text("select zone from app.seen"), "onUTCread committed");
}

}  // namespace
}  // namespace baton::testing

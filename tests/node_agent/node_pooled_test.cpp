// A node whose connections lead through pgbouncer in transaction mode, with fewer sessions than it
// would have of its own: it does all tasks, once, and looks for them instead of being rung.
#include <filesystem>
#include <fstream>
#include <pqxx/connection>
#include <pqxx/dbtransaction>
#include <pqxx/transaction>

#include "baton/base/sha256.hpp"
#include "baton/sql/enqueue.hpp"
#include "node_agent/running_agent.hpp"
#include "support/child_process.hpp"
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

// One that knows nothing of Baton but its SQL.
TEST_F(NodePooledTest, WorkerInPythonDoesItsTasks) {
    const std::string folder = "/tmp/baton_pooled_" + database_.name();
    std::filesystem::create_directories(folder + "/baton");
    std::ofstream(folder + "/baton/test.token") << test_credentials().token;
    std::ofstream(folder + "/machine-id") << "a machine";
    connection_.exec("select enrol_machine('" + sha256_of("a machine") +
                     "', 'here', sha256(convert_to('" + test_credentials().token + "', 'UTF8')))");
    connection_.exec("create table public.invoice (order_id text not null)");
    connection_.exec("alter role baton set search_path = " + std::string(test_schema) + ", public");
    const ChildProcessOptions worker{
        .arguments = {"/usr/bin/python3", BATON_SOURCE_DIR "/examples/worker/worker.py", "test",
                      "--until-idle"},
        .environment = {{"DATABASE_URL", bouncer_->url(database_.name(), "baton")},
                        {"XDG_CONFIG_HOME", folder},
                        {"BATON_MACHINE_ID_FILE", folder + "/machine-id"},
                        {"BATON_TOKEN_FILE", ""}}};
    const auto works = [&] {
        ChildProcess process(worker);
        const auto ended = process.wait(60s);
        return ended && ended->code == 0 ? std::string() : process.error_output() + " failed";
    };
    EXPECT_EQ(works(), "") << "it registers its handler";
    connection_.exec(
        "select enqueue_many('send_invoice', array_agg(jsonb_build_object('order', i))) "
        "from generate_series(1, 25) i");
    EXPECT_EQ(works(), "");
    connection_.exec("alter role baton reset search_path");
    EXPECT_EQ(number("select count(*) from public.invoice"), 25);
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'done'"), 25);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace baton::testing

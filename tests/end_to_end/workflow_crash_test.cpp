// Workflows whose nodes and orchestrator are killed with kill -9 at each point of a run: before a
// step is begun, while its handler writes, between its end and the begin of the next one, while it
// is undone. The program is superstore, whose steps write rows into tables that only grow: so
// `superstore compare` finds what was written twice, or not at all.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include "baton/sql/connection.hpp"
#include "end_to_end/command.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto program = BATON_BINARY_DIR "/examples/superstore/superstore";
constexpr auto all_orders = BATON_SOURCE_DIR "/examples/superstore/data/superstore.csv";

class WorkflowCrashTest : public ::testing::Test {
protected:
    void SetUp() override { describe_as_development(connection_); }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] ChildProcessOptions superstore(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), program);
        arguments.insert(arguments.end(), {"--env", "test", "--kind", "development",
                                           "--node-lease-ms", "1000", "--log-level", "error"});
        return {.arguments = std::move(arguments),
                .environment = {{"DATABASE_URL", database_.url()}}};
    }
    std::int64_t number(const std::string& query) {
        return connection_.exec(query).only().integer(0);
    }
    [[nodiscard]] bool comes_true(const std::string& condition) {
        return eventually(90s, [&] { return number("select (" + condition + ")::int") == 1; });
    }
    void start(const char* verb) {
        (verb == std::string("node") ? node_ : orchestrator_) =
            std::make_unique<ChildProcess>(superstore({verb}));
    }
    static void kill(std::unique_ptr<ChildProcess>& process) {
        process->kill(SIGKILL);
        ASSERT_TRUE(process->wait(10s));
        process.reset();
    }
    void kill_and_start_node() {
        kill(node_);
        start("node");
    }
    // The orders that are to be shipped the same day: each starts a run.
    void place() {
        std::ifstream all(all_orders);
        std::ofstream some(folder_ + "/some.csv");
        std::string line;
        std::getline(all, line);
        some << line << '\n';
        while (std::getline(all, line)) {
            if (line.find("Same Day") != std::string::npos) some << line << '\n';
        }
        some.close();
        const Outcome placed =
            run(superstore({"place", "--same-day", "--wait", "0", folder_ + "/some.csv"}));
        ASSERT_EQ(placed.code, 0) << placed.error;
    }
    // Kills the node while a handler waits for this table, so in the middle of what it writes.
    void kill_while_writing(const std::string& table, const std::function<void()>& begin) {
        sql::Connection other(database_.url(), in_test_schema());
        sql::Transaction transaction(other);
        transaction.exec("lock table " + table + " in access exclusive mode");
        begin();
        ASSERT_TRUE(comes_true("exists (select from pg_locks where not granted and relation = '" +
                               table + "'::regclass)"))
            << node_->error_output();
        kill(node_);
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    const std::string folder_ = [] {
        std::string folder = "/tmp/baton_crash_XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        return folder;
    }();
    std::unique_ptr<ChildProcess> node_;
    std::unique_ptr<ChildProcess> orchestrator_;
};

TEST_F(WorkflowCrashTest, EachStepWritesOnceWhateverIsKilled) {
    start("orchestrate");
    start("node");
    ASSERT_TRUE(comes_true("exists (select from workflow)")) << node_->error_output();
    // Between the end of a step and the begin of the next one.
    connection_.exec("select pause_handler('charge_order', 'for this test')");
    place();
    ASSERT_TRUE(
        comes_true("(select count(*) from workflow_run_step where step = 'charge_order') > 100"))
        << node_->error_output();
    kill_and_start_node();
    ASSERT_TRUE(
        comes_true("(select count(*) from workflow_run_step where step = 'charge_order') = "
                   "(select count(*) from workflow_run)"))
        << node_->error_output();
    EXPECT_EQ(number("select count(*) from workflow_run"), 264);
    // In the middle of a step, of the last one, and of what undoes one.
    kill_while_writing("shop.payment",
                       [&] { connection_.exec("select resume_handler('charge_order')"); });
    kill(orchestrator_);
    kill_while_writing("shop.shipment", [&] { start("node"); });
    kill_while_writing("shop.stock_move", [&] { start("node"); });
    EXPECT_GT(number("select count(*) from workflow_run where state = 'compensating'"), 0);
    start("node");
    // Anywhere.
    for (int life = 0; life < 3; ++life) {
        const std::string before = std::to_string(number("select count(*) from shop.shipment"));
        ASSERT_TRUE(
            comes_true("(select count(*) from shop.shipment) >= least(256, " + before + " + 20)"))
            << node_->error_output();
        kill_and_start_node();
    }
    ASSERT_TRUE(
        comes_true("(select count(*) from workflow_run where state = 'done') = 256 and "
                   "(select count(*) from workflow_run where state = 'compensated') = 8"))
        << node_->error_output();
    start("orchestrate");
    ASSERT_TRUE(comes_true("(select count(*) from event) = (select sum(count) from batch)"))
        << orchestrator_->error_output();
    const Outcome compared = run(superstore({"compare"}));
    EXPECT_EQ(compared.code, 0) << compared.output << compared.error;
    EXPECT_NE(compared.output.find("same_day: 264 rows agree"), std::string::npos)
        << compared.output;
    EXPECT_EQ(number("select count(*) from event where type = 'order/shipped'"), 256);
}

}  // namespace
}  // namespace baton::testing

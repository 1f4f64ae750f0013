// Workers that know nothing of Baton but the functions in the database: examples/worker, as its
// README says to run them. Real processes, killed in the middle of their work.

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "baton/sql/connection.hpp"
#include "end_to_end/command.hpp"
#include "end_to_end/document.hpp"
#include "end_to_end/node_modules.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

struct Language {
    std::string name;
    std::string program;
    std::string file;
    std::string keyless_error;  ///< For a payload without an order.
};

class WorkerTest : public ::testing::TestWithParam<Language> {
protected:
    void SetUp() override {
        connection_.exec("create table invoice (order_id text not null)");
        connection_.exec("alter role all set search_path = baton_test");
        const Outcome enrolled =
            run(with_environment({BATON_BINARY_DIR "/cli/baton", "environment", "enrol", "test"}));
        ASSERT_EQ(enrolled.code, 0) << enrolled.error;
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] ChildProcessOptions with_environment(std::vector<std::string> arguments) const {
        return {.arguments = std::move(arguments),
                .environment = {{"DATABASE_URL", database_.url()},
                                {"XDG_CONFIG_HOME", folder_},
                                {"BATON_TOKEN_FILE", ""}}};
    }
    [[nodiscard]] ChildProcessOptions worker(bool until_idle) const {
        std::vector<std::string> arguments{
            GetParam().program, BATON_SOURCE_DIR "/examples/worker/" + GetParam().file, "test"};
        if (until_idle) arguments.emplace_back("--until-idle");
        ChildProcessOptions options = with_environment(arguments);
        if (GetParam().program == "node") options.environment["NODE_PATH"] = node_modules();
        return options;
    }
    std::int64_t number(const std::string& query) {
        return connection_.exec(query).only().integer(0);
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    std::string folder_ = [] {
        std::string folder = "/tmp/baton_worker_XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        return folder;
    }();
};

TEST_P(WorkerTest, EachOrderHasOneInvoiceThoughWorkersAreKilled) {
    const Outcome first = run(worker(true));
    ASSERT_EQ(first.code, 0) << first.error;
    connection_.exec(
        "select enqueue('send_invoice', jsonb_build_object('order', 'order/' || i::text)) "
        "from generate_series(1, 3000) i");

    for (int life = 0; life < 3; ++life) {
        const std::int64_t before = number("select count(*) from invoice");
        ChildProcess doomed(worker(false));
        ASSERT_TRUE(eventually(60s, [&] {
            return number("select count(*) from invoice") >= before + 200;
        })) << doomed.error_output();
        doomed.kill(SIGKILL);
        ASSERT_TRUE(doomed.wait(10s));
    }
    // Rather than wait for their leases.
    connection_.exec("update node set alive_at = alive_at - interval '1 hour'");
    const Outcome last = run(worker(true));
    ASSERT_EQ(last.code, 0) << last.error;
    // What the killed ones had started with is due a moment later.
    EXPECT_TRUE(eventually(60s, [&] {
        return run(worker(true)).code == 0 && number("select count(*) from task_end") == 3000;
    }));

    EXPECT_EQ(number("select count(*) from invoice"), 3000);
    EXPECT_EQ(number("select count(distinct order_id) from invoice"), 3000);
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'done'"), 3000);
}

TEST_P(WorkerTest, ReadmesTransactionMakesAnInvoice) {
    ASSERT_EQ(run(worker(true)).code, 0);
    connection_.exec("create table payment (amount numeric)");
    for (const Block& block : blocks_of_document(text_of(BATON_SOURCE_DIR "/README.md"))) {
        if (block.how != "tasks") continue;
        ChildProcessOptions psql =
            with_environment({"psql", "-X", "-v", "ON_ERROR_STOP=1", database_.url(), "-f", "-"});
        psql.input = block.text;
        const Outcome made = run(psql);
        ASSERT_EQ(made.code, 0) << made.error;
    }
    ASSERT_EQ(run(worker(true)).code, 0);
    EXPECT_EQ(number("select count(*) from invoice where order_id = 'order/42'"), 1);
}

TEST_P(WorkerTest, FailureComesAgainAndARefusalIsOneLine) {
    ASSERT_EQ(run(worker(true)).code, 0);
    connection_.exec("select enqueue('send_invoice', '{\"no\": \"order\"}')");
    ASSERT_EQ(run(worker(true)).code, 0);
    EXPECT_EQ(connection_.exec("select error from task_failure").only().text(0),
              GetParam().keyless_error);
    EXPECT_EQ(number("select count(*) from task_due"), 1);

    connection_.exec("select revoke_machine(machine_id) from machine");
    const Outcome refused = run(worker(true));
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.error.find("was revoked"), std::string::npos) << refused.error;
    EXPECT_NE(refused.error.find("[BT032]"), std::string::npos) << refused.error;
}

INSTANTIATE_TEST_SUITE_P(Languages, WorkerTest,
                         ::testing::Values(Language{"python", "/usr/bin/python3", "worker.py",
                                                    "KeyError('order')"},
                                           Language{"javascript", "node", "worker.js",
                                                    "Error: there is no order in it"}),
                         [](const auto& language) { return language.param.name; });

}  // namespace
}  // namespace baton::testing

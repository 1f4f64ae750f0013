// README's handler, as its reader runs it: `payments orchestrate` and `payments node`, killed and
// stopped in the middle of their work.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <pqxx/dbtransaction>

#include "baton/baton.hpp"
#include "baton/sql/connection.hpp"
#include "end_to_end/command.hpp"
#include "end_to_end/document.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};

struct SendReceipt {
    using Event = PaymentReceived;  // each becomes a task
    static constexpr std::string_view name = "send_receipt";
    static constexpr int version = 1;

    baton::Outcome handle(const PaymentReceived& payment, baton::TaskContext& task) const {
        if (payment.amount == baton::Decimal()) return baton::dead_letter("there is no amount");
        task.tx().exec_params("insert into receipt (account, amount) values ($1, $2)",
                              payment.account, payment.amount.text());
        return baton::done();
    }
};

// docs/tasks.md.
TEST(TasksDocumentTest, CodeStandsInWhatIsCompiledAndDoesWhatItSays) {
    const CppOfDocument found = cpp_of_document("docs/tasks.md");
    EXPECT_EQ(found.faults, "");
    EXPECT_EQ(found.blocks, 3);
    Handlers handlers;
    handlers.add<SendReceipt>();
    TaskContext task({.id = 1}, "test", {});
    const baton::Outcome outcome =
        handlers.run(0)({.content = {.json = R"({"account": "a", "amount": 0})"}}, task);
    EXPECT_EQ(outcome.kind, baton::Outcome::Kind::dead);
    EXPECT_EQ(outcome.reason, "there is no amount");
}

TEST(WorkflowsDocumentTest, CodeStandsInWhatIsCompiled) {
    const CppOfDocument found = cpp_of_document("docs/workflows.md");
    EXPECT_EQ(found.faults, "");
    EXPECT_EQ(found.blocks, 1);
}

class HandlerTest : public ::testing::Test {
protected:
    void SetUp() override {
        connection_.exec("create table public.receipt (account text, amount numeric)");
        connection_.exec("select describe_environment('test', 'development')");
    }
    [[nodiscard]] ChildProcessOptions payments(const std::string& verb) const {
        return {.arguments = {BATON_BINARY_DIR "/examples/first_reducer/payments_handler", verb,
                              "--env", "test", "--kind", "development", "--node-lease-ms", "1000"},
                .environment = {{"DATABASE_URL", database_.url()}}};
    }
    std::int64_t number(const std::string& query) {
        return connection_.exec(query).only().integer(0);
    }
    [[nodiscard]] bool comes_true(const std::string& condition) {
        return eventually(60s, [&] { return number("select (" + condition + ")::int") == 1; });
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
};

TEST_F(HandlerTest, EachEventHasItsReceiptThoughNodesAreKilled) {
    constexpr int payments_count = 3000;
    const ChildProcess orchestrator(payments("orchestrate"));
    auto node = std::make_unique<ChildProcess>(payments("node"));
    ASSERT_TRUE(comes_true("exists (select from handler)")) << node->error_output();
    connection_.exec(
        "select dispatch('payment/received', jsonb_build_object('account', 'a' || i, 'amount', i))"
        " from generate_series(1, " +
        std::to_string(payments_count) + ") i");
    for (int life = 0; life < 4; ++life) {
        const auto before = std::to_string(number("select count(*) from public.receipt"));
        ASSERT_TRUE(comes_true("(select count(*) from public.receipt) >= least(" +
                               std::to_string(payments_count) + ", " + before + " + 100)"))
            << node->error_output();
        node->kill(SIGKILL);
        ASSERT_TRUE(node->wait(10s));
        node = std::make_unique<ChildProcess>(payments("node"));
    }
    ASSERT_TRUE(comes_true("(select count(*) from task_end) = " + std::to_string(payments_count)))
        << node->error_output();
    EXPECT_EQ(number("select count(*) from public.receipt"), payments_count);
    EXPECT_EQ(number("select count(distinct account) from public.receipt"), payments_count);
}

// Who has a task is decided by the server's clock alone. The clocks of these nodes are an hour
// apart, and one of them is set back by two while it works.
TEST_F(HandlerTest, ClocksOfNodesDecideNothing) {
    const char* const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    if (!std::filesystem::exists(library)) GTEST_SKIP() << "script/bootstrap installs libfaketime";
    constexpr int payments_count = 2000;
    const auto file_of = [](const std::string& name) {
        return ::testing::TempDir() + "baton_clock_" + std::to_string(getpid()) + name;
    };
    const auto set_clock = [&](const std::string& name, const std::string& by) {
        std::ofstream(file_of(name)) << by << '\n';
    };
    const auto node_at = [&](const std::string& name) {
        ChildProcessOptions options = payments("node");
        options.environment.insert({{"LD_PRELOAD", library},
                                    {"FAKETIME_TIMESTAMP_FILE", file_of(name)},
                                    {"FAKETIME_CACHE_DURATION", "1"},
                                    {"FAKETIME_DONT_FAKE_MONOTONIC", "1"}});
        return options;
    };
    set_clock("fast", "+1h");
    set_clock("slow", "-1h");
    ChildProcessOptions asking = node_at("fast");
    asking.arguments = {"/bin/date", "+%s"};
    ChildProcess clock(asking);
    ASSERT_TRUE(clock.wait(10s));
    EXPECT_GT(std::stoll(clock.output()) - std::time(nullptr), 3000) << "the clock is not wrong";
    const ChildProcess fast(node_at("fast"));
    const ChildProcess slow(node_at("slow"));
    ASSERT_TRUE(comes_true("(select count(*) from node) = 2")) << fast.error_output();
    const auto pay = [&](int from) {
        connection_.exec(
            "select enqueue('send_receipt', jsonb_build_object('account', 'a' || i, 'amount', i))"
            " from generate_series(" +
            std::to_string(from) + ", " + std::to_string(from + payments_count - 1) + ") i");
    };
    pay(1);
    ASSERT_TRUE(comes_true("(select count(*) from task_end) >= 100")) << slow.error_output();
    set_clock("fast", "-1h");
    // Longer than the lease and than what the clock of before is kept for.
    ASSERT_TRUE(comes_true("(select min(clock_timestamp() - registered_at) from node) > '3 s'"));
    pay(1 + payments_count);
    ASSERT_TRUE(
        comes_true("(select count(*) from task_end) = " + std::to_string(2 * payments_count)))
        << fast.error_output();
    EXPECT_EQ(number("select count(*) from public.receipt"), 2 * payments_count);
    EXPECT_EQ(number("select count(distinct account) from public.receipt"), 2 * payments_count);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(number("select count(*) from node where ended_at is null"), 2)
        << "neither lost its lease: " << fast.error_output() << slow.error_output();
    EXPECT_EQ(number("select count(*) from task_end where attempts <> 1"), 0);
}

TEST_F(HandlerTest, StopsInGoodOrderUnderFullLoad) {
    ChildProcess first(payments("node"));
    ASSERT_TRUE(comes_true("exists (select from handler)")) << first.error_output();
    first.kill(SIGTERM);
    ASSERT_TRUE(first.wait(10s));
    connection_.exec(
        "select enqueue('send_receipt', jsonb_build_object('account', 'a' || i, 'amount', i))"
        " from generate_series(1, 2000) i");
    for (int life = 0; life < 5; ++life) {
        ChildProcess node(payments("node"));
        const auto before = std::to_string(number("select count(*) from public.receipt"));
        ASSERT_TRUE(comes_true("(select count(*) from public.receipt) >= least(2000, " + before +
                               " + 100)"))
            << node.error_output();
        node.kill(SIGTERM);
        const auto end = node.wait(5s);
        ASSERT_TRUE(end) << "it stops within 5 s";
        EXPECT_EQ(end->code, 0) << node.error_output();
        EXPECT_EQ(number("select count(*) from task_ready where attempts > 0 or deliveries > 0"),
                  0);
    }
    EXPECT_EQ(number("select count(*) from node where ended_at is null"), 0);
    EXPECT_EQ(number("select count(*) from public.receipt"),
              number("select count(*) from task_end where outcome = 'done'"));
}

}  // namespace
}  // namespace baton::testing

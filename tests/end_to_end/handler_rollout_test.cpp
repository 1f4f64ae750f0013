// Two releases of the example as nodes beside each other while orders come: each order has one
// invoice, of the version that is live at its event's position or of one that takes what was made
// for that, whatever is promoted, rolled back and killed meanwhile.
#include <gtest/gtest.h>

#include <csignal>

#include "baton/sql/connection.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

constexpr const char* first_release = BATON_BINARY_DIR "/examples/superstore/superstore";
constexpr const char* next_release = BATON_BINARY_DIR "/examples/superstore/superstore_next";
constexpr const char* all_orders = BATON_SOURCE_DIR "/examples/superstore/data/superstore.csv";
constexpr auto patience = 120s;

class HandlerRolloutTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(const char* release, const std::string& verb,
                                        const std::vector<std::string>& arguments = {}) {
        std::vector<std::string> all{release, verb, "--url", database_.url(), "--env", "test"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return std::make_unique<ChildProcess>(ChildProcessOptions{.arguments = std::move(all)});
    }
    std::unique_ptr<ChildProcess> start_node(const char* release, const std::string& name) {
        return start(release, "node",
                     {"--kind", "development", "--name", name, "--node-lease-ms", "2000",
                      "--node-poll-ms", "50"});
    }
    // A verb of the first release, to its end.
    std::string run(const std::string& verb, const std::vector<std::string>& arguments) {
        const auto process = start(first_release, verb, arguments);
        EXPECT_EQ(process->wait(patience), (ExitStatus{0, {}})) << process->error_output();
        return process->output();
    }
    std::string ask(const std::string& query) {
        return std::string(connection_.exec(query).only().text_or_null(0).value_or(""));
    }
    [[nodiscard]] bool comes_true(const std::string& condition) {
        return eventually(patience, [&] { return ask("select " + condition) == "t"; });
    }
    [[nodiscard]] bool are_placed(int orders) {
        return comes_true("(select count(*) >= " + std::to_string(orders) + " from shop.orders)");
    }

    // One for each order, of a version that takes what the order's task was made for.
    void expect_invoices_right() {
        EXPECT_EQ(ask("select count(distinct order_id) from shop.invoice"), "5009");
        // Each event's task was made for the version that was live at its position.
        EXPECT_EQ(
            ask("select count(*) from read_log(0, 100000) as e join task t on t.event_id = e.id "
                "join requirement r on r.id = t.requirement where r.version <> coalesce("
                "(select p.handler_versions[1] from promotion p where p.position < e.position "
                " order by p.id desc limit 1), 1)"),
            "0");
        connection_.exec(
            "create temp table wanted as "
            "select l.order_id, sum(l.sales) as full_amount, sum(l.sales - l.sales * l.discount) "
            "as "
            "reduced, min(r.version) as made_for, min(i.amount) as amount "
            "from shop.order_line l join shop.invoice i on i.order_id = l.order_id "
            "join task t on t.payload ->> 'order_id' = l.order_id "
            "join requirement r on r.id = t.requirement group by 1");
        EXPECT_EQ(ask("select count(*) from wanted"), "5009");
        EXPECT_EQ(ask("select count(*) from wanted where amount <> reduced and "
                      "(amount <> full_amount or made_for = 2)"),
                  "0")
            << "version 1 does not take what was made for 2";
        for (const std::string version : {"1", "2"}) {
            EXPECT_GT(std::stoi(ask("select count(*) from wanted where made_for = " + version)),
                      500);
        }
        EXPECT_GT(std::stoi(ask("select count(*) from wanted where amount <> reduced")), 100);
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
};

TEST_F(HandlerRolloutTest, EachOrderHasOneInvoiceOfAVersionThatTakesIt) {
    const auto orchestrator =
        start(first_release, "orchestrate", {"--kind", "development", "--auto-promote", "false"});
    auto old_node = start_node(first_release, "old");
    ASSERT_TRUE(comes_true("exists (select from handler)")) << old_node->error_output();
    auto new_node = start_node(next_release, "new");
    ASSERT_TRUE(
        comes_true("(select count(*) = 2 from handler_version where handler = 'send_invoice')"))
        << new_node->error_output();
    const auto placing = start(first_release, "place",
                               {"--seed", std::to_string(seed()), "--wait", "60", all_orders});
    ASSERT_TRUE(comes_true("to_regclass('shop.orders') is not null")) << placing->error_output();

    ASSERT_TRUE(are_placed(800)) << placing->error_output();
    EXPECT_EQ(run("promote", {"send_invoice", "2"}).substr(0, 43),
              "send_invoice is live at version 2 from posi");
    ASSERT_TRUE(are_placed(1600)) << placing->error_output();
    old_node->kill(SIGKILL);
    ASSERT_TRUE(old_node->wait(patience));
    old_node = start_node(first_release, "old");
    ASSERT_TRUE(comes_true("(select count(*) = 2 from node where name = 'old')"))
        << old_node->error_output();
    ASSERT_TRUE(are_placed(2400)) << placing->error_output();
    new_node->kill(SIGKILL);
    ASSERT_TRUE(new_node->wait(patience));
    const std::string left =
        "(select sum(waiting) > 20 from waiting_by_version('send_invoice') "
        "where version = 2)";
    ASSERT_TRUE(comes_true(left)) << orchestrator->error_output();
    run("rollback", {"send_invoice"});
    ASSERT_TRUE(are_placed(3600)) << placing->error_output();
    EXPECT_EQ(ask("select " + left), "t") << "version 1 does not take what was made for 2";
    new_node = start_node(next_release, "new");
    ASSERT_TRUE(comes_true("(select count(*) = 2 from node where name = 'new')"))
        << new_node->error_output();
    run("promote", {"send_invoice", "2"});
    ASSERT_TRUE(placing->wait(patience)) << placing->error_output();
    EXPECT_TRUE(comes_true("(select count(*) = 5009 from shop.invoice)"))
        << ask("select count(*) from shop.invoice") << old_node->error_output()
        << new_node->error_output() << orchestrator->error_output();

    expect_invoices_right();
}

}  // namespace
}  // namespace baton::testing

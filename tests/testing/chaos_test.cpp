// run_chaos(): a sound application stands it, and what is not sound is found.

#include "baton/testing/chaos.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <pqxx/dbtransaction>
#include <set>

#include "baton/base/error.hpp"
#include "support/cluster.hpp"

namespace baton::testing {
namespace {

struct Paid {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    std::int64_t amount{};
    BATON_FIELDS(account, amount)
};
struct Total {
    std::string account;
    std::int64_t total{};
    BATON_FIELDS(account, total)
    BATON_KEY(account)
};
struct Totals {
    using Row = Total;
    using Events = EventTypes<Paid>;
    static constexpr std::string_view name = "totals";
    static constexpr int version = 1;
    void reduce(const Paid& paid, Rows<Total>& rows) const {
        rows.at(paid.account).total += paid.amount;
    }
};
// Remembers what it was called with, and gives it to the wrong one.
struct Remembering : Totals {
    void reduce(const Paid& paid, Rows<Total>& rows) const {
        static std::int64_t sum = 0;
        sum += paid.amount;
        rows.at(paid.account).total = paid.amount == 0 ? 0 : sum;
    }
};
struct Invoice {
    using Event = Paid;
    static constexpr std::string_view name = "invoice";
    static constexpr int version = 1;
    void handle(const Paid& paid, TaskContext& task) const {
        task.tx().exec_params("insert into public.invoice values ($1, $2)", task.task().id,
                              paid.amount);
    }
};
// Asks for its transaction, and does the deed beside it.
struct CarelessInvoice : Invoice {
    static inline std::multiset<std::int64_t> sent;
    void handle(const Paid& /*paid*/, TaskContext& task) const {
        sent.insert(task.task().id);
        task.tx().exec_params("insert into public.invoice values ($1, $2)", task.task().id,
                              static_cast<std::int64_t>(sent.count(task.task().id)));
    }
};

class ChaosTest : public ::testing::Test {
protected:
    ChaosTest() {
        std::ofstream file(options_.events);
        for (int i = 1; i < 6; ++i) {
            file << R"({"type":"payment/received","payload":{"account":"a)" << i % 3
                 << R"(","amount":)" << i << "}}\n";
        }
    }
    ~ChaosTest() override { std::filesystem::remove(options_.events); }

    ChaosOptions options_{
        .events = std::filesystem::temp_directory_path() /
                  ("testkit_chaos_" + std::to_string(::getpid()) + ".ndjson"),
        .seed = 14,  // a node dies with its transaction open in the first round
        .time = std::chrono::minutes(5),
        .rounds_max = 8,
        .set_up = "create table public.invoice (task bigint not null, amount bigint not null)",
        .checks = {"select count(*) = count(distinct task) from public.invoice",
                   "select count(*) > 0 from public.invoice"}};
};

TEST_F(ChaosTest, ASoundApplicationStandsIt) {
    TestParts parts;
    parts.registry.add<Totals>();
    parts.handlers.add<Invoice>();
    const ChaosReport report = run_chaos(std::move(parts), options_, Cluster::instance());
    EXPECT_EQ(report.broken, std::vector<std::string>{});
    EXPECT_EQ(report.handler_error, "");
    EXPECT_EQ(report.rounds, 8);
    EXPECT_GE(report.faults.size(), 4U);
}

TEST_F(ChaosTest, FindsAReducerThatRemembers) {
    TestParts parts;
    parts.registry.add<Remembering>();
    const ChaosReport report = run_chaos(std::move(parts), options_, Cluster::instance());
    ASSERT_FALSE(report.broken.empty());
    EXPECT_NE(report.broken.front().find("totals is not pure"), std::string::npos)
        << report.broken.front();
}

TEST_F(ChaosTest, ATaskIsRunASecondTimeAndTheApplicationsCheckSeesIt) {
    options_.checks = {"select max(amount) = 1 from public.invoice"};
    TestParts parts;
    parts.handlers.add<CarelessInvoice>();
    const ChaosReport report = run_chaos(std::move(parts), options_, Cluster::instance());
    EXPECT_EQ(report.broken,
              std::vector<std::string>{"it is not so any more: " + options_.checks.front()});
}

TEST_F(ChaosTest, NeedsEvents) {
    std::ofstream(options_.events, std::ios::trunc) << "";
    EXPECT_THROW(static_cast<void>(run_chaos({}, options_, Cluster::instance())), Error);
}

}  // namespace
}  // namespace baton::testing

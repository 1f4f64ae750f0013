// The handler of docs/task_sets.md, as a compiler and a program take it.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "baton/node_agent/handlers.hpp"
#include "baton/node_agent/set_member.hpp"
#include "baton/types/date.hpp"
#include "baton/types/decimal.hpp"
#include "end_to_end/document.hpp"

namespace baton::testing {
namespace {

struct OrderLine {
    Decimal sales;
    BATON_FIELDS(sales)
};

struct OrderPlaced {
    static constexpr std::string_view event_type = "order/placed";
    Date ordered_on;
    std::vector<OrderLine> lines;
    BATON_FIELDS(ordered_on, lines)
};

struct Month {
    std::string month;
    BATON_FIELDS(month)
};

struct MonthReport {
    std::string month;
    std::int64_t orders{};
    baton::Decimal sales;
    BATON_FIELDS(month, orders, sales)
    BATON_KEY(month)
};

struct ComputeMonth {
    using Payload = Month;
    using Row = MonthReport;
    static constexpr std::string_view name = "compute_month";
    static constexpr std::string_view view = "year_report";
    static constexpr int version = 1;

    void handle(const Month& month, baton::TaskContext& task) const {
        MonthReport report;
        report.month = month.month;
        task.set().read<OrderPlaced>([&](const OrderPlaced& order) {
            if (order.ordered_on.month() != month.month) return;
            report.orders += 1;
            for (const OrderLine& line : order.lines) report.sales += line.sales;
        });
        task.set().add(report);
    }
};

TEST(TaskSetSnippetTest, IsAHandlerThatMakesAView) {
    const CppOfDocument found = cpp_of_document("docs/task_sets.md");
    EXPECT_EQ(found.faults, "");
    EXPECT_EQ(found.blocks, 1);
    Handlers handlers;
    handlers.add<ComputeMonth>();
    ASSERT_EQ(handlers.infos().size(), 1U);
    EXPECT_EQ(handlers.infos()[0].name, "compute_month");
    EXPECT_EQ(handlers.infos()[0].view, "year_report");
}

}  // namespace
}  // namespace baton::testing

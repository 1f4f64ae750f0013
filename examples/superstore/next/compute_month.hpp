// The store's next version of a month's report: the discount is taken off the sales.
//
// Threads: several call handle() at once.
#pragma once

#include <string_view>

#include "../handlers/compute_month.hpp"
#include "baton/sources/compute_month_2.hpp"

namespace superstore::next {

struct ComputeMonth {
    using Payload = Month;
    using Row = MonthReport;
    static constexpr std::string_view name = "compute_month";
    static constexpr std::string_view view = "year_report";
    static constexpr int version = 2;
    static constexpr std::string_view sources = baton::sources::compute_month_2;

    void handle(const Month& month, baton::TaskContext& task) const {
        MonthReport report;
        report.month = month.month;
        task.set().read<OrderPlaced>([&](const OrderPlaced& order) {
            if (order.ordered_on.month() != month.month) return;
            report.orders += 1;
            for (const OrderLine& line : order.lines) {
                report.sales += line.sales - line.sales * line.discount;
            }
        });
        task.set().add(report);
    }
};

}  // namespace superstore::next

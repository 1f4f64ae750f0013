// The store's next version of a month's report: the discount is taken off the sales.
//
// Threads: several call handle() at once.
#pragma once

#include <string_view>

#include "../handlers/month_report.hpp"
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
        make_month_report(month, task, [](const OrderLine& line) {
            return line.sales - line.sales * line.discount;
        });
    }
};

}  // namespace superstore::next

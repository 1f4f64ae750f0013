// Computes a month of a year's report: a member of a task set. However many machines compute the
// twelve, and whatever is promoted meanwhile, one version does all of them, from one position of
// the log, and readers see them at once.
//
// Threads: several call handle() at once.
#pragma once

#include <string_view>

#include "baton/sources/compute_month.hpp"
#include "month_report.hpp"

namespace superstore {

struct ComputeMonth {
    using Payload = Month;
    using Row = MonthReport;
    static constexpr std::string_view name = "compute_month";
    static constexpr std::string_view view = "year_report";
    static constexpr int version = 1;
    static constexpr std::string_view sources = baton::sources::compute_month;

    void handle(const Month& month, baton::TaskContext& task) const {
        make_month_report(month, task, [](const OrderLine& line) { return line.sales; });
    }
};

}  // namespace superstore

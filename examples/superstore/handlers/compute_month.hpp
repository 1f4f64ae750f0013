// Computes a month of a year's report: a member of a task set. However many machines compute the
// twelve, and whatever is promoted meanwhile, one version does all of them, from one position of
// the log, and readers see them at once.
//
// Threads: several call handle() at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "../events.hpp"
#include "baton/node_agent/set_member.hpp"
#include "baton/node_agent/task_context.hpp"
#include "baton/sources/compute_month.hpp"

namespace superstore {

struct Month {
    std::string month;  // "2017-03"
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
    static constexpr std::string_view sources = baton::sources::compute_month;

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

}  // namespace superstore

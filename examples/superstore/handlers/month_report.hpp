// A month's report, as both versions of compute_month make it: the regions are computed over the
// task's local bus, by threads and by one process in Python (region.py), and what was computed is
// told on it. Of all that Postgres hears the row and one event.
//
// Threads: the thread that runs the handler.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "../events.hpp"
#include "baton/base/log.hpp"
#include "baton/local_bus/bus.hpp"
#include "baton/node_agent/set_member.hpp"
#include "baton/node_agent/task_context.hpp"

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

/// Leaves with the publication of the set.
struct MonthComputed {
    static constexpr std::string_view event_type = "month/computed";
    std::string month;
    baton::Decimal sales;
    std::int64_t pieces{};
    std::int64_t by_python{};
    BATON_FIELDS(month, sales, pieces, by_python)
};

/// A piece of the work: a state of a region.
struct Region {
    std::string region;
    std::vector<baton::Decimal> sales;
    BATON_FIELDS(region, sales)
};

/// What is said on the bus by whoever did it, in whatever language.
struct RegionDone {
    static constexpr std::string_view topic = "region/done";
    std::string region;
    std::string by;
    baton::Decimal sales;
    BATON_FIELDS(region, by, sales)
};

/// Said by the process in Python once it can take work.
struct WorkerReady {
    static constexpr std::string_view topic = "worker/ready";
    std::string by;
    BATON_FIELDS(by)
};

/// The sum over all regions.
inline MonthComputed sum_of_regions(const Month& month, const std::vector<Region>& regions,
                                    baton::TaskContext& task) {
    baton::Bus& bus = task.bus();
    MonthComputed computed{month.month, {}, static_cast<std::int64_t>(regions.size()), 0};
    auto done = bus.subscribe<RegionDone>({.depth = 64}, [&](const RegionDone& region) {
        computed.sales += region.sales;
        computed.by_python += region.by == "python" ? 1 : 0;
    });
    auto ready = bus.inbox<WorkerReady>();
    auto pool = bus.fan_out<Region>({.threads = 4,
                                     .processes = {{"/usr/bin/python3", "region.py"}},
                                     .folder = SUPERSTORE_FOLDER "/handlers"},
                                    [&](const Region& region) {
                                        RegionDone summed{region.region, "thread", {}};
                                        for (const auto& sales : region.sales) {
                                            summed.sales += sales;
                                        }
                                        bus.publish(summed);
                                    });
    // So little is to be computed that the threads would be done before it has started.
    if (!ready.take(std::chrono::seconds(30))) throw std::runtime_error("no Python has started");
    for (const Region& region : regions) pool.push(region);
    // Live, for who looks at the node: as often as one likes, since no database hears of it.
    while (!pool.wait_for(std::chrono::milliseconds(100))) {
        baton::log_line(spdlog::level::debug, "computes a month",
                        {{"month", month.month}, {"regions_done", pool.stats().done}});
    }
    if (!done.wait_for(std::chrono::seconds(10)) || done.lost() > 0 ||
        pool.stats().done != regions.size()) {
        throw std::runtime_error("a region of " + month.month + " was not computed");
    }
    baton::log_line(spdlog::level::info, "computed a month",
                    {{"month", month.month},
                     {"regions", regions.size()},
                     {"by_python", computed.by_python},
                     {"local_messages", bus.stats().published}});
    return computed;
}

/// `sales_of(line)`: what an order's line is worth.
template <class SalesOf>
void make_month_report(const Month& month, baton::TaskContext& task, SalesOf sales_of) {
    MonthReport report;
    report.month = month.month;
    std::map<std::string, std::vector<baton::Decimal>> sales;
    task.set().read<OrderPlaced>([&](const OrderPlaced& order) {
        if (order.ordered_on.month() != month.month) return;
        report.orders += 1;
        for (const OrderLine& line : order.lines)
            sales[order.region + "/" + order.state].push_back(sales_of(line));
    });
    std::vector<Region> regions;
    for (auto& [region, of_region] : sales) regions.push_back({region, std::move(of_region)});
    const MonthComputed computed = sum_of_regions(month, regions, task);
    report.sales = computed.sales;
    task.set().add(report);
    task.set().dispatch(computed);
}

}  // namespace superstore

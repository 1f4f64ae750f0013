// Counts the orders and their invoices each night: what its schedule makes is its task, whose meta
// says for which time it is. So a night has one row, whenever that is written and however often the
// node is killed meanwhile.
//
// Threads: several call handle() at once.
#pragma once

#include <pqxx/dbtransaction>

#include <string_view>

#include "baton/node_agent/task_context.hpp"
#include "baton/sources/nightly_report.hpp"

namespace superstore {

struct NightlyReport {
    using Payload = baton::RawPayload;
    static constexpr std::string_view name = "nightly_report";
    static constexpr int version = 1;
    static constexpr std::string_view sources = baton::sources::nightly_report;

    void handle(const baton::RawPayload& /*payload*/, baton::TaskContext& task) const {
        task.tx().exec_params(
            "insert into shop.nightly_report (slot, orders, invoices) "
            "select $1::jsonb ->> 'slot', (select count(*) from shop.orders), "
            "(select count(*) from shop.invoice)",
            task.task().meta.value_or("{}"));
    }
};

}  // namespace superstore

// Writes an invoice for each order. A handler does what a reducer must not: it acts. Here it writes
// into the shop's own table, in the transaction in which its task completes: so each order has one
// invoice, whatever is killed.
//
// Threads: several call handle() at once.
#pragma once

#include <pqxx/dbtransaction>

#include <string_view>

#include "../events.hpp"
#include "baton/node_agent/task_context.hpp"
#include "baton/sources/send_invoice.hpp"

namespace superstore {

struct SendInvoice {
    using Event = OrderPlaced;
    static constexpr std::string_view name = "send_invoice";
    static constexpr int version = 1;
    static constexpr std::string_view sources = baton::sources::send_invoice;

    void handle(const OrderPlaced& order, baton::TaskContext& task) const {
        baton::Decimal amount;
        for (const OrderLine& line : order.lines) amount += line.sales;
        task.tx().exec_params(
            "insert into shop.invoice (order_id, customer_id, amount) values ($1, $2, $3)",
            order.order_id, order.customer.id, amount.text());
    }
};

}  // namespace superstore

// The store's next version of its invoices: the discount is taken off. It takes what was made for
// the first version, too, as an order says both; so invoices that wait at the switch are right.
//
// Threads: several call handle() at once.
#pragma once

#include <pqxx/dbtransaction>

#include <array>
#include <string_view>

#include "../events.hpp"
#include "baton/node_agent/task_context.hpp"
#include "baton/sources/send_invoice_2.hpp"

namespace superstore::next {

struct SendInvoice {
    using Event = OrderPlaced;
    static constexpr std::string_view name = "send_invoice";
    static constexpr int version = 2;
    static constexpr std::array accepts_from{1};
    static constexpr std::string_view sources = baton::sources::send_invoice_2;

    void handle(const OrderPlaced& order, baton::TaskContext& task) const {
        baton::Decimal amount;
        for (const OrderLine& line : order.lines) amount += line.sales - line.sales * line.discount;
        task.tx().exec_params(
            "insert into shop.invoice (order_id, customer_id, amount) values ($1, $2, $3)",
            order.order_id, order.customer.id, amount.text());
    }
};

}  // namespace superstore::next

// What each customer bought, and from when to when. It is part of both releases, see next/.
//
// Threads: no state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "../events.hpp"
#include "baton/sources/customer_totals.hpp"

namespace superstore {

struct CustomerTotals {
    std::string customer_id, name, segment;
    std::int64_t orders{}, lines{};
    baton::Decimal sales, profit;
    baton::Date first_order, last_order;
    BATON_FIELDS(customer_id, name, segment, orders, lines, sales, profit, first_order, last_order)
    BATON_KEY(customer_id)
};

struct CustomerTotalsReducer {
    using Row = CustomerTotals;
    static constexpr std::string_view name = "customer_totals";
    static constexpr std::string_view sources = baton::sources::customer_totals;
    static constexpr int version = 1;
    using Events = baton::EventTypes<OrderPlaced>;

    void reduce(const OrderPlaced& order, baton::Rows<Row>& rows) const {
        // at() makes the row if there is none; then it has its key, and no orders yet.
        CustomerTotals& row = rows.at(order.customer.id);
        const bool is_first = row.orders == 0;
        row.name = order.customer.name;
        row.segment = order.customer.segment;
        row.orders += 1;
        for (const OrderLine& line : order.lines) {
            row.lines += 1;
            row.sales += line.sales;
            row.profit += line.profit;
        }
        // Several clients place orders at once, so events do not come in the order of their dates.
        row.first_order = is_first ? order.ordered_on : std::min(row.first_order, order.ordered_on);
        row.last_order = is_first ? order.ordered_on : std::max(row.last_order, order.ordered_on);
    }
};

}  // namespace superstore

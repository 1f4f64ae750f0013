// The store's views that are reduced in C++: what each row holds, and how an event changes it.
// The third view, category_sales, is reduced in SQL: reducers/category_sales.sql.
//
// A reducer is a pure function: the same events give the same rows. Baton makes the table from the
// row (one column for each field), loads the rows that are asked for, and writes what was changed
// in the transaction that also notes how far the log has been read.
//
// Threads: no state.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "events.hpp"

namespace superstore {

struct MonthlySales {
    std::string month, region;  // the month as "2017-03"
    std::int64_t orders{}, lines{}, quantity{};
    baton::Decimal sales, profit;
    BATON_FIELDS(month, region, orders, lines, quantity, sales, profit)
    BATON_KEY(month, region)
};

struct MonthlySalesReducer {
    using Row = MonthlySales;
    static constexpr std::string_view name = "monthly_sales";
    static constexpr int version = 1;
    using Events = baton::EventTypes<OrderPlaced>;

    void reduce(const OrderPlaced& order, baton::Rows<Row>& rows) const {
        MonthlySales& row = rows.at(order.ordered_on.month(), order.region);
        row.orders += 1;
        for (const OrderLine& line : order.lines) {
            row.lines += 1;
            row.quantity += line.quantity;
            row.sales += line.sales;
            row.profit += line.profit;
        }
    }
};

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

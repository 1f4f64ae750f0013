// The store's next version of its months: sales and profit are what is left after the discount, and
// a column says how much that was. It is another struct and another reducer, of the same name and
// the next version; the first version stays as it is, for as long as a program carries it.
//
// Threads: no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "../events.hpp"
#include "baton/sources/monthly_sales_2.hpp"

namespace superstore::next {

struct MonthlySales {
    std::string month, region;
    std::int64_t orders{}, lines{}, quantity{};
    baton::Decimal sales, profit, discounts;
    BATON_FIELDS(month, region, orders, lines, quantity, sales, profit, discounts)
    BATON_KEY(month, region)
};

struct MonthlySalesReducer {
    using Row = MonthlySales;
    static constexpr std::string_view name = "monthly_sales";
    static constexpr std::string_view sources = baton::sources::monthly_sales_2;
    static constexpr int version = 2;
    using Events = baton::EventTypes<OrderPlaced>;

    void reduce(const OrderPlaced& order, baton::Rows<Row>& rows) const {
        MonthlySales& row = rows.at(order.ordered_on.month(), order.region);
        row.orders += 1;
        for (const OrderLine& line : order.lines) {
            const baton::Decimal discount = line.sales * line.discount;
            row.lines += 1;
            row.quantity += line.quantity;
            row.sales += line.sales - discount;
            row.profit += line.profit - discount;
            row.discounts += discount;
        }
    }
};

}  // namespace superstore::next

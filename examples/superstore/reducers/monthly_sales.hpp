// The sales of each month and region: what a row of the view holds, and how an order changes it.
//
// A reducer is a pure function: the same events give the same rows. Baton makes the table from the
// row (one column for each field), loads the rows that are asked for, and writes what was changed
// in the transaction that also notes how far the log has been read.
//
// Each reducer has a file of its own, of which its build is a digest: the next release carries what
// has not changed under the same build. See baton_reducer_sources() in CMakeLists.txt.
//
// Threads: no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "../events.hpp"
#include "baton/sources/monthly_sales.hpp"

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
    static constexpr std::string_view sources = baton::sources::monthly_sales;
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

}  // namespace superstore

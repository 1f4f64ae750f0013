// The one event of the store: an order was placed, with all that is to be known about it.
//
// BATON_FIELDS is the only declaration there is: JSON in both directions follows from it.
//
// Threads: values only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "baton/reducers/reducer.hpp"

namespace superstore {

struct Customer {
    std::string id, name, segment;
    BATON_FIELDS(id, name, segment)
};

/// Money is a Decimal: exact, as `numeric` is in Postgres. A double would be off by a cent one day.
struct OrderLine {
    std::string product_id, category, sub_category, product;
    baton::Decimal sales;
    std::int64_t quantity{};
    baton::Decimal discount, profit;
    BATON_FIELDS(product_id, category, sub_category, product, sales, quantity, discount, profit)
};

/// Events are named for what happened, in the past tense.
struct OrderPlaced {
    static constexpr std::string_view event_type = "order/placed";
    std::string order_id;
    baton::Date ordered_on, shipped_on;
    std::string ship_mode;
    Customer customer;
    std::string city, state, region;
    std::vector<OrderLine> lines;
    BATON_FIELDS(order_id, ordered_on, shipped_on, ship_mode, customer, city, state, region, lines)
};

}  // namespace superstore

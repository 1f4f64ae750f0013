// Greets each customer at his first order. A follower goes through the events in the log's order,
// so the first one that it meets of a customer is the first; it goes on from its bookmark,
// whatever is killed, and what it writes commits together with the bookmark's move.
//
// Threads: one calls follow().
#pragma once

#include <pqxx/dbtransaction>

#include <string_view>

#include "../events.hpp"
#include "baton/node_agent/follow_context.hpp"

namespace superstore {

struct GreetCustomer {
    using Event = OrderPlaced;
    static constexpr std::string_view name = "greet_customer";
    static constexpr std::string_view bookmark = "greetings";
    static constexpr std::int64_t from = 1;

    void follow(const OrderPlaced& order, baton::FollowContext& at) const {
        at.tx().exec_params(
            "insert into shop.greeting (customer_id, first_order, orders) values ($1, $2, 1)"
            " on conflict (customer_id) do update set orders = greeting.orders + 1",
            order.customer.id, order.order_id);
    }
};

}  // namespace superstore

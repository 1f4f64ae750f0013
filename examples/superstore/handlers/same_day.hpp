// What becomes of an order that is to leave the same day: a workflow, docs/workflows.md. Its goods
// are reserved, it is charged, it is shipped; each step is a task, which some node carries out, and
// writes what it did in the transaction in which it completes. Who buys for more than the store
// lends is not charged: then the goods that were reserved are given back.
//
// Each table only ever gets rows, so what was done twice would be seen.
//
// Threads: several call handle() at once.
#pragma once

#include <pqxx/dbtransaction>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "baton/node_agent/task_context.hpp"
#include "baton/sources/same_day.hpp"

namespace superstore {

struct Goods {
    std::string product_id;
    std::int64_t quantity{};
    BATON_FIELDS(product_id, quantity)
};

/// What a run begins with.
struct SameDayOrder {
    std::string order_id, customer_id;
    baton::Decimal amount;
    std::vector<Goods> goods;
    BATON_FIELDS(order_id, customer_id, amount, goods)
};

/// What one step gives to the next one.
struct Reservation {
    std::string order_id, customer_id;
    baton::Decimal amount;
    BATON_FIELDS(order_id, customer_id, amount)
};
struct Payment {
    std::string order_id, customer_id;
    baton::Decimal amount;
    BATON_FIELDS(order_id, customer_id, amount)
};

/// What the handler that undoes a step gets: what the step got, and what it gave.
struct Reserved {
    SameDayOrder payload;
    Reservation result;
    BATON_FIELDS(payload, result)
};

/// Of this an invoice is sent, by an endpoint: see demo.toml.
struct OrderShipped {
    static constexpr std::string_view event_type = "order/shipped";
    std::string order_id, customer_id;
    baton::Decimal amount;
    BATON_FIELDS(order_id, customer_id, amount)
};

inline void move_goods(const SameDayOrder& order, std::int64_t sign, baton::TaskContext& task) {
    for (const Goods& goods : order.goods) {
        task.tx().exec_params(
            "insert into shop.stock_move (order_id, product_id, quantity) values ($1, $2, $3)",
            order.order_id, goods.product_id, sign * goods.quantity);
    }
}

struct ReleaseGoods {
    using Payload = Reserved;
    static constexpr std::string_view name = "release_goods";
    static constexpr int version = 1;
    static constexpr std::string_view sources = baton::sources::same_day;

    void handle(const Reserved& step, baton::TaskContext& task) const {
        move_goods(step.payload, -1, task);
    }
};

struct ReserveGoods {
    using Payload = SameDayOrder;
    using Undo = ReleaseGoods;
    static constexpr std::string_view name = "reserve_goods";
    static constexpr int version = 1;
    static constexpr std::string_view sources = baton::sources::same_day;

    Reservation handle(const SameDayOrder& order, baton::TaskContext& task) const {
        move_goods(order, 1, task);
        return {order.order_id, order.customer_id, order.amount};
    }
};

struct ChargeOrder {
    using Payload = Reservation;
    using Result = Payment;
    static constexpr std::string_view name = "charge_order";
    static constexpr int version = 1;
    static constexpr std::string_view sources = baton::sources::same_day;

    baton::Outcome handle(const Reservation& order, baton::TaskContext& task) const {
        const pqxx::result charged = task.tx().exec_params(
            "insert into shop.payment (order_id, amount) "
            "select $1, $2::numeric where $2::numeric <= 2500",
            order.order_id, order.amount.text());
        if (charged.affected_rows() == 0) return baton::dead_letter("more than the store lends");
        return baton::done(Payment{order.order_id, order.customer_id, order.amount});
    }
};

struct ShipOrder {
    using Payload = Payment;
    static constexpr std::string_view name = "ship_order";
    static constexpr int version = 1;
    static constexpr std::string_view sources = baton::sources::same_day;

    void handle(const Payment& order, baton::TaskContext& task) const {
        task.tx().exec_params("insert into shop.shipment (order_id) values ($1)", order.order_id);
        task.dispatch(OrderShipped{order.order_id, order.customer_id, order.amount},
                      {.key = order.order_id});
    }
};

}  // namespace superstore

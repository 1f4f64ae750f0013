// Events in several schema versions: whatever version an event has, a reducer sees the shape of its
// own struct, or the event is refused with a reason that says which versions there are.
#include "baton/types/upcast.hpp"

#include <concepts>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

#include "baton/base/error.hpp"
#include "baton/reducers/given.hpp"
#include "baton/reducers/reducer.hpp"
#include "baton/reducers/registry.hpp"
#include "view_in_memory.hpp"

namespace baton {
namespace {

using testing::Cell;
using testing::ViewInMemory;

// An order had an amount as a text; then as a number; then in cents, with a currency.
struct OrderV1 {
    static constexpr std::string_view event_type = "order/placed";
    std::string shop, amount;
    BATON_FIELDS(shop, amount)
};

struct OrderV2 {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 2;
    using Former = OrderV1;
    static OrderV2 upcast(OrderV1 former) {
        if (former.amount == "throw int") throw 7;
        if (former.amount == "throw") throw std::invalid_argument("no such amount");
        return {std::move(former.shop), Decimal::parse(former.amount)};
    }
    std::string shop;
    Decimal amount;
    BATON_FIELDS(shop, amount)
};

struct Order {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 3;
    using Former = OrderV2;
    static Order upcast(const OrderV2& former) { return {former.shop, former.amount, "EUR"}; }
    std::string shop;
    Decimal amount;
    std::string currency;
    BATON_FIELDS(shop, amount, currency)
};

struct ShopSales {
    std::string shop, currency;
    Decimal amount;
    BATON_FIELDS(shop, currency, amount)
    BATON_KEY(shop)
};

template <class E>
struct SalesOf {
    using Row = ShopSales;
    static constexpr std::string_view name = "shop_sales";
    static constexpr int version = types::schema_version_of<E>;
    using Events = EventTypes<E>;
    void reduce(const E& order, Rows<Row>& rows) const {
        if constexpr (requires { order.currency; }) rows.at(order.shop).currency = order.currency;
        if constexpr (!std::same_as<E, OrderV1>) rows.at(order.shop).amount += order.amount;
    }
};

// What is in the log: events of any version, JSON or msgpack.
struct Log {
    std::vector<NewEvent> contents;
    std::vector<Event> events;

    std::span<const Event> all() {
        events.clear();
        for (const NewEvent& content : contents) {
            Event& event = events.emplace_back();
            event.position = Position{static_cast<std::int64_t>(events.size())};
            event.type = content.type;
            event.payload = content.payload;
            event.body = content.body;
            event.content_type = content.content_type;
            event.schema_version = content.schema_version;
        }
        return events;
    }
};

template <class E>
class Sales {
public:
    Sales() { registry_.add<SalesOf<E>>(); }

    FoldResult run(Log& log) {
        fold_ = registry_.start_fold(0);
        registry_.decode(log.all(), batch_);
        return view_.run(*fold_, batch_, 0, log.contents.size());
    }
    // shop, currency, amount, position
    std::vector<Cell> row(const std::string& shop) { return view_.rows.at({shop}); }

private:
    Registry registry_;
    std::unique_ptr<Fold> fold_;
    DecodedBatch batch_;
    ViewInMemory view_{[] {
        Registry one;
        one.add<SalesOf<E>>();
        return one.reducers()[0];
    }()};
};

std::string build_of(const Registry& registry) { return registry.reducers()[0].build; }

template <class R>
std::string build_of() {
    Registry registry;
    registry.add<R>();
    return build_of(registry);
}

TEST(UpcastTest, AnEventIsDispatchedInTheVersionOfItsStruct) {
    EXPECT_EQ(make_event(OrderV1{}).schema_version, 1);
    EXPECT_EQ(make_event(OrderV2{}).schema_version, 2);
    EXPECT_EQ(make_msgpack_event(Order{}).schema_version, 3);
    EXPECT_EQ(NewEvent{}.schema_version, 1);
}

TEST(UpcastTest, EveryVersionOfAChainArrivesInTheNewestShape) {
    Log log;
    log.contents = {make_event(OrderV1{"a", "1.25"}),
                    make_msgpack_event(OrderV1{"a", "2.25"}),
                    make_event(OrderV2{"a", Decimal::parse("10")}),
                    make_msgpack_event(OrderV2{"a", Decimal::parse("20")}),
                    make_event(Order{"b", Decimal::parse("100"), "USD"}),
                    make_msgpack_event(Order{"b", Decimal::parse("200"), "CHF"}),
                    make_event(OrderV1{"c", "0.01"})};
    Sales<Order> sales;
    const FoldResult result = sales.run(log);
    ASSERT_EQ(result.state, FoldState::done) << result.message;
    EXPECT_EQ(sales.row("a"), (std::vector<Cell>{"a", "EUR", "33.50", "4"}));
    EXPECT_EQ(sales.row("b"), (std::vector<Cell>{"b", "CHF", "300", "6"}));
    EXPECT_EQ(sales.row("c"), (std::vector<Cell>{"c", "EUR", "0.01", "7"}));
}

TEST(UpcastTest, GivenTakesEventsOfFormerStructs) {
    const auto sales =
        given<SalesOf<Order>>(OrderV1{"a", "1.25"}, OrderV2{"a", Decimal::parse("10")},
                              Order{"b", Decimal::parse("100"), "USD"});
    EXPECT_EQ(sales.row("a")->amount, Decimal::parse("11.25"));
    EXPECT_EQ(sales.row("a")->currency, "EUR");
    EXPECT_EQ(sales.row("b")->currency, "USD");
    EXPECT_THROW((void)given<SalesOf<Order>>(OrderV1{"a", "throw"}), std::invalid_argument);
}

TEST(UpcastTest, ANewerVersionIsRefusedWithTheVersionsThatAreKnown) {
    Log log;
    log.contents = {make_event(OrderV2{"a", Decimal::parse("1")}), make_event(Order{"a", {}, ""})};
    Sales<OrderV2> sales;
    FoldResult result = sales.run(log);
    EXPECT_EQ(result.state, FoldState::poisoned);
    EXPECT_EQ(result.event_index, 1U);
    EXPECT_EQ(result.code, ErrorCode::event_version_unknown);
    EXPECT_EQ(result.message,
              "order/placed has schema version 3, this program knows 1 to 2: promote a version of "
              "shop_sales that knows it");

    // Even if it could be decoded: what it says may mean something else now.
    log.contents[1].payload = log.contents[0].payload;
    EXPECT_EQ(sales.run(log).code, ErrorCode::event_version_unknown);

    log.contents = {make_msgpack_event(Order{"a", {}, ""})};
    Sales<OrderV1> first;
    result = first.run(log);
    EXPECT_EQ(result.message.find("order/placed has schema version 3, this program knows 1: "), 0U)
        << result.message;
}

struct Renamed {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 5;
    std::string shop;
    Decimal amount;
    BATON_FIELDS(shop, amount)
};

struct AfterAGap {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 6;
    using Former = Order;
    static AfterAGap upcast(const Order& former) { return {former.shop, former.amount}; }
    std::string shop;
    Decimal amount;
    BATON_FIELDS(shop, amount)
};

TEST(UpcastTest, AnOlderVersionWithoutAnUpcasterIsRefused) {
    Log log;
    log.contents = {make_event(OrderV1{"a", "1"})};
    Sales<Renamed> sales;
    const FoldResult result = sales.run(log);
    EXPECT_EQ(result.code, ErrorCode::event_version_unknown);
    EXPECT_EQ(result.message.find("order/placed has schema version 1, this program knows 5: "), 0U)
        << result.message;

    log.contents[0].schema_version = 4;
    Sales<AfterAGap> gap;
    const FoldResult between = gap.run(log);
    EXPECT_EQ(between.code, ErrorCode::event_version_unknown);
    EXPECT_EQ(
        between.message.find("order/placed has schema version 4, this program knows 1 to 3, 6: "),
        0U)
        << between.message;
}

TEST(UpcastTest, WhatUpcastThrowsIsAnOrdinaryPoison) {
    for (const std::string amount : {"throw", "throw int", "much"}) {
        Log log;
        log.contents = {make_event(OrderV1{"a", "1"}), make_event(OrderV1{"a", amount})};
        Sales<Order> sales;
        const FoldResult result = sales.run(log);
        EXPECT_EQ(result.state, FoldState::poisoned);
        EXPECT_EQ(result.event_index, 1U);
        EXPECT_EQ(result.code, ErrorCode::event_poisoned);
        EXPECT_EQ(result.message.find("event order/placed: upcast()"), 0U) << result.message;
        if (amount == "throw") {
            EXPECT_EQ(result.message, "event order/placed: upcast(): no such amount");
        }
    }
    // A payload that is not what its version says is no matter of versions.
    Log log;
    log.contents = {make_event(OrderV1{"a", "1"})};
    log.contents[0].payload = R"({"shop": 1})";
    Sales<Order> sales;
    EXPECT_EQ(sales.run(log).code, ErrorCode::decode_failed);
}

TEST(UpcastTest, ReducersOfOneProgramMayKnowDifferentVersions) {
    Registry registry;
    registry.add<SalesOf<OrderV2>>();
    registry.add<SalesOf<Order>>();
    Log log;
    log.contents = {make_event(Order{"a", Decimal::parse("1"), "EUR"})};
    const DecodedBatch batch = registry.decode(log.all());
    const FoldOptions complete{.complete = true};
    EXPECT_EQ(registry.start_fold(0, complete)->fold(batch).code, ErrorCode::event_version_unknown);
    EXPECT_EQ(registry.start_fold(1, complete)->fold(batch).state, FoldState::done);
}

// The shapes of OrderV2, apart from what came before it.
struct Alone {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 2;
    std::string shop;
    Decimal amount;
    BATON_FIELDS(shop, amount)
};
struct First {
    static constexpr std::string_view event_type = "order/placed";
    std::string shop;
    Decimal amount;
    BATON_FIELDS(shop, amount)
};
struct OtherFormer {
    std::string amount;
    BATON_FIELDS(amount)
};
struct FromOther {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 2;
    using Former = OtherFormer;
    static FromOther upcast(const OtherFormer& /*former*/) { return {}; }
    std::string shop;
    Decimal amount;
    BATON_FIELDS(shop, amount)
};

template <class E>
struct Watching : SalesOf<E> {
    static constexpr int version = 1;
};

TEST(UpcastTest, TheBuildTellsVersionsAndFormerShapesApart) {
    const std::set<std::string> builds{build_of<Watching<First>>(), build_of<Watching<Alone>>(),
                                       build_of<Watching<OrderV2>>(),
                                       build_of<Watching<FromOther>>()};
    EXPECT_EQ(builds.size(), 4U);
}

}  // namespace
}  // namespace baton

#include "baton/reducers/registry.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "baton/reducers/given.hpp"
#include "baton/reducers/reducer.hpp"
#include "types/orders.hpp"

namespace baton {
namespace {

using testing::OrderLine;
using testing::OrderPlaced;

struct MonthlySales {
    std::string month, region;
    std::int64_t orders{}, lines{}, quantity{};
    Decimal sales, profit;
    BATON_FIELDS(month, region, orders, lines, quantity, sales, profit)
    BATON_KEY(month, region)
};

struct MonthlySalesReducer {
    using Row = MonthlySales;
    static constexpr std::string_view name = "monthly_sales";
    static constexpr int version = 1;
    using Events = EventTypes<OrderPlaced>;

    void reduce(const OrderPlaced& order, Rows<Row>& rows) const {
        MonthlySales& row = rows.at({order.ordered_on.month(), order.region});
        row.orders += 1;
        for (const OrderLine& line : order.lines) {
            row.lines += 1;
            row.quantity += line.quantity;
            row.sales += line.sales;
            row.profit += line.profit;
        }
    }
};

// A second struct for the same events, which needs a field that the first does not know.
struct OrderWithChannel {
    static constexpr std::string_view event_type = "order/placed";
    std::string channel;
    BATON_FIELDS(channel)
};

struct OrderCancelled {
    static constexpr std::string_view event_type = "order/cancelled";
    std::string order_id;
    BATON_FIELDS(order_id)
};

struct Channel {
    std::string channel;
    std::int64_t orders{};
    BATON_FIELDS(channel, orders)
    BATON_KEY(channel)
};

struct Channels {
    using Row = Channel;
    static constexpr std::string_view name = "channel_orders";
    static constexpr int version = 2;
    static constexpr std::string_view build = "abc123";
    using Events = EventTypes<OrderWithChannel, OrderCancelled>;
    void reduce(const OrderWithChannel& order, Rows<Row>& rows) const {
        rows.at(order.channel).orders += 1;
    }
    void reduce(const OrderCancelled& /*order*/, Rows<Row>& rows) const {
        rows.at({"cancelled"}).orders += 1;
    }
};

// What most of the invalid reducers below have in common.
template <class Row_>
struct Base {
    using Row = Row_;
    static constexpr std::string_view name = "base";
    static constexpr int version = 1;
    using Events = EventTypes<OrderCancelled>;
    void reduce(const OrderCancelled& /*order*/, Rows<Row>& rows) const { rows.at("x"); }
};

struct Newer : MonthlySalesReducer {
    static constexpr int version = 2;
};

struct BadName : Base<Channel> {
    static constexpr std::string_view name = "Channels";
};
struct LongName : Base<Channel> {
    static constexpr std::string_view name = "a23456789012345678901234567890123456789012345678x";
};
struct VersionZero : Base<Channel> {
    static constexpr int version = 0;
};
struct VersionTooHigh : Base<Channel> {
    static constexpr int version = 10'000;
};
struct NoEvents : Base<Channel> {
    using Events = EventTypes<>;
};
struct TwiceTheSameEvent : Base<Channel> {
    using Events = EventTypes<OrderCancelled, OrderCancelled>;
};
struct WithPosition {
    std::string id;
    std::int64_t position{};
    BATON_FIELDS(id, position)
    BATON_KEY(id)
};
struct WithCapital {
    std::string orderId;
    BATON_FIELDS(orderId)
    BATON_KEY(orderId)
};

struct Counting : Base<Channel> {
    mutable std::int64_t calls = 0;
    void reduce(const OrderCancelled& /*order*/, Rows<Row>& rows) const {
        rows.at("x").orders = ++calls;
    }
};
struct SometimesThrowing : Base<Channel> {
    mutable std::int64_t calls = 0;
    void reduce(const OrderCancelled& /*order*/, Rows<Row>& /*rows*/) const {
        if (++calls % 2 == 0) throw std::runtime_error("odd");
    }
};
struct Strict : Base<Channel> {
    void reduce(const OrderCancelled& order, Rows<Row>& /*rows*/) const {
        if (order.order_id.empty()) throw std::invalid_argument("an order without an id");
    }
};

template <class R>
std::string refusal() {
    Registry registry;
    try {
        registry.add<R>();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::reducer_invalid);
        EXPECT_TRUE(registry.reducers().empty());
        return error.what();
    }
    return "accepted";
}

TEST(RegistryTest, InfoSaysWhatTheReducerDeclares) {
    Registry registry;
    registry.add<MonthlySalesReducer>();
    registry.add<Channels>();
    const ReducerInfo& info = registry.reducers()[0];
    EXPECT_EQ(info.name, "monthly_sales");
    EXPECT_EQ(info.version, 1);
    EXPECT_EQ(info.columns, (std::vector<ViewColumn>{{"month", "text", false, true},
                                                     {"region", "text", false, true},
                                                     {"orders", "bigint", false, false},
                                                     {"lines", "bigint", false, false},
                                                     {"quantity", "bigint", false, false},
                                                     {"sales", "numeric", false, false},
                                                     {"profit", "numeric", false, false}}));
    EXPECT_EQ(info.key_columns, (std::vector<std::string>{"month", "region"}));
    EXPECT_EQ(info.event_types, std::vector<std::string>{"order/placed"});
    EXPECT_EQ(registry.reducers()[1].build, "abc123");
    EXPECT_EQ(registry.event_types(),
              (std::vector<std::string>{"order/placed", "order/cancelled"}));
}

struct Envelopes : Base<Channel> {
    void reduce(const OrderCancelled& /*order*/, Rows<Row>& rows, const Event& event) const {
        rows.at({std::string(event.key.value_or("none"))}).orders += 1;
    }
};

TEST(RegistryTest, TellsWhetherAReducerLooksAtEnvelopes) {
    Registry registry;
    registry.add<Channels>();
    EXPECT_FALSE(registry.reads_envelope());
    registry.add<Envelopes>();
    EXPECT_TRUE(registry.reads_envelope());
}

TEST(RegistryTest, ComputedBuildIsStableAndFollowsTheShape) {
    // Pinned: another value here means that every deployed view looks rebuilt.
    Registry registry;
    registry.add<MonthlySalesReducer>();
    registry.add<Base<Channel>>();
    EXPECT_EQ(registry.reducers()[0].build, "c29bdf19eca3c85ded7bbee6db1bf0e2");

    registry.add<Newer>();
    EXPECT_NE(registry.reducers()[0].build, registry.reducers()[2].build);
}

struct OfFiles : Base<Channel> {
    static constexpr std::string_view sources = "0a1b";
};
struct OfChangedFiles : Base<Channel> {
    static constexpr std::string_view sources = "0a1c";
};
struct OtherColumn {
    std::string channel;
    std::int64_t lines{};
    BATON_FIELDS(channel, lines)
    BATON_KEY(channel)
};
struct OfOtherColumns : Base<OtherColumn> {
    static constexpr std::string_view sources = "0a1b";
};
struct OfStatedBuild : OfFiles {
    static constexpr std::string_view build = "stated";
};

template <class R>
std::string build_of() {
    Registry registry;
    registry.add<R>();
    return registry.reducers()[0].build;
}

// An upcast is code that no list of a reducer's files has.
struct OrderFirst {
    [[maybe_unused]] static constexpr std::string_view event_type = "order/placed";
    std::string region;
    BATON_FIELDS(region)
};
struct OrderSecond {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 2;
    using Former = OrderFirst;
    static OrderSecond upcast(const OrderFirst& former) { return {former.region}; }
    std::string region;
    BATON_FIELDS(region)
};
struct OfFilesAndUpcasts {
    using Row = Channel;
    using Events = EventTypes<OrderSecond>;
    static constexpr std::string_view name = "upcasts";
    static constexpr std::string_view sources = "0a1b";
    static constexpr int version = 1;
    void reduce(const OrderSecond& order, Rows<Row>& rows) const {
        rows.at({order.region}).orders += 1;
    }
};

TEST(RegistryTest, TheProgramIsFollowedWhereNothingElseSaysAllOfTheCode) {
    const auto follows = [](auto add) {
        Registry registry;
        add(registry);
        return registry.reducers()[0].follows_program;
    };
    EXPECT_TRUE(follows([](Registry& r) { r.add<MonthlySalesReducer>(); }));
    EXPECT_FALSE(follows([](Registry& r) { r.add<OfFiles>(); }));
    EXPECT_TRUE(follows([](Registry& r) { r.add<OfFilesAndUpcasts>(); }));
    EXPECT_FALSE(follows([](Registry& r) { r.add<Channels>(); })) << "it states its build";
}

TEST(RegistryTest, ComputedBuildFollowsTheSourcesAndTheShape) {
    const std::string build = build_of<OfFiles>();
    EXPECT_EQ(build_of<OfFiles>(), build);
    EXPECT_NE(build_of<OfChangedFiles>(), build);
    EXPECT_NE(build_of<Base<Channel>>(), build);
    EXPECT_NE(build_of<OfOtherColumns>(), build);
    EXPECT_EQ(build_of<OfStatedBuild>(), "stated");
}

TEST(RegistryTest, InvalidDeclarationsAreRefusedWithOneLine) {
    EXPECT_EQ(refusal<BadName>(),
              "reducer \"Channels\" version 1: the name must match ^[a-z][a-z0-9_]{0,47}$");
    EXPECT_NE(refusal<LongName>().find("the name must match"), std::string::npos);
    EXPECT_EQ(refusal<VersionZero>(), "reducer \"base\" version 0: the version must be 1 to 9999");
    EXPECT_EQ(refusal<VersionTooHigh>(),
              "reducer \"base\" version 10000: the version must be 1 to 9999");
    EXPECT_EQ(refusal<NoEvents>(), "reducer \"base\" version 1: Events names no event type");
    EXPECT_EQ(refusal<TwiceTheSameEvent>(),
              "reducer \"base\" version 1: event type \"order/cancelled\" is declared twice");
    EXPECT_EQ(refusal<Base<WithPosition>>(),
              "reducer \"base\" version 1: column \"position\": each view has this column already; "
              "rename the field");
    EXPECT_EQ(refusal<Base<WithCapital>>(),
              "reducer \"base\" version 1: column \"orderId\": the name must match "
              "^[a-z][a-z0-9_]{0,62}$");
}

TEST(RegistryTest, SameNameAndVersionTwiceIsRefused) {
    Registry registry;
    registry.add<Base<Channel>>();
    EXPECT_THROW(registry.add<Base<Channel>>(), Error);
    EXPECT_EQ(registry.reducers().size(), 1U);
}

TEST(RegistryTest, ImpureReducersAreRefused) {
    EXPECT_EQ(refusal<Counting>(),
              "reducer \"base\" version 1: event \"order/cancelled\" gave different rows or "
              "effects when it was reduced twice; a reducer may depend on nothing but the event "
              "and the rows");
    EXPECT_NE(refusal<SometimesThrowing>(), "accepted");
}

TEST(RegistryTest, ReducerThatRefusesADefaultEventIsAccepted) {
    EXPECT_EQ(refusal<Strict>(), "accepted");
}

TEST(RegistryTest, UndecodableEventIsAnErrorOnlyForReducersOfThatStruct) {
    Registry registry;
    registry.add<MonthlySalesReducer>();
    registry.add<Channels>();
    Event event;
    event.type = "order/placed";
    event.payload = R"({"order_id":"1","ordered_on":"2017-01-02","region":"West","lines":[]})";
    const DecodedBatch batch = registry.decode({&event, 1});
    const auto sales = registry.start_fold(0, {.complete = true});
    const auto channels = registry.start_fold(1, {.complete = true});
    EXPECT_EQ(sales->fold(batch).state, FoldState::done);
    const FoldResult result = channels->fold(batch);
    EXPECT_EQ(result.state, FoldState::poisoned);
    EXPECT_EQ(result.message, "event order/placed: field \"channel\" is missing");
}

TEST(RegistryTest, BatchCanBeUsedAgainForOtherEvents) {
    Registry registry;
    registry.add<Channels>();
    DecodedBatch batch;
    Event event;
    event.type = "order/placed";
    event.payload = "broken";
    registry.decode({&event, 1}, batch);
    event.payload = R"({"channel": "web"})";
    registry.decode({&event, 1}, batch);
    const auto fold = registry.start_fold(0, {.complete = true});
    EXPECT_EQ(fold->fold(batch).state, FoldState::done);
    EXPECT_EQ(fold->changes().columns, (std::vector<std::string>{R"({"web"})", "{1}"}));
}

TEST(GivenTest, ShowsTheRowsAfterTheEvents) {
    const OrderPlaced first{"1",
                            Date(2017, 1, 31),
                            "West",
                            {{"Chairs", 2, Decimal::parse("19.90"), Decimal::parse("-1.5")}}};
    const OrderPlaced second{
        "2", Date(2017, 1, 1), "West", {{"Paper", 1, Decimal::parse("0.1"), 0}, {"Pens", 3, 1, 1}}};
    const OrderPlaced third{"3", Date(2017, 2, 1), "East", {}};
    const auto then = given<MonthlySalesReducer>(first, second, third);
    EXPECT_EQ(then.rows().size(), 2U);
    const auto row = then.row("2017-01", "West");
    ASSERT_TRUE(row);
    EXPECT_EQ(row->orders, 2);
    EXPECT_EQ(row->quantity, 6);
    EXPECT_EQ(row->sales.text(), "21.00");
    EXPECT_EQ(row->profit.text(), "-0.5");
    EXPECT_FALSE(then.row("2017-02", "West"));
    EXPECT_EQ(then.rows()[1].month, "2017-02");
}

TEST(GivenTest, ThrowsWhatTheReducerThrows) {
    EXPECT_THROW((void)given<Strict>(OrderCancelled{}), std::invalid_argument);
}

}  // namespace
}  // namespace baton

// What a reducer lets follow from an event, as it says it. The code of docs/effects.md stands in
// here.
#include <gtest/gtest.h>

#include <functional>

#include "baton/reducers/given.hpp"
#include "baton/reducers/reducer.hpp"
#include "baton/reducers/registry.hpp"

namespace baton::testing {
namespace {

struct OrderPlaced {
    static constexpr std::string_view event_type = "order/placed";
    std::int64_t order{};
    std::string customer;
    baton::Date day;
    BATON_FIELDS(order, customer, day)
};

struct BecameRegular {
    static constexpr std::string_view event_type = "customer/became_regular";
    static constexpr int schema_version = 1;
    std::string customer;
    BATON_FIELDS(customer)
};

struct Invoice {
    std::int64_t order{};
    BATON_FIELDS(order)
};

struct CustomerTotals {
    std::string customer;
    std::int64_t orders{};
    BATON_FIELDS(customer, orders)
    BATON_KEY(customer)
};

struct CustomerTotalsReducer {
    using Row = CustomerTotals;
    static constexpr std::string_view name = "customer_totals";
    static constexpr int version = 1;
    using Events = baton::EventTypes<OrderPlaced>;

    void reduce(const OrderPlaced& order, baton::Rows<Row>& rows) const {
        rows.at({order.customer}).orders += 1;
    }

    void effects(const OrderPlaced& order, const baton::Rows<Row>& rows,
                 baton::Effects& out) const {
        out.enqueue("send_invoice", Invoice{order.order});
        if (rows.find({order.customer})->orders == 10) {
            out.dispatch(BecameRegular{order.customer}, order.customer);
        }
        out.touch_task_set("compute_month", std::to_string(order.day.year()));
    }
};

// Says whatever can be said.
struct Says {
    using Row = CustomerTotals;
    static constexpr std::string_view name = "says";
    static constexpr int version = 1;
    using Events = baton::EventTypes<OrderPlaced>;

    std::function<void(const OrderPlaced&, const Event&, Effects&)> what;

    void reduce(const OrderPlaced& /*order*/, Rows<Row>& /*rows*/) const {}
    void effects(const OrderPlaced& order, const Rows<Row>& /*rows*/, Effects& out,
                 const Event& event) const {
        what(order, event, out);
    }
};

std::string said_by(const std::function<void(Effects&)>& what) {
    Given<Says> given(Says{[&](const auto&, const auto&, Effects& out) { what(out); }});
    given.and_then(OrderPlaced{1, "alice", Date(2017, 3, 9)});
    std::string texts;
    for (const Json& effect : given.effects()) texts += effect.text() + "\n";
    return texts;
}

TEST(EffectsTest, AreSaidInOrderWithTheRowsAsReduceLeftThem) {
    Given<CustomerTotalsReducer> given;
    for (int n = 1; n <= 10; ++n) given.and_then(OrderPlaced{n, "alice", Date(2017, 3, 9)});
    const std::vector<Json> effects = given.effects();
    ASSERT_EQ(effects.size(), 21U);
    EXPECT_EQ(effects[18].text(), R"({"cause":10,"event_id":0,"ordinal":1,"task":"send_invoice",)"
                                  R"("payload":{"order":10}})");
    EXPECT_EQ(effects[19].text(),
              R"({"cause":10,"event_id":0,"ordinal":2,"event":"customer/became_regular",)"
              R"("payload":{"customer":"alice"},"key":"alice"})");
    EXPECT_EQ(effects[20].text(),
              R"({"cause":10,"event_id":0,"ordinal":3,"touch_task_set":"compute_month",)"
              R"("key":"2017"})");
}

TEST(EffectsTest, SayEverythingThatCanBeSaid) {
    EXPECT_EQ(said_by([](Effects& out) {
                  out.enqueue("a \"b\"", R"([1, 2])",
                              {.run_at = Timestamp::parse("2017-03-09T12:00:00Z"),
                               .priority = -5,
                               .labels = {"gpu", "x,y"},
                               .tenant = "t",
                               .meta = R"({"m": 1})",
                               .schema_version = 3,
                               .lane = "l"});
                  out.dispatch(BecameRegular{"bob"},
                               {.key = "k", .tenant = "t", .meta = R"({"user": "u"})"});
              }),
              R"({"cause":1,"event_id":0,"ordinal":1,"task":"a \"b\"","payload":[1, 2],)"
              R"("run_at":"2017-03-09T12:00:00+00:00","priority":-5,"labels":["gpu","x,y"],)"
              R"("tenant":"t","meta":{"m": 1},"schema_version":3,"lane":"l"})"
              "\n"
              R"({"cause":1,"event_id":0,"ordinal":2,"event":"customer/became_regular",)"
              R"("payload":{"customer":"bob"},"key":"k","tenant":"t","meta":{"user": "u"}})"
              "\n");
    EXPECT_EQ(said_by([](Effects& out) {
                  out.open_task_set("month", "2017", std::map<std::string, Invoice>{{"a", {7}}},
                                    {.inputs = {"v"},
                                     .seal = false,
                                     .restart_on_promotion = true,
                                     .deadline = std::chrono::hours(1),
                                     .restart_at_deadline = true,
                                     .kept = std::chrono::seconds(60),
                                     .labels = {"gpu"}});
              }),
              R"({"cause":1,"event_id":0,"ordinal":1,"open_task_set":"month","key":"2017",)"
              R"("members":{"a":{"order":7}},"inputs":["v"],"seal":false,)"
              R"("on_promotion":"restart","deadline":"3600 s","at_deadline":"restart",)"
              R"("kept":"60 s","labels":["gpu"]})"
              "\n");
}

TEST(EffectsTest, WhatPostgresCouldNotStoreIsRefusedAsItIsSaid) {
    const auto refusal = [](const std::function<void(Effects&)>& what) {
        try {
            return said_by(what);
        } catch (const Error& error) {
            return std::string(error.what());
        }
    };
    EXPECT_EQ(refusal([](Effects& out) { out.enqueue("a", "{\"x\": "); }).substr(0, 57),
              "an effect: the payload is no JSON that Postgres can store");
    EXPECT_NE(refusal([](Effects& out) { out.enqueue("a\xFF", "{}"); }).find("UTF-8"),
              std::string::npos);
    EXPECT_NE(refusal([](Effects& out) {
                  out.enqueue("a", "{}", {.lane = std::string(1, '\0')});
              }).find("NUL"),
              std::string::npos);
    EXPECT_NE(refusal([](Effects& out) { out.enqueue("a", "{}", {.meta = "no"}); }).find("meta"),
              std::string::npos);
}

// The life of what was said is that of the rows: a pass that is thrown away leaves nothing.
TEST(EffectsTest, AFoldSaysThemOnceHoweverOftenItIsFoldedAndOnlyWhereTheyAreWanted) {
    Registry registry;
    registry.add<CustomerTotalsReducer>();
    std::vector<std::string> payloads;
    std::vector<Event> events;
    for (int n = 1; n <= 4; ++n) {
        payloads.push_back(encode_json(OrderPlaced{n, "alice", Date(2017, 3, 9)}));
    }
    payloads[2] = "[]";  // cannot be decoded
    for (int n = 1; n <= 4; ++n) {
        Event& event = events.emplace_back();
        event.position = Position{n};
        event.type = OrderPlaced::event_type;
        event.payload = payloads[static_cast<std::size_t>(n - 1)];
    }
    const DecodedBatch batch = registry.decode(events);
    const auto fold = registry.start_fold(0);
    const auto folded = [&](std::size_t first, std::size_t count) {
        while (true) {
            const FoldState state = fold->fold(batch, first, count).state;
            if (state != FoldState::needs_rows) return state;
            EXPECT_EQ(fold->effects().said().size(), 0U) << "those of a pass with made-up rows";
            fold->loaded();
        }
    };
    EXPECT_EQ(folded(0, 1), FoldState::done);
    EXPECT_EQ(fold->effects().said().size(), 0U) << "nobody wants them";
    fold->effects().run_after(Position{1});
    EXPECT_EQ(folded(0, 3), FoldState::poisoned);
    EXPECT_EQ(fold->effects().said().size(), 0U);
    EXPECT_EQ(folded(0, 2), FoldState::done);
    EXPECT_EQ(folded(0, 2), FoldState::done);
    EXPECT_EQ(fold->effects().said().size(), 2U) << "not those up to position 1";
    fold->keep();
    EXPECT_EQ(folded(3, 1), FoldState::done);
    EXPECT_EQ(fold->effects().said().size(), 4U);
    fold->discard();
    EXPECT_EQ(fold->effects().said().size(), 2U);
    fold->rollback();
    EXPECT_EQ(fold->effects().said().size(), 0U);
    EXPECT_EQ(folded(1, 1), FoldState::done);
    fold->commit();
    EXPECT_EQ(fold->effects().said().size(), 0U);
}

TEST(EffectsTest, AnImpureOneIsRefused) {
    static int calls = 0;
    Registry registry;
    EXPECT_THROW(registry.add(Says{[](const auto&, const auto&, Effects& out) {
        out.enqueue("a", std::to_string(++calls));
    }}),
                 Error);
}

}  // namespace
}  // namespace baton::testing

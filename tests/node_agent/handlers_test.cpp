// Handlers as a program declares them: what their payload is, which build they have, and what is
// refused.
#include "baton/node_agent/handlers.hpp"

#include <gtest/gtest.h>

#include <array>

#include "baton/types/fields.hpp"

namespace baton::testing {
namespace {

struct OrderV1 {
    static constexpr std::string_view event_type = "order/placed";
    std::string amount;
    BATON_FIELDS(amount)
};
struct Order {
    static constexpr std::string_view event_type = "order/placed";
    static constexpr int schema_version = 2;
    using Former = OrderV1;
    static Order upcast(const OrderV1& former) {
        if (former.amount == "none") throw std::runtime_error("no amount");
        return {Decimal::from_text(former.amount).value()};
    }
    Decimal amount;
    BATON_FIELDS(amount)
};

struct Invoice {
    using Event = Order;
    static constexpr std::string_view name = "invoice";
    static constexpr int version = 3;
    Outcome handle(const Order& order) const { return done(order); }
};
struct Quiet {
    using Payload = Order;
    static constexpr std::string_view name = "quiet";
    static constexpr int version = 1;
    static constexpr int threads = 7;
    static constexpr std::string_view build = "mine";
    void handle(const Order& /*order*/, TaskContext& /*task*/) const {}
};
struct Thumbnail {
    using Payload = RawPayload;
    static constexpr std::string_view name = "thumbnail";
    static constexpr int version = 1;
    Outcome handle(const RawPayload& image) const {
        return retry(std::string(image.content_type) + " of " + std::to_string(image.body.size()));
    }
};

class HandlersTest : public ::testing::Test {
protected:
    Outcome run(std::size_t index, const StoredPayload& payload) {
        TaskContext task({.id = 17}, "shop",
                         {.transaction = {}, .is_cancelled = [] { return false; }});
        return handlers_.run(index)(payload, task);
    }
    template <class H>
    std::string refusal_of() {
        try {
            handlers_.add<H>();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::handler_invalid);
            return error.what();
        }
        return "none";
    }

    Handlers handlers_;
};

TEST_F(HandlersTest, SaysWhatTheDatabaseIsToKnow) {
    handlers_.add<Invoice>();
    handlers_.add<Quiet>();
    const HandlerInfo& invoice = handlers_.infos()[0];
    EXPECT_EQ(invoice.name, "invoice");
    EXPECT_EQ(invoice.version, 3);
    EXPECT_EQ(invoice.events, std::vector<std::string>{"order/placed"});
    EXPECT_EQ(invoice.threads, 4);
    EXPECT_TRUE(invoice.follows_program);
    EXPECT_EQ(invoice.build.size(), 32U);
    const HandlerInfo& quiet = handlers_.infos()[1];
    EXPECT_TRUE(quiet.events.empty());
    EXPECT_EQ(quiet.threads, 7);
    EXPECT_EQ(quiet.build, "mine");
    EXPECT_FALSE(quiet.follows_program);
}

struct FromOne : Invoice {
    static constexpr int accepts_from = 2;
};
struct FromSeveral : Invoice {
    static constexpr int version = 4;
    static constexpr std::array accepts_from{1, 2, 3};
};
struct FromNone : Invoice {
    static constexpr std::array accepts_from{0};
};

TEST_F(HandlersTest, SaysFromWhichVersionsItAccepts) {
    handlers_.add<FromOne>();
    handlers_.add<FromSeveral>();
    EXPECT_EQ(handlers_.infos()[0].accepts_from, std::vector<int>{2});
    EXPECT_EQ(handlers_.infos()[1].accepts_from, (std::vector<int>{1, 2, 3}));
    Handlers others;
    others.add<Invoice>();
    EXPECT_TRUE(others.infos()[0].accepts_from.empty());
    EXPECT_NE(others.infos()[0].build, handlers_.infos()[0].build) << "the build says so, too";
    EXPECT_EQ(refusal_of<FromNone>(),
              "handler \"invoice\" version 3: accepts_from must name versions from 1 to 9999");
}

struct InLanes : Invoice {
    static constexpr bool lane_by_key = true;
};

TEST_F(HandlersTest, SaysThatTheKeyIsTheLane) {
    handlers_.add<InLanes>();
    EXPECT_TRUE(handlers_.infos()[0].lane_by_key);
    Handlers others;
    others.add<Invoice>();
    EXPECT_FALSE(others.infos()[0].lane_by_key);
    EXPECT_NE(others.infos()[0].build, handlers_.infos()[0].build);
}

TEST_F(HandlersTest, PayloadIsReadInWhicheverShapeItHas) {
    handlers_.add<Invoice>();
    EXPECT_EQ(run(0, {{.json = R"({"amount": 9.90})"}, 2}).result, R"({"amount":9.90})");
    EXPECT_EQ(run(0, {{.json = R"({"amount": "9.90"})"}, 1}).result, R"({"amount":9.90})");
    const std::string body = encode_msgpack(Order{Decimal::from_text("1.5").value()});
    EXPECT_EQ(
        run(0, {{.json = "{}", .body = body, .content_type = msgpack_content_type}, 2}).result,
        R"({"amount":1.5})");
}

TEST_F(HandlersTest, PayloadThatCannotBeReadIsADeadLetterWithTheReason) {
    handlers_.add<Invoice>();
    const auto reason_of = [&](const StoredPayload& payload) {
        const Outcome outcome = run(0, payload);
        EXPECT_EQ(outcome.kind, Outcome::Kind::dead);
        return outcome.reason;
    };
    EXPECT_NE(reason_of({{.json = R"({"amount": []})"}, 2}).find("amount"), std::string::npos);
    EXPECT_NE(reason_of({{.json = "{}"}, 4}).find("invoice has schema version 4"),
              std::string::npos)
        << reason_of({{.json = "{}"}, 4});
    EXPECT_NE(reason_of({{.json = R"({"amount": "none"})"}, 1}).find("no amount"),
              std::string::npos);
    EXPECT_NE(reason_of({{.json = "{}", .body = "x", .content_type = "image/png"}, 2})
                  .find("bytes of \"image/png\""),
              std::string::npos);
}

TEST_F(HandlersTest, AnswersInEachOfItsForms) {
    handlers_.add<Quiet>();
    handlers_.add<Thumbnail>();
    EXPECT_EQ(run(0, {{.json = R"({"amount": 1})"}, 2}).kind, Outcome::Kind::done);
    const Outcome raw = run(1, {{.json = "{}", .body = "abc", .content_type = "image/png"}, 1});
    EXPECT_EQ(raw.reason, "image/png of 3");
    EXPECT_EQ(raw.kind, Outcome::Kind::retry);
}

struct NoName : Quiet {
    static constexpr std::string_view name = "";
};
struct NoVersion : Quiet {
    static constexpr int version = 0;
};
struct NoThread : Quiet {
    static constexpr int threads = 0;
};

TEST_F(HandlersTest, RefusesWhatTheDatabaseWould) {
    handlers_.add<Quiet>();
    EXPECT_EQ(refusal_of<Quiet>(),
              "handler \"quiet\" version 1: added twice; raise the version of the newer one");
    EXPECT_EQ(refusal_of<NoName>(),
              "handler \"\" version 1: the name must have 1 to 128 characters");
    EXPECT_EQ(refusal_of<NoVersion>(),
              "handler \"quiet\" version 0: the version must be 1 to 9999");
    EXPECT_EQ(refusal_of<NoThread>(), "handler \"quiet\" version 1: threads must be 1 to 256");
}

struct Together : Quiet {
    static constexpr int batch = 10;
    std::vector<Outcome> handle(std::span<const Order> orders) const {
        return std::vector<Outcome>(orders.size() > 1 ? 1 : orders.size(), done(orders.front()));
    }
};
struct NoBatch : Together {
    static constexpr int batch = 0;
};

TEST_F(HandlersTest, BatchAnswersForWhatCanBeRead) {
    handlers_.add<Together>();
    EXPECT_EQ(handlers_.infos()[0].batch, 10);
    const StoredPayload good{{.json = R"({"amount": 1})"}, 2};
    const StoredPayload bad{{.json = R"({"amount": []})"}, 2};
    const auto run = [&](const std::vector<StoredPayload>& payloads) {
        std::vector<Outcome> outcomes(payloads.size(), retry(""));
        BatchContext batch(std::vector<TaskContext::Task>(payloads.size()), "shop", {});
        handlers_.run_batch(0)(payloads, batch, outcomes);
        return outcomes;
    };
    const std::vector<Outcome> outcomes = run({bad, good, bad});
    EXPECT_EQ(outcomes[0].kind, Outcome::Kind::dead);
    EXPECT_EQ(outcomes[1].result, R"({"amount":1})");
    EXPECT_EQ(outcomes[2].kind, Outcome::Kind::dead);
    EXPECT_EQ(run({bad}).front().kind, Outcome::Kind::dead) << "it is not called for nothing";
    try {
        run({good, good});
        FAIL() << "one answer was taken for two";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "handler \"quiet\" answered for 1 of 2 tasks: give one Outcome for each "
                     "payload, in their order");
    }
    EXPECT_EQ(refusal_of<NoBatch>(), "handler \"quiet\" version 1: batch must be 1 to 1000");
}

struct OtherShape {
    using Payload = OrderV1;
    static constexpr std::string_view name = "invoice";
    static constexpr int version = 3;
    void handle(const OrderV1& /*order*/) const {}
};
struct OtherSources : Invoice {
    static constexpr std::string_view sources = "abc";
};

TEST_F(HandlersTest, BuildFollowsTheShapeAndTheSources) {
    Handlers others;
    handlers_.add<Invoice>();
    others.add<OtherShape>();
    Handlers more;
    more.add<OtherSources>();
    EXPECT_NE(handlers_.infos()[0].build, others.infos()[0].build);
    EXPECT_NE(handlers_.infos()[0].build, more.infos()[0].build);
    EXPECT_FALSE(more.infos()[0].follows_program);
}

TEST_F(HandlersTest, IdempotencyKeyIsTheTasksOwn) {
    TaskContext task({.id = 17, .attempt = 3}, "shop", {});
    EXPECT_EQ(task.idempotency_key(), "shop/task/17");
}

}  // namespace
}  // namespace baton::testing

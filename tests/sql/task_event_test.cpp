// Events become tasks of the handlers that named their types, in the batch's own transaction: one
// for each event and handler, in the order of the log, from the registration on.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "sql/log_follower.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::LogFollower;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

constexpr const char* on_orders =
    R"([{"name": "send", "version": 1, "build": "b1", "events": ["order/placed", "order/paid"]}])";

class TaskEventTest : public testing::TaskFixture {
protected:
    void dispatch(const std::string& type, const std::string& payload = "{}") {
        connection_.exec("select dispatch('" + type + "', '" + payload + "')");
    }

    LogFollower follower_{url_};
};

TEST_F(TaskEventTest, EachEventOfItsTypesIsATaskInTheOrderOfTheLog) {
    dispatch("order/placed", R"({"n": 0})");
    follower_.drain();
    TestNode one = node({.handlers = on_orders});
    dispatch("order/placed", R"({"n": 1})");
    dispatch("order/seen", R"({"n": 2})");
    dispatch("order/paid", R"({"n": 3})");
    connection_.exec(
        "select dispatch_bytes('order/placed', '\\x00ff', 'application/x', tenant => 't')");
    EXPECT_TRUE(one.claim(10).empty()) << "they are in no batch yet";
    follower_.drain(2);

    std::vector<std::string> payloads;
    for (const ClaimedTask& task : one.claim(10)) payloads.push_back(task.payload);
    EXPECT_EQ(payloads, (std::vector<std::string>{R"({"n": 1})", R"({"n": 3})", "{}"}));
    EXPECT_EQ(text("select tenant || ' ' || content_type || ' ' || body::text || ' ' || "
                   "(event_id = 5)::text from task order by id desc limit 1"),
              "t application/x \\x00ff true");
}

TEST_F(TaskEventTest, EachLiveHandlerGetsOneAndOtherVersionsNone) {
    const TestNode one = node({.name = "one", .handlers = on_orders});
    const TestNode next =
        node({.name = "next",
              .handlers =
                  R"([{"name": "send", "version": 2, "build": "b2", "events": ["order/placed"]},
                 {"name": "count", "version": 1, "build": "b", "events": ["order/placed"]}])"});
    dispatch("order/placed");
    follower_.drain();
    EXPECT_EQ(text("select string_agg(r.handler || r.version::text, ' ' order by t.id) "
                   "from task t join requirement r on r.id = t.requirement"),
              "count1 send1");
}

TEST_F(TaskEventTest, BatchThatDoesNotCommitMakesNone) {
    TestNode one = node({.handlers = on_orders});
    dispatch("order/placed");
    sql::LogReader reader = follower_.reader();
    sql::LogPage page;
    ASSERT_TRUE(reader.next(10, page));
    connection_.exec("update leader set epoch = epoch + 1");
    EXPECT_EQ(outcome_of([&] { follower_.record(page); }).sqlstate, "BT011");
    EXPECT_EQ(number("select count(*) from task"), 0);
}

TEST_F(TaskEventTest, TypesThatAreNoneAreRefused) {
    for (const std::string& events : std::vector<std::string>{"7", "[7]", "{}", "\"a\""}) {
        EXPECT_EQ(outcome_of([&] {
                      const TestNode bad = node({.handlers = R"([{"name": "send", "version": 1,
                          "build": "b", "events": )" + events +
                                                             "}]"});
                  }).sqlstate,
                  "BT042")
            << events;
    }
    EXPECT_EQ(outcome_of([&] {
                  const TestNode bad =
                      node({.handlers = R"([{"name": "send", "version": 1, "build": "b",
                                        "events": [""]}])"});
              }).sqlstate,
              "BT001");
    EXPECT_EQ(number("select count(*) from handler"), 0);
}

// A type that a handler names is one that there is.
TEST_F(TaskEventTest, TypeOfAHandlerIsKnown) {
    connection_.exec("select set_unknown_events('refuse')");
    EXPECT_EQ(outcome_of([&] { dispatch("order/placed"); }).sqlstate, "BT040");
    const TestNode one = node({.handlers = on_orders});
    EXPECT_NO_THROW(dispatch("order/placed"));
}

// Handlers register while batches are recorded: from its beginning on, none is missed.
TEST_F(TaskEventTest, RegistrationBesideBatchesMissesNone) {
    constexpr int handler_count = 30;
    std::atomic<bool> is_over{false};
    std::jthread writer([&] {
        sql::Connection session(url_, testing::in_test_schema());
        while (!is_over) session.exec("select dispatch('order/placed')");
    });
    std::jthread registrar([&] {
        for (int i = 0; i < handler_count; ++i) {
            const TestNode one(url_, {.name = "n",
                                      .handlers = R"([{"name": "h)" + std::to_string(i) +
                                                  R"(", "version": 1, "build": "b",
                                                    "events": ["order/placed"]}])"});
        }
        is_over = true;
    });
    while (!is_over) follower_.drain(3);
    writer.join();
    follower_.drain();
    EXPECT_EQ(number("select count(*) from handler"), handler_count);
    EXPECT_EQ(number("select count(*) from handler_event s where log_end() - s.after_position <> "
                     "(select count(*) from task t join requirement r on r.id = t.requirement "
                     "where r.handler = s.handler)"),
              0);
    EXPECT_GT(number("select count(*) from task"), handler_count);
}

}  // namespace
}  // namespace baton

// dispatch_id: the same id with the same content is one event, however often and from wherever it
// comes; with other content it is refused.

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <set>
#include <thread>

#include "baton/sql/dispatch.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/outcome.hpp"
#include "support/eventually.hpp"

namespace baton {
namespace {

using namespace std::chrono_literals;
using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

NewEvent base_event() {
    return {.type = "order/placed",
            .payload = R"({"a": 1, "b": 2})",
            .key = "k",
            .tenant = "t",
            .meta = R"({"m": 1})",
            .dispatch_id = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")};
}

class DispatchOnceTest : public testing::DispatchFixture {
protected:
    EventId dispatch_and_commit(const NewEvent& event) {
        Transaction transaction(connection_);
        const EventId id = dispatch(transaction.raw(), event);
        transaction.commit();
        return id;
    }
    Outcome outcome_of_dispatch(const NewEvent& event) {
        return outcome_of([&] { dispatch_and_commit(event); });
    }
};

TEST_F(DispatchOnceTest, SameContentIsTheSameEvent) {
    const EventId first = dispatch_and_commit(base_event());
    EXPECT_EQ(dispatch_and_commit(base_event()), first);
    NewEvent same = base_event();
    same.payload = R"( {"b":2,   "a" : 1} )";
    EXPECT_EQ(dispatch_and_commit(same), first) << "the same JSON, written otherwise";
    Transaction transaction(connection_);
    EXPECT_EQ(dispatch(transaction.raw(), base_event()), first);
    EXPECT_EQ(dispatch(transaction.raw(), base_event()), first) << "twice in one transaction";
    transaction.commit();
    EXPECT_EQ(event_count(), 1);
}

TEST_F(DispatchOnceTest, OtherContentIsRefusedInEachField) {
    dispatch_and_commit(base_event());
    std::vector<NewEvent> others(8, base_event());
    others[0].type = "order/paid";
    others[1].payload = R"({"a": 1, "b": 3})";
    others[2].key = "k2";
    others[3].tenant = "t2";
    others[4].meta = R"({"m": 2})";
    others[5].key = std::nullopt;
    others[6].payload = "";
    others[6].body = R"({"a": 1, "b": 2})";
    // Values that move from one field to the next must not look the same.
    others[7].key = "k,t";
    others[7].tenant = std::nullopt;
    for (const NewEvent& other : others) {
        const Outcome outcome = outcome_of_dispatch(other);
        EXPECT_EQ(outcome.code, "dispatch_conflict");
        EXPECT_EQ(outcome.sqlstate, "BT003");
        EXPECT_NE(outcome.text.find("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), std::string::npos);
    }
    EXPECT_EQ(event_count(), 1);
}

TEST_F(DispatchOnceTest, BytesAreComparedToo) {
    NewEvent bytes = base_event();
    bytes.payload.clear();
    bytes.body = std::string("\0\1", 2);
    bytes.content_type = "x/y";
    const EventId first = dispatch_and_commit(bytes);
    EXPECT_EQ(dispatch_and_commit(bytes), first);
    // Whatever the session has set.
    connection_.exec("set bytea_output = 'escape'");
    EXPECT_EQ(dispatch_and_commit(bytes), first);
    NewEvent other_body = bytes;
    other_body.body = std::string("\0\2", 2);
    EXPECT_EQ(outcome_of_dispatch(other_body).sqlstate, "BT003");
    NewEvent other_type = bytes;
    other_type.content_type = "x/z";
    EXPECT_EQ(outcome_of_dispatch(other_type).sqlstate, "BT003");
}

TEST_F(DispatchOnceTest, RolledBackAttemptDoesNotBlockTheNext) {
    {
        Transaction transaction(connection_);
        dispatch(transaction.raw(), base_event());
    }
    NewEvent other = base_event();
    other.type = "order/paid";
    EXPECT_EQ(stored(dispatch_and_commit(other)).type, "order/paid")
        << "what was rolled back does not count";
    EXPECT_EQ(event_count(), 1);
}

TEST_F(DispatchOnceTest, SixtyFourAtOnceMakeOneEvent) {
    constexpr int count = 64;
    std::latch start(count);
    std::vector<std::future<EventId>> attempts;
    for (int i = 0; i < count; ++i) {
        attempts.push_back(std::async(std::launch::async, [&] {
            Connection connection(url_, testing::in_test_schema());
            Transaction transaction(connection);
            start.arrive_and_wait();
            const EventId id = dispatch(transaction.raw(), base_event());
            transaction.commit();
            return id;
        }));
    }
    std::set<EventId> ids;
    for (auto& attempt : attempts) ids.insert(attempt.get());
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(event_count(), 1);
    EXPECT_EQ(receipt_count(), 1);
    EXPECT_EQ(stored(*ids.begin()).type, "order/placed");
}

TEST_F(DispatchOnceTest, WaiterTakesOverWhenTheFirstRollsBack) {
    auto first = std::make_unique<Transaction>(connection_);
    dispatch(first->raw(), base_event());
    auto second = std::async(std::launch::async, [&] {
        Connection connection(url_, testing::in_test_schema("second"));
        Transaction transaction(connection);
        const EventId id = dispatch(transaction.raw(), base_event());
        transaction.commit();
        return id;
    });
    ASSERT_TRUE(testing::eventually(10s, [&] {
        return number(
                   "select count(*) from pg_stat_activity where application_name = 'second' "
                   "and wait_event_type = 'Lock'") == 1;
    }));
    first.reset();
    EXPECT_EQ(stored(second.get()).type, "order/placed");
    EXPECT_EQ(event_count(), 1);
}

TEST_F(DispatchOnceTest, SnapshotOlderThanTheFirstIsToldToRetry) {
    Transaction old(connection_, sql::Isolation::repeatable_read);
    old.exec("select");
    Connection other(url_, testing::in_test_schema());
    Transaction first(other);
    dispatch(first.raw(), base_event());
    first.commit();
    EXPECT_EQ(outcome_of([&] { dispatch(old.raw(), base_event()); }).code, "transaction_retry");
}

// As Postgres reads a uuid: what passes the check must not fail in the cast.
TEST_F(DispatchOnceTest, DispatchManyTakesTheUuidsThatPostgresTakes) {
    const std::string digits = "0123456789abcdef0123456789abcdef";
    const auto sqlstate_of = [&](const std::string& id) {
        return outcome_of([&] {
                   connection_.exec("select dispatch_many('[{\"type\": \"a\", \"dispatch_id\": \"" +
                                    id + "\"}]')");
               })
            .sqlstate;
    };
    for (const std::string& id :
         {digits, "{" + digits + "}", std::string("01234567-89ab-cdef-0123-456789ABCDEF")}) {
        EXPECT_EQ(sqlstate_of(id), "") << id;
    }
    for (const std::string& id : {"{" + digits, digits + "}", digits + "-", "-" + digits,
                                  "{" + digits + "-}", digits + "0", std::string("x")}) {
        EXPECT_EQ(sqlstate_of(id), "BT001") << id;
    }
}

}  // namespace
}  // namespace baton

// Dispatch: every argument comes back from the log as it was given, in SQL and in C++; the ids are
// those of the events; what is rolled back leaves nothing; and nobody else can do anything else.

#include "baton/sql/dispatch.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "baton/orchestrator/orchestrator.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/outcome.hpp"

namespace baton {
namespace {

using sql::Connection;
using sql::outcome_of;
using sql::Transaction;
using testing::StoredEvent;

class DispatchTest : public testing::DispatchFixture {
protected:
    EventId select_id(const std::string& query) {
        return EventId(connection_.exec(query).only().integer(0));
    }

    std::vector<EventId> dispatch_list(const std::vector<NewEvent>& events,
                                       ReturnIds return_ids = ReturnIds::yes) {
        Transaction transaction(connection_);
        std::vector<EventId> ids = dispatch_many(transaction.raw(), events, return_ids);
        transaction.commit();
        return ids;
    }
};

const Uuid some_id = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");

NewEvent full_event() {
    return {.type = "order/placed",
            .payload = R"({"total": 12.50, "note": "a\tb"})",
            .key = "order/42",
            .tenant = "acme",
            .meta = R"({"user": 7})"};
}

const StoredEvent full_event_stored{.type = "order/placed",
                                    .key = "order/42",
                                    .tenant = "acme",
                                    .payload = R"({"note": "a\tb", "total": 12.50})",
                                    .meta = R"({"user": 7})"};

NewEvent full_bytes() {
    return {.type = "picture/taken",
            .key = "picture/1",
            .tenant = "acme",
            .meta = R"({"user": 7})",
            .body = std::string("\x00\xff\\\n\t'", 6),
            .content_type = "image/png"};
}

const StoredEvent full_bytes_stored{.type = "picture/taken",
                                    .key = "picture/1",
                                    .tenant = "acme",
                                    .meta = R"({"user": 7})",
                                    .body = std::string("\x00\xff\\\n\t'", 6),
                                    .content_type = "image/png"};

TEST_F(DispatchTest, EveryArgumentIsStoredFromSqlByPosition) {
    const EventId id = select_id(
        R"(select dispatch('order/placed', '{"total": 12.50, "note": "a\tb"}', 'order/42', 'acme',
                           '{"user": 7}', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'))");
    EXPECT_EQ(stored(id), full_event_stored);
    EXPECT_EQ(receipt_count(), 1);
}

TEST_F(DispatchTest, EveryArgumentIsStoredFromSqlByName) {
    const EventId id = select_id(
        R"(select dispatch(meta => '{"user": 7}', tenant => 'acme', key => 'order/42',
                           payload => '{"total": 12.50, "note": "a\tb"}',
                           type => 'order/placed'))");
    EXPECT_EQ(stored(id), full_event_stored);
    EXPECT_EQ(receipt_count(), 0);
}

TEST_F(DispatchTest, TypeAloneIsEnoughInSql) {
    EXPECT_EQ(stored(select_id("select dispatch('day/ended')")), StoredEvent{.type = "day/ended"});
}

TEST_F(DispatchTest, BytesAreStoredFromSql) {
    const EventId id = select_id(
        R"(select dispatch_bytes('picture/taken', '\x00ff5c0a0927', 'image/png', 'picture/1',
                                 'acme', '{"user": 7}', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'))");
    EXPECT_EQ(stored(id), full_bytes_stored);
    EXPECT_EQ(stored(select_id("select dispatch_bytes('a/b', '')")),
              (StoredEvent{.type = "a/b", .body = "", .content_type = "application/octet-stream"}));
    EXPECT_EQ(receipt_count(), 1);
}

TEST_F(DispatchTest, ManyAreStoredFromSqlInTheirOrder) {
    const sql::Result ids = connection_.exec(
        R"(select dispatch_many('[
             {"type": "order/placed", "payload": {"total": 12.50, "note": "a\tb"},
              "key": "order/42", "tenant": "acme", "meta": {"user": 7},
              "dispatch_id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
             {"type": "day/ended"},
             {"type": "a/b", "payload": null, "key": null, "tenant": null, "meta": null,
              "dispatch_id": null}]'))");
    ASSERT_EQ(ids.size(), 3U);
    EXPECT_EQ(stored(EventId(ids[0].integer(0))), full_event_stored);
    EXPECT_EQ(stored(EventId(ids[1].integer(0))), StoredEvent{.type = "day/ended"});
    EXPECT_EQ(stored(EventId(ids[2].integer(0))).type, "a/b");
    EXPECT_LT(ids[0].integer(0), ids[1].integer(0));
    EXPECT_LT(ids[1].integer(0), ids[2].integer(0));
}

TEST_F(DispatchTest, EveryFieldIsStoredFromCpp) {
    Transaction transaction(connection_);
    const EventId json = dispatch(transaction.raw(), full_event());
    const EventId bytes = dispatch(transaction.raw(), full_bytes());
    const EventId bare = dispatch(transaction.raw(), NewEvent{.type = "day/ended"});
    const EventId no_bytes =
        dispatch(transaction.raw(), NewEvent{.type = "a/b", .content_type = "text/plain"});
    const EventId untyped = dispatch(transaction.raw(), NewEvent{.type = "a/b", .body = "x"});
    transaction.commit();
    EXPECT_EQ(stored(json), full_event_stored);
    EXPECT_EQ(stored(bytes), full_bytes_stored);
    EXPECT_EQ(stored(bare), StoredEvent{.type = "day/ended"});
    EXPECT_EQ(stored(no_bytes),
              (StoredEvent{.type = "a/b", .body = "", .content_type = "text/plain"}));
    EXPECT_EQ(
        stored(untyped),
        (StoredEvent{.type = "a/b", .body = "x", .content_type = "application/octet-stream"}));
}

TEST_F(DispatchTest, ManyStoreWhatOneByOneStores) {
    std::vector<NewEvent> events{full_event(),
                                 full_bytes(),
                                 {.type = "day/ended"},
                                 {.type = "a/b", .content_type = "text/plain"},
                                 {.type = "a/b", .body = "x"},
                                 {.type = "a/b", .payload = R"(["\\N", "\\.", "\u00e9", "é"])"},
                                 {.type = "\\N", .key = "\\.", .tenant = "\t\n\r\\t\b\f\v"}};
    Transaction transaction(connection_);
    for (const NewEvent& event : events) dispatch(transaction.raw(), event);
    dispatch_many(transaction.raw(), events);
    transaction.commit();
    const std::vector<StoredEvent> all = log();
    ASSERT_EQ(all.size(), 2 * events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
        EXPECT_EQ(all[events.size() + i], all[i]) << "event " << i;
    }
}

TEST_F(DispatchTest, ManyReturnTheIdsInTheOrderOfTheEvents) {
    std::vector<NewEvent> events;
    for (int i = 0; i < 3000; ++i) {
        events.push_back({.type = "a/b", .key = "k" + std::to_string(i)});
        if (i % 1000 == 500) {
            events.back().dispatch_id = Uuid(Uuid::Bytes{static_cast<std::uint8_t>(i / 1000 + 1)});
        }
    }
    const std::vector<EventId> ids = dispatch_list(events);
    ASSERT_EQ(ids.size(), events.size());
    EXPECT_TRUE(std::ranges::is_sorted(ids));
    for (const std::size_t i : {0U, 499U, 500U, 501U, 1500U, 2999U}) {
        EXPECT_EQ(stored(ids[i]).key, events[i].key);
    }
    EXPECT_EQ(receipt_count(), 3);
    EXPECT_EQ(event_count(), 3000);
    EXPECT_TRUE(dispatch_list(events, ReturnIds::no).empty());
    EXPECT_EQ(event_count(), 5997) << "the three with an id are there already";
    EXPECT_TRUE(dispatch_list({}).empty());
}

TEST_F(DispatchTest, RolledBackTransactionLeavesNoEvent) {
    {
        Transaction transaction(connection_);
        transaction.exec("select dispatch('a/b')");
        transaction.exec("select dispatch_bytes('a/b', '\\x00')");
        transaction.exec("select dispatch_many('[{\"type\": \"a/b\"}]')");
        NewEvent with_id = full_event();
        with_id.dispatch_id = some_id;
        dispatch(transaction.raw(), with_id);
        dispatch_many(transaction.raw(), std::vector{full_event(), full_bytes()});
        EXPECT_EQ(transaction.exec("select from event").size(), 6U);
    }
    EXPECT_EQ(event_count(), 0);
    EXPECT_EQ(receipt_count(), 0);
}

}  // namespace
}  // namespace baton

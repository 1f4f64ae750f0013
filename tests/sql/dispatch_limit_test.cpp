// The limits of dispatch: at one less, exactly, and one more, for each field, on every way in; and
// back-pressure, which must end by itself once the views have caught up.

#include <gtest/gtest.h>

#include <functional>

#include "baton/sql/dispatch.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/log_reader.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/outcome.hpp"

namespace baton {
namespace {

using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

struct Way {
    std::string name;
    std::function<void(Connection&, const NewEvent&)> go;
};

void one_by_one(Connection& connection, const NewEvent& event) {
    Transaction transaction(connection);
    dispatch(transaction.raw(), event);
    transaction.commit();
}

void by_copy(Connection& connection, const NewEvent& event) {
    Transaction transaction(connection);
    dispatch_many(transaction.raw(), std::vector{NewEvent{.type = "a/b"}, event});
    transaction.commit();
}

void with_id(Connection& connection, const NewEvent& event) {
    static std::uint8_t count = 0;
    NewEvent named = event;
    named.dispatch_id = Uuid(Uuid::Bytes{1, ++count});
    one_by_one(connection, named);
}

// A JSON string whose jsonb is `bytes` long as Postgres stores it: 4 bytes of varlena header, 4 of
// the array that wraps a scalar, 4 for the one entry. Not compressed: it is measured before.
std::string json_of(std::size_t bytes) { return '"' + std::string(bytes - 12, 'x') + '"'; }

struct Field {
    std::string name;
    std::size_t limit;
    std::function<void(NewEvent&, std::size_t bytes)> fill;
};

const std::vector<Field>& fields() {
    static const std::vector<Field> all{
        {"type", 128, [](NewEvent& event, std::size_t n) { event.type = std::string(n, 't'); }},
        {"key", 256, [](NewEvent& event, std::size_t n) { event.key = std::string(n, 'k'); }},
        {"tenant", 128, [](NewEvent& event, std::size_t n) { event.tenant = std::string(n, 'n'); }},
        {"payload", 1048576, [](NewEvent& event, std::size_t n) { event.payload = json_of(n); }},
        {"body", 1048576,
         [](NewEvent& event, std::size_t n) { event.body = std::string(n, '\0'); }},
        {"content_type", 128,
         [](NewEvent& event, std::size_t n) {
             event.body = "x";
             event.content_type = std::string(n, 'c');
         }},
        {"meta", 16384, [](NewEvent& event, std::size_t n) { event.meta = json_of(n); }}};
    return all;
}

class DispatchLimitTest : public testing::DispatchFixture {
protected:
    Outcome attempt(const Way& way, const Field& field, std::size_t bytes) {
        NewEvent event{.type = "a/b"};
        field.fill(event, bytes);
        return outcome_of([&] { way.go(connection_, event); });
    }

    void expect_limit(const Way& way, const Field& field, std::size_t limit) {
        SCOPED_TRACE(way.name + ", " + field.name);
        EXPECT_EQ(attempt(way, field, limit - 1).text, "");
        EXPECT_EQ(attempt(way, field, limit).text, "");
        const std::int64_t before = event_count();
        const Outcome outcome = attempt(way, field, limit + 1);
        EXPECT_EQ(outcome.code, "event_too_large");
        EXPECT_NE(outcome.text.find(" " + field.name + " "), std::string::npos) << outcome.text;
        EXPECT_NE(outcome.text.find(std::to_string(limit)), std::string::npos) << outcome.text;
        EXPECT_EQ(outcome.text.find('\n'), std::string::npos) << outcome.text;
        EXPECT_LT(outcome.text.size(), 400U);
        EXPECT_EQ(event_count(), before);
    }

    // What an orchestrator without views does: takes all that is there.
    void take_all() {
        Connection leader(url_, testing::in_test_schema("leader"));
        sql::prepare_leadership(leader);
        const auto epoch = sql::lead(leader, {.node = "test",
                                              .reducers = {},
                                              .view_sets = {},
                                              .lease = lease,
                                              .credentials = testing::test_credentials()})
                               .epoch;
        ASSERT_TRUE(epoch);
        sql::LogReader reader(leader, sql::read_checkpoint(leader), sql::Content::ids);
        sql::LogPage page;
        while (reader.next(4, page)) {
            Transaction transaction(leader);
            sql::record_batch(transaction, *epoch, page, {});
            transaction.commit();
        }
        sql::resign(leader, *epoch);
    }

    static constexpr std::chrono::milliseconds lease{60'000};
    const std::vector<Way> ways_{
        {"one by one", one_by_one}, {"by COPY", by_copy}, {"with an id", with_id}};
};

TEST_F(DispatchLimitTest, EachFieldMayHaveItsLimitAndNoByteMore) {
    for (const Way& way : ways_) {
        for (const Field& field : fields()) expect_limit(way, field, field.limit);
    }
}

TEST_F(DispatchLimitTest, LimitSetAnewHoldsOnEveryWayAtOnce) {
    for (const Field& field : fields()) {
        if (field.name == "body") continue;  // has the payload's limit
        connection_.exec("select set_limit('" + field.name + "_bytes', 50)");
    }
    for (const Way& way : ways_) {
        for (const Field& field : fields()) expect_limit(way, field, 50);
    }
    connection_.exec("select set_limit('payload_bytes', 2097152)");
    for (const Way& way : ways_) {
        expect_limit(way, fields()[3], 2097152);
        expect_limit(way, fields()[4], 2097152);
    }
}

TEST_F(DispatchLimitTest, EmptyTextIsRefusedWhereNoneWouldBeNull) {
    for (const Way& way : ways_) {
        SCOPED_TRACE(way.name);
        for (const std::string name : {"type", "key", "tenant"}) {
            NewEvent event{.type = "a/b"};
            if (name == "type") event.type = "";
            if (name == "key") event.key = "";
            if (name == "tenant") event.tenant = "";
            const Outcome outcome = outcome_of([&] { way.go(connection_, event); });
            EXPECT_EQ(outcome.code, "event_invalid");
            EXPECT_NE(outcome.text.find(name + " is empty"), std::string::npos) << outcome.text;
        }
    }
    EXPECT_EQ(event_count(), 0);
}

TEST_F(DispatchLimitTest, HugeEventIsRefusedOnEveryWay) {
    const std::string huge(8UL * 1024 * 1024, 'x');
    for (const Way& way : ways_) {
        SCOPED_TRACE(way.name);
        for (const NewEvent& event : {NewEvent{.type = "a/b", .payload = '"' + huge + '"'},
                                      NewEvent{.type = "a/b", .body = huge}}) {
            const Outcome outcome = outcome_of([&] { way.go(connection_, event); });
            EXPECT_EQ(outcome.code, "event_too_large");
            EXPECT_LT(outcome.text.size(), 400U);
        }
    }
}

TEST_F(DispatchLimitTest, SqlRefusalsAreOfClassBt) {
    const auto sqlstate_of_sql = [&](const std::string& statement) {
        return outcome_of([&] { connection_.exec(statement); }).sqlstate;
    };
    EXPECT_EQ(sqlstate_of_sql("select dispatch(null)"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch('')"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch('a/b', null)"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch('a/b', key => '')"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch('a/b', tenant => '')"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch(repeat('x', 129))"), "BT002");
    EXPECT_EQ(sqlstate_of_sql("select dispatch_bytes('a/b', null)"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch_bytes('a/b', '', null)"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch_bytes(null, '')"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch_many(null)"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch_many('{}')"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch_many('[1]')"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch_many('[{\"typo\": 1}]')"), "BT001");
    EXPECT_EQ(sqlstate_of_sql("select dispatch_many('[{\"type\": null}]')"), "BT001");
    EXPECT_EQ(sqlstate_of_sql(
                  "select dispatch_many('[{\"type\": \"a/b\", \"dispatch_id\": \"no uuid\"}]')"),
              "BT001");
    EXPECT_EQ(event_count(), 0);
}

TEST_F(DispatchLimitTest, SetLimitRefusesWhatIsNoLimit) {
    for (const std::string arguments :
         {"'size', 1", "'key_bytes', 0", "'key_bytes', -1", "'key_bytes', null",
          "'key_bytes', 268435457", "'max_lag', 0", "null, 1", "'event_limit; drop', 1"}) {
        EXPECT_EQ(
            outcome_of([&] { connection_.exec("select set_limit(" + arguments + ")"); }).sqlstate,
            "BT025")
            << arguments;
    }
}

TEST_F(DispatchLimitTest, SetLimitWritesTheChecksOfAnInstallation) {
    const auto checks = [&] {
        return std::string(connection_
                               .exec("select string_agg(pg_get_constraintdef(oid), ' ' order by"
                                     " conname) from pg_constraint where contypid <> 0 and"
                                     " connamespace = 'baton_test'::regnamespace")
                               .only()
                               .text(0));
    };
    const std::string installed = checks();
    connection_.exec(
        "select set_limit(l.key, l.value::bigint) from event_limit, jsonb_each_text(to_jsonb("
        "event_limit)) as l where l.key like '%_bytes'");
    EXPECT_EQ(checks(), installed);
}

TEST_F(DispatchLimitTest, OverloadIsRefusedOnEveryWayAndEndsWhenTheViewsHaveCaughtUp) {
    connection_.exec("select set_limit('max_lag', 10)");
    const NewEvent event{.type = "a/b"};
    for (int round = 0; round < 3; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        for (int i = 0; i < 10; ++i) {
            EXPECT_EQ(outcome_of([&] { one_by_one(connection_, event); }).text, "");
        }
        // Many refusals: each draws an id, and yet they must not count as lag.
        for (int i = 0; i < 10; ++i) {
            for (const Way& way : ways_) {
                const Outcome outcome = outcome_of([&] { way.go(connection_, event); });
                EXPECT_EQ(outcome.code, "overloaded") << way.name;
                EXPECT_EQ(outcome.sqlstate, "BT004") << way.name;
            }
            EXPECT_EQ(
                outcome_of([&] { connection_.exec("select dispatch_bytes('a/b', '')"); }).sqlstate,
                "BT004");
        }
        EXPECT_EQ(event_count(), 10 * (round + 1));
        take_all();
    }
    EXPECT_EQ(outcome_of([&] { by_copy(connection_, event); }).text, "");
    take_all();
    connection_.exec("select set_limit('max_lag', null)");
    for (int i = 0; i < 20; ++i) one_by_one(connection_, event);
    EXPECT_EQ(event_count(), 52);
}

TEST_F(DispatchLimitTest, LimitThatWasRolledBackRefusesNothing) {
    connection_.exec("begin; select set_limit('max_lag', 10); rollback");
    for (int i = 0; i < 20; ++i) one_by_one(connection_, {.type = "a/b"});
    EXPECT_EQ(event_count(), 20);
}

TEST_F(DispatchLimitTest, IdsDrawnInVainAreNotLag) {
    connection_.exec("select set_limit('max_lag', 10)");
    for (int i = 0; i < 30; ++i) {
        Transaction transaction(connection_);
        EXPECT_EQ(outcome_of([&] { dispatch(transaction.raw(), {.type = "a/b"}); }).text, "");
    }
    EXPECT_EQ(event_count(), 0);
    Transaction transaction(connection_);
    EXPECT_EQ(outcome_of([&] {
                  for (int i = 0; i < 10; ++i) dispatch(transaction.raw(), {.type = "a/b"});
              }).text,
              "");
    const Outcome outcome = outcome_of([&] {
        for (int i = 0; i < 11; ++i) dispatch(transaction.raw(), {.type = "a/b"});
    });
    EXPECT_EQ(outcome.code, "overloaded") << "more than max_lag in one transaction is lag";
}

}  // namespace
}  // namespace baton

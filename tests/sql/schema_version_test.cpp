// Schema versions of events in the database: every way in takes one, every way out gives it back.

#include <gtest/gtest.h>

#include "baton/sql/dispatch.hpp"
#include "baton/sql/recorded_reader.hpp"
#include "baton/sql/view_store.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/log_follower.hpp"
#include "sql/outcome.hpp"

namespace baton::sql {
namespace {

using Versions = std::vector<std::int64_t>;

Versions versions_in(Connection& connection, const std::string& source) {
    Versions versions;
    for (const Row& row : connection.exec("select schema_version from " + source)) {
        versions.push_back(row.integer(0));
    }
    return versions;
}

class SchemaVersionTest : public testing::DispatchFixture {
protected:
    Versions stored_versions() { return versions_in(connection_, "event order by id"); }

    // What it says, if it is BT001.
    std::string refusal_of(const std::string& statement) {
        const Outcome outcome = outcome_of([&] { connection_.exec(statement); });
        return outcome.sqlstate == "BT001" ? outcome.text : outcome.sqlstate + outcome.text;
    }
};

TEST_F(SchemaVersionTest, EveryWayInTakesOne) {
    connection_.exec("select dispatch('a')");
    connection_.exec("select dispatch('a', schema_version => 2)");
    connection_.exec("select dispatch('a', '{}', 'k', 't', '{}', gen_random_uuid(), 3)");
    connection_.exec("select dispatch_bytes('a', 'x')");
    connection_.exec("select dispatch_bytes('a', 'x', schema_version => 32767)");
    connection_.exec(
        "select dispatch_bytes('a', 'x', dispatch_id => gen_random_uuid(), schema_version => 6)");
    connection_.exec(
        R"(select dispatch_many('[{"type": "a"}, {"type": "a", "schema_version": 8},
                                  {"type": "a", "schema_version": null}]'))");
    EXPECT_EQ(stored_versions(), (Versions{1, 2, 3, 1, 32767, 6, 1, 8, 1}));
}

TEST_F(SchemaVersionTest, EveryWayInFromCppTakesOne) {
    Transaction transaction(connection_);
    NewEvent event{.type = "a", .schema_version = 2};
    dispatch(transaction.raw(), event);
    event.dispatch_id = Uuid(Uuid::Bytes{1});
    dispatch(transaction.raw(), event);
    dispatch(transaction.raw(), {.type = "a", .body = "x", .schema_version = 3});
    const std::vector<NewEvent> none{{.type = "a"}, {.type = "a", .body = "x"}};
    EXPECT_EQ(dispatch_many(transaction.raw(), none, ReturnIds::yes).size(), 2U);
    const std::vector<NewEvent> many{
        {.type = "a"},
        {.type = "a", .schema_version = 4},
        {.type = "a", .dispatch_id = Uuid(Uuid::Bytes{2}), .schema_version = 5},
        {.type = "a", .body = "x", .schema_version = 6}};
    EXPECT_EQ(dispatch_many(transaction.raw(), many, ReturnIds::yes).size(), 4U);
    transaction.commit();
    EXPECT_EQ(stored_versions(), (Versions{2, 2, 3, 1, 1, 1, 4, 5, 6}));
}

TEST_F(SchemaVersionTest, OneOutOfRangeIsRefusedInOneLine) {
    for (const std::string value : {"0", "-1", "32768", "2147483647", "null"}) {
        const std::string said = value == "0" || value == "null" ? "null or 0" : value;
        const std::string reason = "event schema_version is " + said +
                                   "; give a number from 1 to 32767, 1 for the first shape of the "
                                   "payload";
        EXPECT_EQ(refusal_of("select dispatch('a', schema_version => " + value + ")"), reason);
        EXPECT_EQ(refusal_of("select dispatch('a', dispatch_id => gen_random_uuid(), "
                             "schema_version => " +
                             value + ")"),
                  reason);
        EXPECT_EQ(refusal_of("select dispatch_bytes('a', 'x', schema_version => " + value + ")"),
                  reason);
        EXPECT_EQ(
            refusal_of("insert into event (type, schema_version) values ('a', " + value + ")"),
            reason);
    }
    EXPECT_EQ(refusal_of(R"(select dispatch_many('[{"type": "a", "schema_version": 0}]'))")
                  .find("event schema_version is null or 0"),
              0U);
    for (const std::string value : {"1.5", "\"two\"", "12345678901", "[]", "true"}) {
        EXPECT_EQ(refusal_of(R"(select dispatch_many('[{"type": "a", "schema_version": )" + value +
                             "}]')"),
                  "dispatch_many: schema_version is no whole number from 1 to 32767");
    }
    for (const int value : {0, 32768}) {
        const NewEvent event{.type = "a", .schema_version = value};
        const auto refused = [&](auto&& action) {
            return outcome_of([&] {
                Transaction transaction(connection_);
                action(transaction);
            });
        };
        const Outcome one = refused([&](Transaction& t) { dispatch(t.raw(), event); });
        EXPECT_EQ(one.code, "event_invalid");
        EXPECT_EQ(one.text.find("event a: schema_version is "), 0U) << one.text;
        const std::vector<NewEvent> many{{.type = "a"}, event};
        const Outcome copied = refused([&](Transaction& t) { dispatch_many(t.raw(), many); });
        EXPECT_EQ(copied.code, "event_invalid");
        EXPECT_EQ(copied.text.find("event [1] a: schema_version is "), 0U) << copied.text;
    }
    EXPECT_EQ(event_count(), 0);
}

TEST_F(SchemaVersionTest, TheSameDispatchIdWithAnotherVersionIsAnotherEvent) {
    const std::string call =
        "select dispatch('a', dispatch_id => '6ba7b810-9dad-11d1-80b4-00c04fd430c8'";
    connection_.exec(call + ", schema_version => 2)");
    connection_.exec(call + ", schema_version => 2)");
    for (const std::string other : {")", ", schema_version => 3)", ", schema_version => 22)"}) {
        EXPECT_EQ(outcome_of([&] { connection_.exec(call + other); }).sqlstate, "BT003") << other;
    }
    EXPECT_EQ(stored_versions(), Versions{2});
}

TEST_F(SchemaVersionTest, EveryWayOutGivesItBack) {
    connection_.exec(
        "select dispatch('a', schema_version => 1 + i % 4) "
        "from generate_series(1, 8) as i");
    // Large ones are read in another way.
    connection_.exec("select dispatch('a', to_jsonb(repeat('x', 9000)), schema_version => 9)");
    const Versions expected{2, 3, 4, 1, 2, 3, 4, 1, 9};
    LogFollower follower(url_);
    for (const Content content : {Content::whole, Content::without_envelope}) {
        Connection connection(url_, testing::in_test_schema());
        LogReader reader(connection, read_checkpoint(connection), content);
        LogPage page;
        ASSERT_TRUE(reader.next(100, page));
        Versions read;
        for (const Event& event : page.events) read.push_back(event.schema_version);
        EXPECT_EQ(read, expected);
    }
    follower.drain();
    EXPECT_EQ(versions_in(connection_, "read_log()"), expected);
    LogPage recorded;
    ASSERT_TRUE(read_recorded(connection_, Position{0}, 100, recorded));
    Versions read;
    for (const Event& event : recorded.events) read.push_back(event.schema_version);
    EXPECT_EQ(read, expected);
}

TEST_F(SchemaVersionTest, DeclaredEventsOfANewerVersionAreRefusedAndOthersAreNot) {
    connection_.exec("select dispatch('a', schema_version => i) from generate_series(1, 3) as i");
    connection_.exec("select dispatch('b', schema_version => 5)");
    LogFollower(url_).drain();
    const auto require = [&](std::int64_t after, std::size_t count, const std::string& known) {
        return outcome_of([&] {
            Transaction transaction(connection_);
            enter_recorded(transaction, Position{after}, count);
            require_known_versions(transaction, "totals", 4, known);
        });
    };
    EXPECT_EQ(require(0, 4, R"({"a":3})").code, "no error");
    EXPECT_EQ(require(0, 4, R"({"c":1})").code, "no error");
    EXPECT_EQ(require(0, 2, R"({"a":2,"b":4})").code, "no error");
    const Outcome newer = require(0, 4, R"({"b":1,"a":2})");
    EXPECT_EQ(newer.code, "event_version_unknown");
    EXPECT_EQ(newer.sqlstate, "BT036");
    EXPECT_EQ(newer.text,
              "a has schema version 3, totals@4 knows 1 to 2: promote a version of totals that "
              "knows it");
    EXPECT_EQ(
        require(3, 1, R"({"b":1})").text,
        "b has schema version 5, totals@4 knows 1: promote a version of totals that knows it");
}

}  // namespace
}  // namespace baton::sql

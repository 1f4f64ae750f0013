// Events of a type that nobody knows: accepted, warned of or refused, on every way in, with the
// rights of who only dispatches; what makes a type known; and switching.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "baton/sql/dispatch.hpp"
#include "baton/sql/view_store.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/log_follower.hpp"
#include "sql/outcome.hpp"

namespace baton {
namespace {

using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

constexpr auto declare_placed = "select declare_event_types('{order/placed}')";

class EventTypesTest : public testing::DispatchFixture {
protected:
    // Roles belong to the server: named after the database, and dropped with the test.
    void SetUp() override {
        connection_.exec("create role " + role_ + " login in role baton_test_dispatch");
        app_.emplace(url_ + "&user=" + role_, testing::in_test_schema());
    }
    void TearDown() override {
        app_.reset();
        connection_.exec("drop role " + role_);
    }

    void set(const std::string& mode) {
        connection_.exec("select set_unknown_events('" + mode + "')");
    }
    Outcome attempt(const std::function<void(Transaction&)>& way) {
        return outcome_of([&] {
            Transaction transaction(*app_);
            way(transaction);
            transaction.commit();
        });
    }
    Outcome dispatching(const std::string& type) {
        return attempt(
            [&](Transaction& transaction) { transaction.exec("select dispatch($1)", {type}); });
    }
    std::string ask(const std::string& query) {
        const sql::Result rows = connection_.exec(query);
        return rows.empty() ? "" : std::string(rows.only().text(0));
    }
    // Registers version 1 of a reducer of these types.
    static std::string registration(const std::string& name, const std::string& types) {
        return "select register_reducer('" + name +
               "', 1, 'b', 'c++', '[{\"name\": \"id\", \"type\": \"bigint\", \"nullable\": false, "
               "\"key\": true}]'); select set_event_types('" +
               name + "', 1, '" + types + "')";
    }
    std::string doctor() {
        return ask("select state || ': ' || found from doctor() where check_name = 'event_types'");
    }

    const std::string role_ = "app_" + database_.name();
    std::optional<Connection> app_;
};

using Way = std::pair<std::string, std::function<void(Transaction&, const std::string& type)>>;

const std::vector<Way>& ways() {
    static const auto by_sql = [](const std::string& statement) {
        return [statement](Transaction& transaction, const std::string& type) {
            transaction.exec(statement, {type});
        };
    };
    static const std::vector<Way> all{
        {"dispatch", by_sql("select dispatch($1)")},
        {"dispatch with an id", by_sql("select dispatch($1, dispatch_id => gen_random_uuid())")},
        {"dispatch_bytes", by_sql("select dispatch_bytes($1, 'x')")},
        {"dispatch_many",
         by_sql("select dispatch_many(jsonb_build_array(jsonb_build_object('type', $1::text)))")},
        {"insert", by_sql("insert into event (type) values ($1)")},
        {"C++ dispatch",
         [](Transaction& t, const std::string& type) { dispatch(t.raw(), {.type = type}); }},
        {"C++ dispatch of bytes",
         [](Transaction& t, const std::string& type) {
             dispatch(t.raw(), {.type = type, .body = "x"});
         }},
        {"C++ dispatch_many, by COPY", [](Transaction& t, const std::string& type) {
             dispatch_many(t.raw(),
                           std::vector<NewEvent>{{.type = "order/placed"}, {.type = type}});
         }}};
    return all;
}

TEST_F(EventTypesTest, RefusedOnEveryWayInWithTheRightsOfWhoOnlyDispatches) {
    connection_.exec(declare_placed);
    set("refuse");
    for (const auto& [name, way] : ways()) {
        const auto& go = way;
        SCOPED_TRACE(name);
        const std::int64_t before = event_count();
        const Outcome outcome = attempt([&](Transaction& t) { go(t, "order/plcaed"); });
        EXPECT_EQ(outcome.code, "event_type_unknown") << outcome.text;
        EXPECT_EQ(outcome.sqlstate, "BT040");
        EXPECT_NE(outcome.text.find("did you mean \"order/placed\"?"), std::string::npos)
            << outcome.text;
        EXPECT_EQ(event_count(), before);
        EXPECT_EQ(attempt([&](Transaction& t) { go(t, "order/placed"); }).text, "");
        EXPECT_GT(event_count(), before);
    }
}

TEST_F(EventTypesTest, AcceptedOnEveryWayInUnlessTheyAreRefused) {
    for (const std::string mode : {"accept", "warn"}) {
        set(mode);
        for (const auto& [name, way] : ways()) {
            const auto& go = way;
            EXPECT_EQ(attempt([&](Transaction& t) { go(t, "order/plcaed"); }).text, "") << name;
        }
    }
    EXPECT_EQ(ask("select count(*) from pg_constraint where contypid = 'event_type'::regtype"), "1")
        << "something is looked up although nothing is refused";
}

TEST_F(EventTypesTest, RefusalSaysWhatToDo) {
    set("refuse");
    EXPECT_EQ(dispatching("order/placed").text,
              "event type \"order/placed\" is not known here, and no program has registered a "
              "reducer yet; register a reducer that reads it, or declare it: select "
              "declare_event_types(array['order/placed'])");
    connection_.exec(declare_placed);
    connection_.exec(declare_placed);
    EXPECT_EQ(dispatching("order/placed").text, "");
    EXPECT_EQ(dispatching("Order/Placed ").sqlstate, "BT040");
    EXPECT_EQ(dispatching("invoice/sent").text.find("did you mean"), std::string::npos);
    EXPECT_EQ(dispatching("").sqlstate, "BT001");
    EXPECT_EQ(dispatching(std::string(129, 'x')).sqlstate, "BT002");
    EXPECT_EQ(dispatching(std::string(128, 'x')).sqlstate, "BT040");
}

TEST_F(EventTypesTest, DeclaredTypesAreAsLongAsTheLimitSays) {
    const std::string declare = "select declare_event_types(array['order/placed', $1])";
    const auto declaring = [&](const std::string& type) {
        return outcome_of([&] {
            Transaction transaction(connection_);
            transaction.exec(declare, {type});
            transaction.commit();
        });
    };
    const std::string type_of_200(200, 'x');
    EXPECT_EQ(
        declaring(type_of_200).text,
        "an event type that is declared has 200 bytes, the limit is 128; correct it, or raise "
        "the limit type_bytes");
    EXPECT_EQ(declaring("").sqlstate, "BT001");
    connection_.exec("select set_limit('type_bytes', 200)");
    EXPECT_EQ(declaring(type_of_200).text, "");
    EXPECT_EQ(declaring(type_of_200 + "x").sqlstate, "BT002");
    set("refuse");
    EXPECT_EQ(dispatching(type_of_200).text, "");
    connection_.exec("select set_limit('type_bytes', 20)");
    EXPECT_EQ(declaring("order/placed/elsewhere").sqlstate, "BT002");
}

// However many types are known, and however long they are.
TEST_F(EventTypesTest, ARefusalLooksAtFewOfManyKnownTypes) {
    connection_.exec(declare_placed);
    connection_.exec(
        "select declare_event_types(array_agg('flood/' || n::text)) from generate_series(1, 50000)"
        " as n");
    connection_.exec("analyze declared_event_type");
    set("refuse");
    EXPECT_NE(dispatching("order/plcaed").text.find("did you mean \"order/placed\"?"),
              std::string::npos);
    EXPECT_NE(dispatching("flood/49999x").text.find("did you mean \"flood/49999\"?"),
              std::string::npos);
    const auto pages_read = [&](const std::string& type) {
        const std::string plan = ask(
            "explain (analyze, buffers, format json) select nearest_event_type('" + type + "')");
        const auto at = plan.find("Shared Hit Blocks\": ");
        return std::stol(plan.substr(at + 20));
    };
    // All of it has 300 pages and an index.
    ask("select nearest_event_type('order/plcaed')");
    EXPECT_LT(pages_read("order/plcaed"), 150);
    EXPECT_LT(pages_read("zzzz"), 150);
    connection_.exec("select set_limit('type_bytes', 100000)");
    connection_.exec("select declare_event_types(array[repeat('x', 2000)])");
    connection_.exec("set statement_timeout = '5s'");
    EXPECT_EQ(ask("select nearest_event_type(repeat('x', 50000) || 'y') is null"), "t");
}

TEST_F(EventTypesTest, SessionsThatDispatchFollowEachSwitchAndAreNotHeldUp) {
    EXPECT_EQ(dispatching("order/plcaed").text, "");
    std::optional<Transaction> open(std::in_place, *app_);
    open->exec("select dispatch('order/open')");
    connection_.exec("set lock_timeout = '2s'");
    {
        Transaction switching(connection_);
        switching.exec("select set_unknown_events('refuse')");
        // Nobody waits for a switch that is not committed yet.
        open->exec("set local lock_timeout = '2s'");
        open->exec("select dispatch('order/open')");
        switching.commit();
    }
    open.reset();
    for (const std::string mode : {"refuse", "warn", "refuse", "accept", "accept"}) {
        set(mode);
        EXPECT_EQ(dispatching("order/plcaed").sqlstate, mode == "refuse" ? "BT040" : "") << mode;
    }
    EXPECT_EQ(outcome_of([&] { set("deny"); }).text,
              "unknown events cannot be \"deny\"; there are accept, warn, refuse");
    EXPECT_EQ(outcome_of([&] { app_->exec("select set_unknown_events('refuse')"); }).sqlstate,
              "42501");
}

TEST_F(EventTypesTest, TypesThatARegisteredReducerReadsAreKnown) {
    set("refuse");
    {
        Transaction transaction(connection_);
        transaction.exec(registration("sales", "{order/placed,price/%}"));
        EXPECT_EQ(dispatching("order/placed").sqlstate, "BT040") << "not committed yet";
        // In the same transaction.
        transaction.exec("select dispatch('order/placed')");
        transaction.commit();
    }
    EXPECT_EQ(dispatching("order/placed").text, "");
    EXPECT_EQ(dispatching("price/raised").text, "");
    EXPECT_EQ(dispatching("prices/raised").sqlstate, "BT040");
    // Retired: it still has its row in reducer_version.
    connection_.exec("delete from view_state where view = 'sales'");
    EXPECT_EQ(dispatching("order/placed").text, "");
    connection_.exec("select forget_reducer('sales', 1)");
    EXPECT_EQ(dispatching("order/placed").sqlstate, "BT040");
}

TEST_F(EventTypesTest, AReducerOfEverythingMakesNothingKnownAndOneThatDidNotSayRefusesNothing) {
    set("refuse");
    connection_.exec(registration("all_of_it", "{%}"));
    EXPECT_EQ(dispatching("order/placed").sqlstate, "BT040");
    EXPECT_EQ(doctor(), "ok: unknown events: refuse");
    connection_.exec("delete from event_type_reader");
    EXPECT_EQ(dispatching("order/placed").text, "");
    EXPECT_EQ(doctor(),
              "warning: unknown events are not refused while a version is kept whose types are not "
              "known: all_of_it@1");
}

TEST_F(EventTypesTest, WhatIsInTheLogIsReadWhateverIsRefusedNow) {
    EXPECT_EQ(dispatching("order/plcaed").text, "");
    set("refuse");
    EXPECT_EQ(ask("select type from event"), "order/plcaed");
    EXPECT_EQ(sql::LogFollower(url_).drain(7).size(), 1U);
    EXPECT_EQ(ask("select type from read_log(0, 10)"), "order/plcaed");
    // A copy of rows that were dispatched elsewhere.
    connection_.exec("set session_replication_role = replica");
    connection_.exec("insert into event (type) values ('order/copied')");
    connection_.exec("reset session_replication_role");
    EXPECT_EQ(event_count(), 2);
}

TEST_F(EventTypesTest, OperatorsBeforePgCatalogAreNotFoundByTheCheck) {
    connection_.exec(declare_placed);
    set("refuse");
    connection_.exec(
        "create schema planted; grant usage on schema planted to public;"
        "create function planted.yes(text, text) returns boolean language sql as 'select true';"
        "create operator planted.= (leftarg = text, rightarg = text, function = planted.yes)");
    app_->exec("set search_path = planted, pg_catalog, baton_test");
    EXPECT_EQ(outcome_of([&] { app_->exec("insert into event (type) values ('x')"); }).sqlstate,
              "BT040");
    EXPECT_EQ(outcome_of([&] { app_->exec("select dispatch('x')"); }).sqlstate, "BT040");
}

TEST_F(EventTypesTest, StatusNamesTypesThatNobodyReads) {
    connection_.exec("select dispatch('order/plcaed') from generate_series(1, 3)");
    connection_.exec("select dispatch(t) from unnest(array['order/placed', 'mail/sent']) as t");
    EXPECT_EQ(ask("select count(*) from unread_event_types()"), "0") << "nobody reads anything yet";
    connection_.exec(registration("sales", "{order/placed}"));
    connection_.exec("select declare_event_types('{mail/sent}')");
    EXPECT_EQ(ask("select string_agg(type, ' ') from unread_event_types()"), "order/plcaed");
    const std::string notes = ask("select status() ->> 'notes'");
    EXPECT_NE(notes.find("no view reads events of type \\\"order/plcaed\\\", of which there are 3 "
                         "among the newest 5000, since "),
              std::string::npos)
        << notes;
    EXPECT_NE(notes.find("did you mean \\\"order/placed\\\"?"), std::string::npos) << notes;
    // What is declared is a name, whatever it looks like.
    connection_.exec(R"(select declare_event_types(array[E'order%\\', 'order/%']))");
    EXPECT_EQ(ask("select string_agg(type, ' ') from unread_event_types()"), "order/plcaed");
    EXPECT_EQ(ask("select count(*) from unread_event_types('warn')"), "0");
    set("warn");
    EXPECT_EQ(ask("select count(*) from unread_event_types('warn')"), "1");
    connection_.exec("select dispatch('many/' || n::text) from generate_series(1, 50) as n");
    EXPECT_EQ(ask("select count(*) from unread_event_types()"), "5");
}

TEST_F(EventTypesTest, DoctorFindsThatWhatIsSaidIsNotDone) {
    EXPECT_EQ(doctor(), "ok: unknown events: accept");
    set("refuse");
    EXPECT_EQ(doctor(),
              "warning: unknown events are refused, and no type is known: every event is refused");
    connection_.exec("alter domain event_type drop constraint event_type_known");
    EXPECT_EQ(doctor(),
              "problem: unknown events are to be dealt with by \"refuse\", but dispatch accepts "
              "them");
    set("refuse");
    EXPECT_EQ(dispatching("order/placed").sqlstate, "BT040");
}

TEST_F(EventTypesTest, EditDistanceIsTheNumberOfLetters) {
    EXPECT_EQ(ask("select edit_distance('kitten', 'sitting', 3)"), "3");
    EXPECT_EQ(ask("select edit_distance('', 'abc', 3)"), "3");
    EXPECT_EQ(ask("select edit_distance('abc', 'abc', 0)"), "0");
    EXPECT_EQ(ask("select edit_distance('order/placed', 'order/plcaed', 4)"), "2");
    EXPECT_EQ(ask("select edit_distance('kitten', 'sitting', 2) is null"), "t");
}

TEST(SqlReducerTypesTest, AreThoseThatItsTextNamesAlsoWhereItLooksAtVersions) {
    const auto types = [](const std::string& declared, const std::string& condition) {
        const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                           ("types_" + std::to_string(::getpid()) + ".sql");
        std::ofstream(file) << "--! reducer r version 1\n"
                            << declared << "select from batch_event where " << condition;
        const auto read = sql::read_sql_reducer(file.string()).event_types;
        std::filesystem::remove(file);
        return ::testing::PrintToString(read);
    };
    EXPECT_EQ(types("", "type = 'order/placed'"), "{ \"order/placed\" }");
    EXPECT_EQ(types("", "type = 'order/placed' and schema_version < 3"), "{ \"order/placed\" }");
    EXPECT_EQ(types("--! event order/paid version 1\n", "type like 'price/%'"),
              "{ \"order/paid\", \"price/%\" }");
    EXPECT_EQ(types("", "true"), "{ \"%\" }");
    EXPECT_EQ(types("", "type = any ('{order/placed, \"order/paid\"}')"),
              "{ \"order/paid\", \"order/placed\" }");
    const std::string long_type(200, 'x');
    EXPECT_EQ(types("", "type = '" + long_type + "'"), "{ \"" + long_type + "\" }");
    EXPECT_EQ(types("", "type = '" + long_type + " " + long_type + "'"), "{ \"%\" }");
    EXPECT_EQ(types("", "type ~ '^order_2/'"), "{ \"order\\\\_2/%\" }");
    EXPECT_EQ(types("", "type ~ '^order/paid$'"), "{ \"order/paid\" }");
    for (const std::string condition :
         {"type ~ '^order/(placed|paid)'", "type ~ 'order'", "type ~* '^order'",
          "type ilike 'order/%'", "type !~ '(order)'"}) {
        EXPECT_EQ(types("", condition), "{ \"%\" }") << condition;
    }
}

}  // namespace
}  // namespace baton

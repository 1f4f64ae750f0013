// What a role can do that is a member of the group role `_dispatch` and of nothing else: dispatch
// in every way and wait. Nothing more: no reading, and no column of the log that Baton fills.

#include <gtest/gtest.h>

#include "baton/sql/dispatch.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/outcome.hpp"

namespace baton {
namespace {

using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

class DispatchRoleTest : public testing::DispatchFixture {
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

    std::string sqlstate_of(const std::string& statement) {
        return outcome_of([&] {
                   Transaction transaction(*app_);
                   transaction.exec(statement);
               })
            .sqlstate;
    }

    const std::string role_ = "app_" + database_.name();
    std::optional<Connection> app_;
};

TEST_F(DispatchRoleTest, MemberOfDispatchMayDispatchInEveryWay) {
    Transaction transaction(*app_);
    dispatch(transaction.raw(), {.type = "a/b"});
    dispatch(transaction.raw(), {.type = "a/b", .body = "x"});
    dispatch(transaction.raw(), {.type = "a/b", .dispatch_id = Uuid(Uuid::Bytes{1})});
    const std::vector<NewEvent> many{{.type = "a/b"}, {.type = "a/b", .body = "x"}};
    EXPECT_EQ(dispatch_many(transaction.raw(), many, ReturnIds::yes).size(), 2U);
    transaction.exec("select dispatch('a/b')");
    transaction.exec("select dispatch_bytes('a/b', '\\x00')");
    transaction.exec("select dispatch_many('[{\"type\": \"a/b\"}]')");
    transaction.exec(
        "insert into event (type, key, tenant, payload, meta, body, content_type, schema_version) "
        "values ('a/b', 'k', 't', '{}', '{}', 'x', 'y/z', 2)");
    transaction.exec("select ring()");
    transaction.commit();
    EXPECT_EQ(event_count(), 9);
    EXPECT_EQ(sqlstate_of("select wait_for((select max(d) from dispatched_ids(1) d))"), "BT008");
    EXPECT_EQ(sqlstate_of("select is_reduced(1)"), "");
}

TEST_F(DispatchRoleTest, MemberOfDispatchMayDoNothingElse) {
    for (const std::string statement :
         {"select id from event",
          "select from event_default",
          "select payload from event",
          "insert into event (xid, type) values ('1', 'a/b')",
          "insert into event (id, type) overriding system value values (1, 'a/b')",
          "insert into event (dispatched_at, type) values (now(), 'a/b')",
          "insert into event_default (type) values ('a/b')",
          "insert into event (type) values ('a/b') returning id",
          "update event set type = 'x'",
          "delete from event",
          "truncate event",
          "select from event_limit",
          "select from dispatch_receipt",
          "delete from dispatch_receipt",
          "select last_value from doorbell",
          "select setval('doorbell', 1)",
          "select nextval('event_id_seq')",
          "select setval('dispatch_ceiling', 1)",
          "select setval('event_id_seq', 1)",
          "select from batch",
          "select from log_window",
          "select from leader",
          "select set_limit('key_bytes', 1)",
          "select read_log(0, 1)",
          "select arm_doorbell(true)",
          "select raise_dispatch_ceiling(1)",
          "select refuse_overload()",
          "select setval('doorbell', 1, true)",
          "select dispatch_once(null, 'a', '{}', null, null, null, null, null, 1)",
          "select event_id_value()",
          "create table mine ()",
          "create function f() returns int "
          "language sql as 'select 1'",
          "drop table event",
          "alter table event add column x int"}) {
        EXPECT_EQ(sqlstate_of(statement), "42501") << statement;
    }
    EXPECT_EQ(event_count(), 0);
}

// The reason is the reducer's error, which can quote an event.
TEST_F(DispatchRoleTest, WaitingDoesNotTellWhyAViewIsHalted) {
    connection_.exec(
        "insert into batch (first_position, count, window_number, after_id, last_id, epoch, "
        "started_at) values (1, 9, 0, 0, 9, 1, now());"
        "insert into reducer_version values ('sales', 1, 'b', 'sql', '[]');"
        "insert into view_state values ('sales', 1, 'halted', 2, 'no number: \"4111 1111\"')");
    const Outcome refused = outcome_of([&] { app_->exec("select wait_for_position(3, '1 s')"); });
    EXPECT_EQ(refused.sqlstate, "BT007");
    EXPECT_EQ(refused.text.find("4111"), std::string::npos) << refused.text;
}

TEST_F(DispatchRoleTest, LimitsHoldForAPlainInsertToo) {
    EXPECT_EQ(sqlstate_of("insert into event (type) values ('')"), "BT001");
    EXPECT_EQ(sqlstate_of("insert into event (type) values (null)"), "BT001");
    EXPECT_EQ(sqlstate_of("insert into event (type, payload) values ('a/b', null)"), "BT001");
    EXPECT_EQ(sqlstate_of("insert into event (type, key) values ('a/b', repeat('k', 257))"),
              "BT002");
    EXPECT_EQ(sqlstate_of("insert into event (type, meta) values ('a/b', "
                          "to_jsonb(repeat('k', 16385)))"),
              "BT002");
}

TEST_F(DispatchRoleTest, OthersMayNotEvenDispatch) {
    connection_.exec("revoke baton_test_dispatch from " + role_);
    EXPECT_EQ(sqlstate_of("select baton_test.dispatch('a/b')"), "42501");
    EXPECT_EQ(sqlstate_of("insert into baton_test.event (type) values ('a/b')"), "42501");
}

// A function that runs with its owner's rights must not find the caller's objects.
TEST_F(DispatchRoleTest, ObjectsOfTheCallerAreNotFoundByTheFunctions) {
    Transaction transaction(*app_);
    transaction.exec("create temporary table event_limit (only_row boolean, type_bytes int)");
    transaction.exec("create temporary table event (id bigint, type text)");
    transaction.exec(
        "create function pg_temp.refuse_field(text, int) returns boolean language sql as "
        "'select true'");
    transaction.exec("set local search_path = pg_temp, baton_test");
    transaction.exec("select dispatch('a/b')");
    EXPECT_EQ(outcome_of([&] { transaction.exec("select dispatch('')"); }).sqlstate, "BT001");
}

// dispatch() pins no search_path, because every name in it is qualified: so whatever the caller
// puts before pg_catalog must stay unused.
TEST_F(DispatchRoleTest, NamesBeforePgCatalogAreNotFoundByDispatch) {
    const std::string trap = " language plpgsql as $$ begin raise 'trapped'; end $$";
    connection_.exec("create schema trap");
    connection_.exec("create table trap.event (id bigint, type text)");
    connection_.exec("create sequence trap.doorbell");
    connection_.exec("create function trap.ring() returns void" + trap);
    connection_.exec("create function trap.pg_sequence_last_value(regclass) returns bigint" + trap);
    connection_.exec("create function trap.greater(bigint, bigint) returns boolean" + trap);
    connection_.exec(
        "create operator trap.> (function = trap.greater, leftarg = bigint, rightarg = bigint)");
    connection_.exec("create domain trap.bigint as int check (false)");
    connection_.exec("create domain trap.regclass as text check (false)");
    connection_.exec("create domain trap.text as pg_catalog.text check (false)");
    connection_.exec("create function trap.octet_length(pg_catalog.text) returns int" + trap);
    connection_.exec("create function trap.pg_column_size(jsonb) returns int" + trap);
    connection_.exec("create function trap.at_most(int, int) returns boolean" + trap);
    connection_.exec(
        "create operator trap.<= (function = trap.at_most, leftarg = int, rightarg = int)");
    connection_.exec("create function trap.joined(jsonb, jsonb) returns jsonb" + trap);
    connection_.exec(
        "create operator trap.|| (function = trap.joined, leftarg = jsonb, rightarg = jsonb)");
    connection_.exec("create table trap.handler (name text, requirement int)");
    connection_.exec("create table trap.task (id bigint)");
    connection_.exec("create function trap.same(text, text) returns boolean" + trap);
    connection_.exec(
        "create operator trap.= (function = trap.same, leftarg = text, rightarg = text)");
    connection_.exec(
        "create operator trap.<> (function = trap.at_most, leftarg = int, rightarg = int)");
    connection_.exec("create function trap.refuse_handler(text) returns void" + trap);
    connection_.exec("select register_handler('send', 1, 'build', '{}')");
    connection_.exec("grant usage on schema trap to public");
    connection_.exec("select set_limit('max_lag', 1000)");
    connection_.exec("select arm_doorbell(true)");

    Transaction transaction(*app_);
    transaction.exec("set local search_path = trap, pg_catalog, baton_test");
    transaction.exec("select dispatch('a/b', key => 'k')");
    transaction.exec("select dispatch('a/b', dispatch_id => gen_random_uuid())");
    transaction.exec("select dispatch('a/b', to_jsonb(repeat('x', 1000)), meta => '[1, 2]')");
    transaction.exec("select enqueue('send', '{}', priority => 1)");
    transaction.exec("select enqueue('send', to_jsonb(repeat('x', 1000)), meta => '[1, 2]')");
    transaction.commit();
    EXPECT_EQ(event_count(), 3);
    EXPECT_EQ(number("select count(*) from task_ready"), 2);
}

}  // namespace
}  // namespace baton

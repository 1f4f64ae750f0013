// Which tables can be captured and by whom, and what becomes of a capture as its table changes, is
// dropped, or is restored from a dump.

#include "baton/sql/migrator.hpp"
#include "capture_fixture.hpp"
#include "support/dump.hpp"
#include "support/hostile.hpp"

namespace baton {
namespace {

class CaptureTableTest : public testing::CaptureFixture {};

TEST_F(CaptureTableTest, WhatCannotBeCapturedIsRefusedWithTheReason) {
    exec(
        "create table public.orders (id bigint primary key, status text);"
        "create view public.seen as select 1 as id; create temp table passing (id integer);"
        "create foreign data wrapper w; create server s foreign data wrapper w;"
        "create foreign table public.far (id integer) server s;"
        "create table public.parted (id integer) partition by list (id);"
        "create foreign table public.far_part partition of public.parted for values in (1) "
        "server s; create sequence public.numbers; create materialized view public.kept as "
        "select 1 as id");
    const auto refused = [&](const std::string& table, const std::string& words,
                             const std::string& more = "") {
        expect_refused("select capture_table('" + table + "', 'a/b', '{*}'" + more + ")", "BT061",
                       words);
    };
    refused("seen",
            "the changes of public.seen cannot be made events: it is a view: capture the "
            "tables behind it");
    refused("kept", "it is a view");
    refused("numbers", "it is no table");
    refused("far", "it is a foreign table: its rows change elsewhere, unseen");
    refused("parted",
            "the changes of public.parted cannot be made events: of public.far_part, a "
            "part of it: it is a foreign table");
    refused("pg_temp.passing", "it is a temporary table, of one session alone");
    refused("pg_catalog.pg_class", "it is Postgres' own");
    refused("baton_test.event", "it belongs to an environment of Baton");
    refused("nothing", "there is no table nothing; name it as in SQL: orders, shop.orders");
    refused("a.b.c", "there is no table a.b.c;");
    refused("\"unclosed", "there is no table \"unclosed;");
    const std::string only = "select capture_table('orders', 'a/b', ";
    expect_refused(only + "'{id,nope}')", "BT061",
                   "public.orders has no column \"nope\"; it has id, status");
    expect_refused(only + "'{id,null}')", "BT061", "has no column");
    expect_refused(only + "'{id}', key => '{nope}')", "BT061", "has no column \"nope\"");
    expect_refused(only + "null)", "BT061", "name columns, or '*' for all");
    expect_refused(only + "'{id}', oversize => 'cut')", "BT061",
                   "oversize is refuse or drop-field");
    expect_refused("select capture_table('orders', '', '{id}')", "BT001", "event type is empty");
    expect_refused("select capture_table('orders', null, '{id}')", "BT001", "event type is null");
    expect_refused("select capture_table('orders', repeat('x', 200), '{id}')", "BT002", "128");
    expect_refused("select capture_table(null, 'a/b', '{id}')", "BT061", "there is no table null");
    expect_refused("select remove_capture('orders')", "BT061",
                   "no changes of orders are made events; see baton capture list");
    EXPECT_EQ(ask("count(*) from captures()"), "0");
    EXPECT_EQ(ask("count(*) from pg_trigger where not tgisinternal and tgname like '%capture%'"),
              "0");
    exec(only + "'{id}')");
    expect_refused(only + "'{status}')", "BT061",
                   "the changes of public.orders are events of type a/b already");
    exec("select set_unknown_events('refuse')");
    expect_refused("select capture_table('orders', 'order/chnaged', '{id}')", "BT040",
                   "event type \"order/chnaged\" is not known here");
}

TEST_F(CaptureTableTest, OddNamesAndAHostileSearchPath) {
    exec(
        "create schema \"My Shop\"; create table \"My Shop\".\"Order's \"\"Lines\"\"\" (\"Id %s\" "
        "bigint primary key, \"naïve 'text'\" text, \"select\" integer, \"new\" text, \"a,b\" "
        "text)");
    exec(
        "select capture_table('\"My Shop\".\"Order''s \"\"Lines\"\"\"', 'it''s/%s', '{*}', "
        "condition => 'new.\"select\" > 0')");
    exec(
        "create schema evil; create table evil.event (type text, key text, payload jsonb);"
        "create function evil.never(bigint, bigint) returns boolean language plpgsql as "
        "$$begin raise exception 'evil'; end$$;"
        "create operator evil.= (leftarg = bigint, rightarg = bigint, function = evil.never);"
        "create function evil.format(text, \"any\") returns text language internal as "
        "'text_format'");
    sql::Connection writer(database_.url());
    writer.exec(
        "set search_path = evil, \"My Shop\", pg_catalog; create temp table event (type "
        "text, key text, payload jsonb);"
        "insert into \"Order's \"\"Lines\"\"\" values (1, 'ü', 2, 'n', 'c'), (2, 'x', 0, null, "
        "null)");
    EXPECT_EQ(ask("concat(type, ' ', key, ' ', payload) from event"),
              "it's/%s 1 {\"op\": \"insert\", \"key\": {\"Id %s\": 1}, \"after\": {\"a,b\": \"c\", "
              "\"new\": \"n\", \"Id %s\": 1, \"select\": 2, \"naïve 'text'\": \"ü\"}}");
    EXPECT_EQ(ask("remove_capture('\"My Shop\".\"Order''s \"\"Lines\"\"\"')"), "1");
    EXPECT_EQ(ask("count(*) from pg_proc where proname ~ '^capture_[0-9]+$'"), "0");
}

// The application writes, and no more.
TEST_F(CaptureTableTest, WriterNeedsNoRightHereAndGainsNone) {
    const std::string writer_role = "writer_" + database_.name();
    make_orders();
    capture();
    exec("create role " + writer_role +
         " login; grant insert, update, delete, select on "
         "public.orders to " +
         writer_role + "; grant create on schema public to " + writer_role +
         "; alter table public.orders enable row level security; create policy own on "
         "public.orders using (id < 100)");
    {
        sql::Connection writer(database_.url() + "&user=" + writer_role);
        writer.exec("set row_security = on");
        writer.exec(
            "insert into public.orders values (1, 'new'); update public.orders set "
            "status = 'paid'");
        EXPECT_EQ(
            events(),
            "1 {\"op\": \"insert\", \"key\": {\"id\": 1}, \"after\": {\"total\": null, "
            "\"status\": \"new\"}}\n"
            "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"status\": \"paid\"}}");
        const auto denied = [&](const std::string& statement) {
            EXPECT_EQ(sql::outcome_of([&] { writer.exec(statement); }).sqlstate, "42501")
                << statement;
        };
        denied("select baton_test.capture_1()");
        denied("select baton_test.dispatch('order/changed')");
        denied("select baton_test.capture_table('orders', 'x', '{id}')");
        writer.exec("create table public.mine (id bigint, status text, total numeric)");
        denied(
            "create trigger forged after insert on public.mine referencing new table as "
            "new_rows for each statement execute function baton_test.capture_1()");
        writer.exec("drop table public.mine");
    }
    exec("drop owned by " + writer_role + "; drop role " + writer_role);
}

// The owner of the environment needs TRIGGER on the table and nothing else; nobody but that owner
// makes captures; and what runs with its rights calls nothing of the table's owner.
TEST_F(CaptureTableTest, OwnerNeedsTheRightToPutTriggersThere) {
    const std::string name = database_.name();
    const std::string owner = "owner_" + name, shop = "shop_" + name, schema = "baton_" + name;
    exec("create role " + owner + " login createrole; create role " + shop +
         " login; grant "
         "create on database " +
         name + " to " + owner + ", " + shop);
    sql::ConnectOptions inside;
    inside.schema = schema;
    {
        sql::Connection owning(database_.url() + "&user=" + owner, inside);
        (void)sql::Migrator().install(owning, schema);
        sql::Connection shopping(database_.url() + "&user=" + shop);
        shopping.exec(
            "create schema shop; grant usage on schema shop to " + owner +
            ";"
            "create type shop.mood as enum ('fine'); create type shop.pair as (mood shop.mood);"
            "create table shop.orders (id bigint primary key, mood shop.mood, pair shop.pair);"
            "create function shop.steal(shop.mood) returns json language plpgsql as "
            "$$begin raise exception 'run as %', current_user; end$$;"
            "create cast (shop.mood as json) with function shop.steal(shop.mood)");
        const auto owners = [&](const std::string& statement) {
            return sql::outcome_of([&] { owning.exec(statement); });
        };
        const std::string add = "select capture_table('shop.orders', 'a/b', ";
        EXPECT_EQ(owners(add + "'{mood}')").text,
                  owner +
                      " may not put triggers on shop.orders: let its owner run: grant trigger "
                      "on shop.orders to " +
                      owner + " (SQLSTATE 42501)");
        shopping.exec("grant trigger on shop.orders to " + owner);
        EXPECT_NE(owners(add + "'{pair}')")
                      .text.find("of shop.orders cannot be shown in events: "
                                 "type shop."),
                  std::string::npos)
            << owners(add + "'{pair}')").text;
        EXPECT_EQ(owners(add + "'{mood}')").code, "no error");
        shopping.exec("insert into shop.orders values (1, 'fine', '(fine)')");
        EXPECT_EQ(std::string(owning.exec("select payload ->> 'after' from event").only().text(0)),
                  "{\"mood\": \"fine\"}");
        sql::Connection super(database_.url(), inside);
        EXPECT_EQ(
            sql::outcome_of([&] { super.exec(add + "'{id}')"); }).text,
            "only " + owner + " may say which tables are captured, not baton (SQLSTATE 42501)");
        // Taking it away needs no right on the table.
        shopping.exec("revoke trigger on shop.orders from " + owner);
        EXPECT_EQ(owners("select remove_capture('shop.orders')").code, "no error");
        shopping.exec("update shop.orders set mood = null");
        EXPECT_EQ(owning.exec("select from event").size(), 1U);
    }
    (void)sql::outcome_of([&] { (void)sql::uninstall(connection_, schema); });
    exec("drop owned by " + owner + ", " + shop + " cascade; drop role " + owner + ", " + shop);
}

TEST_F(CaptureTableTest, TableMayChangeUnderIt) {
    make_orders();
    capture("orders", "{status,total}", ", condition => 'new.status is not null'");
    exec("insert into public.orders values (1, 'a', 1)");
    events();
    const std::string update = "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": ";
    exec("alter table public.orders rename status to state");
    EXPECT_EQ(events_of("update public.orders set state = 'b'"), update + "{\"status\": \"b\"}}");
    EXPECT_EQ(faults(),
              "column status of public.orders, which events of type order/changed show, is called "
              "state now; its field is status as before");
    EXPECT_EQ(doctor().substr(0, 8), "warning|");
    exec(
        "alter table public.orders alter total type text; alter table public.orders rename to "
        "sales; create schema shop; alter table public.sales set schema shop");
    EXPECT_EQ(events_of("update shop.sales set total = 'many', state = 'c'"),
              update + "{\"total\": \"many\", \"status\": \"c\"}}");
    EXPECT_EQ(ask("concat(relation, columns) from captures()"), "shop.sales{status,total}");
    EXPECT_EQ(ask("refresh_capture('shop.sales', 'order/changed')"), "1");
    EXPECT_EQ(faults(), "");
    EXPECT_EQ(events_of("update shop.sales set state = 'd', total = total"),
              update + "{\"status\": \"d\"}}");
    // What is gone is missing, and said.
    exec("alter table shop.sales drop total");
    EXPECT_EQ(events_of("update shop.sales set state = 'e'"), update + "{\"status\": \"e\"}}");
    EXPECT_NE(doctor().find("problem|column total of shop.sales, which events of type "
                            "order/changed show, is gone|baton capture remove 'shop.sales' --type "
                            "order/changed, and add it without that column"),
              std::string::npos)
        << doctor();
    EXPECT_NE(ask("status() ->> 'problems'").find("column total of shop.sales"), std::string::npos);
    exec("alter table shop.sales add total numeric");
    EXPECT_EQ(events_of("update shop.sales set total = 4"), update + "{\"total\": 4}}");
    exec("alter table shop.sales disable trigger user");
    EXPECT_NE(doctor().find("changes by update of shop.sales make no events of type "
                            "order/changed: the trigger is disabled|alter table shop.sales enable "
                            "trigger baton_test_capture_1_update"),
              std::string::npos)
        << doctor();
    exec("drop table shop.sales");
    EXPECT_NE(doctor().find("problem|table shop.sales, whose changes are to be events of type "
                            "order/changed, is gone"),
              std::string::npos)
        << doctor();
    EXPECT_EQ(ask("refresh_capture()"), "0");
    EXPECT_EQ(ask("remove_capture('shop.sales')"), "1");
}

// A condition that means nothing any more is the one thing for which a statement fails.
TEST_F(CaptureTableTest, ConditionThatMeansNothingAnyMoreIsSaid) {
    make_orders();
    capture("orders", "{status}", ", condition => 'coalesce(new.total, 0) > 10'");
    EXPECT_NE(events_of("insert into public.orders values (1, 'a', 11)"), "");
    exec("alter table public.orders alter total type text");
    expect_refused("insert into public.orders values (2, 'b', '12')", "BT062",
                   "the changes of public.orders cannot be made events of type order/changed: the "
                   "table is not what it was when they were asked for: ");
    exec("select remove_capture('orders')");
    EXPECT_EQ(events_of("insert into public.orders values (2, 'b', '12')"), "");
}

TEST_F(CaptureTableTest, SeveralCapturesOfATableAndItsText) {
    make_orders();
    capture();
    exec(
        "select capture_table('orders', 'order/paid', '{}', condition => 'new.status = ''paid'' "
        "and old.status is distinct from new.status', key_prefix => 'order/')");
    exec("insert into public.orders values (1, 'paid')");
    EXPECT_EQ(ask("string_agg(concat(type, ' ', payload ->> 'op'), ', ' order by id) from event"),
              "order/changed insert, order/paid insert");
    const std::string text = ask("capture_text('orders', 'order/paid')");
    EXPECT_NE(text.find("FUNCTION baton_test.capture_2()"), std::string::npos) << text;
    EXPECT_NE(text.find("CREATE TRIGGER baton_test_capture_2_update AFTER UPDATE ON public.orders "
                        "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("capture_1"), std::string::npos);
    EXPECT_EQ(ask("remove_capture('orders', 'order/paid')"), "1");
    EXPECT_EQ(ask("count(*) from captures()"), "1");
}

// A dump that was restored is a copy: what is written to its tables is an event in its own log.
TEST_F(CaptureTableTest, RestoredDumpCapturesIntoItsOwnLog) {
    if (!testing::has_pg_dump()) GTEST_SKIP() << testing::lacks_pg_dump;
    exec("create table public.orders (gone text, id bigint primary key, status text)");
    exec("alter table public.orders drop gone; alter table public.orders rename status to state");
    exec("select capture_table('orders', 'order/changed', '{state}')");
    exec("insert into public.orders values (1, 'a')");
    exec("create database " + database_.name() + "_copy template template0");
    const std::string there = testing::Cluster::instance().url(database_.name() + "_copy");
    testing::copy_database(database_.url(), there, testing::Form::sql);
    {
        sql::Connection copy(there, testing::in_test_schema());
        EXPECT_EQ(copy.exec("select from event").size(), 1U);
        EXPECT_NE(copy.exec("select unadopted()").only().text(0).find("restored from a dump"),
                  std::string::npos);
        copy.exec("update public.orders set state = 'b'");
        EXPECT_EQ(copy.exec("select payload ->> 'after' from event order by id desc limit 1")
                      .only()
                      .text(0),
                  "{\"state\": \"b\"}");
        EXPECT_EQ(
            copy.exec("select found from doctor() where check_name = 'captures'").only().text(0),
            "1 captures of tables, each as its table is");
        copy.exec("select refresh_capture()");
        copy.exec(
            "alter table public.orders rename state to status; update public.orders set "
            "status = 'c'");
        EXPECT_EQ(copy.exec("select payload ->> 'after' from event order by id desc limit 1")
                      .only()
                      .text(0),
                  "{\"state\": \"c\"}");
    }
    exec("drop database " + database_.name() + "_copy");
    EXPECT_EQ(ask("count(*) from event"), "1");
}

TEST_F(CaptureTableTest, UpgradeKeepsItAndUninstallingTakesItAway) {
    make_orders();
    capture();
    const sql::InstallReport report = sql::Migrator().install(connection_, testing::test_schema);
    EXPECT_NE(events_of("insert into public.orders values (1)"), "");
    const sql::InstallStatus status = sql::Migrator().status(connection_, testing::test_schema);
    EXPECT_TRUE(status.orphans.empty()) << status.orphans.front();
    (void)report;
    (void)sql::uninstall(connection_, testing::test_schema);
    sql::Connection plain(database_.url());
    plain.exec("insert into public.orders values (2)");
    EXPECT_EQ(plain.exec("select from public.orders").size(), 2U);
    EXPECT_TRUE(plain.exec("select from pg_trigger where not tgisinternal").empty());
}

}  // namespace
}  // namespace baton

// The changes of a captured table are events: what each way to write comes to, and what becomes of
// values. docs/capture.md has the tables.

#include "capture_fixture.hpp"
#include "log_follower.hpp"
#include "support/hostile.hpp"

namespace baton {
namespace {

class CaptureTest : public testing::CaptureFixture {};

TEST_F(CaptureTest, EachChangeIsAnEventWithWhatChanged) {
    make_orders();
    EXPECT_EQ(capture(), "1");
    EXPECT_EQ(
        events_of("insert into public.orders values (1, 'new', 1.50, 's'), (2, null, 2, 's')"),
        "1 {\"op\": \"insert\", \"key\": {\"id\": 1}, \"after\": {\"total\": 1.50, \"status\": "
        "\"new\"}}\n"
        "2 {\"op\": \"insert\", \"key\": {\"id\": 2}, \"after\": {\"total\": 2, \"status\": "
        "null}}");
    // Only what changed; nothing where nothing did, and nothing of what is not shown.
    EXPECT_EQ(events_of("update public.orders set status = 'paid', total = total"),
              "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"status\": \"paid\"}}\n"
              "2 {\"op\": \"update\", \"key\": {\"id\": 2}, \"after\": {\"status\": \"paid\"}}");
    EXPECT_EQ(events_of("update public.orders set status = status, secret = 'other'"), "");
    EXPECT_EQ(events_of("update public.orders set total = null where id = 2"),
              "2 {\"op\": \"update\", \"key\": {\"id\": 2}, \"after\": {\"total\": null}}");
    EXPECT_EQ(events_of("delete from public.orders where id = 2"),
              "2 {\"op\": \"delete\", \"key\": {\"id\": 2}}");
    EXPECT_EQ(events_of("delete from public.orders where false; update public.orders set id = 7 "
                        "where false; insert into public.orders select 9 where false"),
              "");
    EXPECT_EQ(events_of("truncate public.orders"),
              "{\"op\": \"truncate\", \"table\": \"public.orders\"}");
    // With its transaction, or never.
    EXPECT_EQ(events_of("begin; insert into public.orders values (1); rollback"), "");
    sql::LogFollower follower(database_.url());
    EXPECT_EQ(follower.drain().size(), 7U);
}

TEST_F(CaptureTest, FormerValuesAreShownWhereAsked) {
    make_orders();
    capture("orders", "{*}", ", has_old => true, key_prefix => 'order/'");
    exec("alter table public.orders add later text default 'later'");
    EXPECT_EQ(events_of("insert into public.orders values (1, 'new', 1, 's')"),
              "order/1 {\"op\": \"insert\", \"key\": {\"id\": 1}, \"after\": {\"id\": 1, "
              "\"total\": 1, \"secret\": \"s\", \"status\": \"new\"}}");
    EXPECT_EQ(events_of("update public.orders set total = 2, later = 'now'"),
              "order/1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"total\": 2}, "
              "\"before\": {\"total\": 1}}");
    EXPECT_EQ(events_of("delete from public.orders"),
              "order/1 {\"op\": \"delete\", \"key\": {\"id\": 1}, \"before\": {\"id\": 1, "
              "\"total\": 2, \"secret\": \"s\", \"status\": \"new\"}}");
}

TEST_F(CaptureTest, RowWhoseKeyChangesGoesAwayAndComesAnew) {
    exec(
        "create table public.orders (id bigint primary key deferrable initially deferred, "
        "status text)");
    capture("orders", "{status}", ", has_old => true");
    exec("insert into public.orders values (1, 'one'), (2, 'two'), (3, 'three')");
    events();
    // Two that change places: both go away before one comes.
    EXPECT_EQ(events_of("update public.orders set id = 3 - id, status = case id when 1 then 'uno' "
                        "else status end where id < 3"),
              "1 {\"op\": \"delete\", \"key\": {\"id\": 1}, \"before\": {\"status\": \"one\"}, "
              "\"moved_to\": {\"id\": 2}}\n"
              "2 {\"op\": \"delete\", \"key\": {\"id\": 2}, \"before\": {\"status\": \"two\"}, "
              "\"moved_to\": {\"id\": 1}}\n"
              "2 {\"op\": \"insert\", \"key\": {\"id\": 2}, \"after\": {\"status\": \"uno\"}, "
              "\"moved_from\": {\"id\": 1}}\n"
              "1 {\"op\": \"insert\", \"key\": {\"id\": 1}, \"after\": {\"status\": \"two\"}, "
              "\"moved_from\": {\"id\": 2}}");
}

TEST_F(CaptureTest, KeyIsThePrimaryKeyOrWhatIsAsked) {
    exec(
        "create table public.lines (\"order\" bigint, line text, sku text, n integer, "
        "primary key (line, \"order\"))");
    capture("lines", "{n}");
    EXPECT_EQ(events_of("insert into public.lines values (7, 'a/b', 'x', 1)"),
              "[\"a/b\", 7] {\"op\": \"insert\", \"key\": {\"line\": \"a/b\", \"order\": 7}, "
              "\"after\": {\"n\": 1}}");
    exec("create table public.notes (who text, note text)");
    expect_refused("select capture_table('notes', 'note/made', '{note}')", "BT059",
                   "has no primary key: say which columns tell its rows apart");
    exec(
        "select capture_table('notes', 'note/made', '{note}', key => '{who}', key_prefix => "
        "'who/')");
    EXPECT_EQ(events_of("insert into public.notes values ('me', 'a'), (null, 'b'), ('', 'c')"),
              "who/me {\"op\": \"insert\", \"key\": {\"who\": \"me\"}, \"after\": {\"note\": "
              "\"a\"}}\n"
              "{\"op\": \"insert\", \"key\": {\"who\": null}, \"after\": {\"note\": \"b\"}}\n"
              "{\"op\": \"insert\", \"key\": {\"who\": \"\"}, \"after\": {\"note\": \"c\"}}");
}

TEST_F(CaptureTest, ConditionSaysWhichChangesCount) {
    make_orders();
    capture("orders", "{status}",
            ", condition => 'new.status = ''paid'' and old.status is distinct from new.status -- "
            "paid'");
    EXPECT_EQ(events_of("insert into public.orders values (1, 'new'), (2, 'paid')"),
              "2 {\"op\": \"insert\", \"key\": {\"id\": 2}, \"after\": {\"status\": \"paid\"}}");
    EXPECT_EQ(events_of("update public.orders set status = 'paid'"),
              "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"status\": \"paid\"}}");
    EXPECT_EQ(events_of("update public.orders set status = null; delete from public.orders"), "");
    for (const std::string condition :
         {"new.stat = 1", "new.total", "count(*) > 1", "new.status = 'a'); select 1", "(", "a"}) {
        expect_refused(
            "select capture_table('orders', 'x', '{status}', condition => $c$" + condition + "$c$)",
            "BT059", "the changes of public.orders cannot be made events so: ");
    }
    EXPECT_EQ(ask("count(*) from pg_trigger where tgname like '%capture%'"), "4");
}

// Each way to write, and the events that it makes.
TEST_F(CaptureTest, WhateverWritesMakesItsEvents) {
    exec(
        "create table public.orders (id bigint primary key, status text);"
        "create table public.lines (id bigint primary key, item bigint references public.orders "
        "on delete cascade on update cascade, status text)");
    capture("orders", "{status}");
    exec("select capture_table('lines', 'line/changed', '{item}', has_old => true)");
    exec("insert into public.orders values (1, 'a'), (2, 'b')");
    events();
    const auto counts = [&](const std::string& statement) {
        exec(statement);
        std::string found =
            ask("coalesce(string_agg(concat(type, ' ', op, ' ', number), ', ' order by type, op), "
                "'') from (select type, payload ->> 'op' as op, count(*) as number from event "
                "where id > " +
                seen_ + " group by 1, 2) as e");
        events();
        return found;
    };
    EXPECT_EQ(counts("insert into public.orders values (2, 'c'), (3, 'c') on conflict (id) do "
                     "update set status = excluded.status"),
              "order/changed insert 1, order/changed update 1");
    EXPECT_EQ(counts("insert into public.orders values (2, 'c'), (3, 'd') on conflict do nothing"),
              "");
    EXPECT_EQ(counts("merge into public.orders as o using (values (1, 'x'), (3, 'd'), (4, 'e')) "
                     "as v (id, status) on o.id = v.id when matched and v.id = 3 then delete when "
                     "matched then update set status = v.status when not matched then insert "
                     "values (v.id, v.status)"),
              "order/changed delete 1, order/changed insert 1, order/changed update 1");
    EXPECT_EQ(counts("insert into public.lines select n, 1 + n % 2 from generate_series(1, 6) n"),
              "line/changed insert 6");
    EXPECT_EQ(counts("update public.orders set id = 11 where id = 1"),
              "line/changed update 3, order/changed delete 1, order/changed insert 1");
    EXPECT_EQ(counts("delete from public.orders where id = 11"),
              "line/changed delete 3, order/changed delete 1");
    EXPECT_EQ(counts("with gone as (delete from public.orders where id = 4 returning id), made as "
                     "(insert into public.orders select id + 100 from gone) update public.orders "
                     "set status = 'z' where id = 2"),
              "order/changed delete 1, order/changed insert 1, order/changed update 1");
    {
        sql::Transaction transaction(connection_);
        transaction.exec("set local session_replication_role = replica");
        transaction.exec("update public.orders set status = 'unseen'");
        transaction.commit();
    }
    EXPECT_EQ(events(), "");
    EXPECT_EQ(counts("truncate public.orders cascade"),
              "line/changed truncate 1, order/changed truncate 1");
    EXPECT_EQ(counts("copy public.orders (id) from program 'seq 1 500'"),
              "order/changed insert 500");
}

TEST_F(CaptureTest, PartsOfATableAreCapturedWithIt) {
    exec(
        "create table public.orders (id bigint, year integer, status text, primary key (id, "
        "year)) partition by range (year);"
        "create table public.orders_1 partition of public.orders for values from (1) to (10);"
        "create table public.orders_2 (status text, year integer not null, gone text, id bigint "
        "not null);"
        "alter table public.orders_2 drop gone;"
        "alter table public.orders attach partition public.orders_2 for values from (10) to (20);"
        "create table public.people (id bigint primary key, name text);"
        "create table public.workers (wage integer) inherits (public.people)");
    capture("orders", "{status}", ", key => '{id}'");
    exec("select capture_table('people', 'person/changed', '{name}')");
    EXPECT_EQ(events_of("insert into public.orders values (1, 1, 'a'), (2, 11, 'b')"),
              "1 {\"op\": \"insert\", \"key\": {\"id\": 1}, \"after\": {\"status\": \"a\"}}\n"
              "2 {\"op\": \"insert\", \"key\": {\"id\": 2}, \"after\": {\"status\": \"b\"}}");
    // From one part to the other it is the same row.
    EXPECT_EQ(events_of("update public.orders set year = 12, status = 'c' where id = 1"),
              "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"status\": \"c\"}}");
    EXPECT_EQ(events_of("update public.orders_2 set status = 'd' where id = 1"),
              "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"status\": \"d\"}}");
    EXPECT_EQ(events_of("insert into public.workers values (1, 'w', 5); update public.people set "
                        "name = 'x'; update public.workers set wage = 6"),
              "1 {\"op\": \"insert\", \"key\": {\"id\": 1}, \"after\": {\"name\": \"w\"}}\n"
              "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"name\": \"x\"}}");
    EXPECT_EQ(events_of("truncate public.orders_2"),
              "{\"op\": \"truncate\", \"table\": \"public.orders_2\"}");
    // One that comes later has no triggers of its own until it is refreshed.
    exec("create table public.orders_3 partition of public.orders for values from (20) to (30)");
    EXPECT_NE(doctor().find("changes by insert of public.orders_3 make no events of type "
                            "order/changed: it has no trigger for them|baton capture refresh "
                            "'public.orders'"),
              std::string::npos)
        << doctor();
    EXPECT_EQ(ask("refresh_capture()"), "2");
    EXPECT_EQ(doctor(), "ok|2 captures of tables, each as its table is");
    EXPECT_EQ(events_of("insert into public.orders_3 values (3, 21, 'e')"),
              "3 {\"op\": \"insert\", \"key\": {\"id\": 3}, \"after\": {\"status\": \"e\"}}");
}

TEST_F(CaptureTest, ValuesAreJsonWhoeverWrites) {
    exec(
        "create type public.mood as enum ('fine', 'so, \"so\"');"
        "create domain public.percent as numeric check (value <= 100);"
        "create type public.place as (street text, moods public.mood[]);"
        "create table public.kinds (id bigint primary key, n numeric, f float8, d date, "
        "t timestamptz, i interval, b bytea, a integer[], m public.mood, ms public.mood[], "
        "p public.percent, ps public.percent[], c public.place, cs public.place[], j json, "
        "jb jsonb, x xml, g point, r daterange, u uuid, twice numeric generated always as (n * 2) "
        "stored)");
    capture("kinds", "{*}");
    const std::string insert =
        "set timezone = 'Asia/Tokyo'; set datestyle = 'German'; set intervalstyle = "
        "'iso_8601'; set bytea_output = 'escape'; set extra_float_digits = -3;"
        "insert into public.kinds values (1, 'NaN', '-Infinity', 'infinity', '2026-01-01 "
        "00:00+00', '1 day', '\\x00ff', '{{1,null},{2,3}}', 'so, \"so\"', '{fine,null,\"so, "
        "\\\"so\\\"\"}', 12.50, '{1.50,2}', '(a,\"{fine}\")', '{\"(b,)\"}', '{\"a\": \"\\u0000\"}',"
        " '[1]', '<a/>', '(1,2)', '[2026-01-01,2026-02-01)', "
        "'00000000-0000-0000-0000-000000000001'); reset all; set search_path = baton_test, pg_temp";
    exec(insert);
    EXPECT_EQ(
        ask("payload -> 'after' = $j${\"id\": 1, \"n\": \"NaN\", \"f\": \"-Infinity\", \"d\": "
            "\"infinity\", \"t\": \"2026-01-01T00:00:00+00:00\", \"i\": \"1 day\", \"b\": "
            "\"\\\\x00ff\", \"a\": [[1, null], [2, 3]], \"m\": \"so, \\\"so\\\"\", \"ms\": "
            "[\"fine\", null, \"so, \\\"so\\\"\"], \"p\": 12.50, \"ps\": [1.50, 2], \"c\": "
            "{\"street\": \"a\", \"moods\": [\"fine\"]}, \"cs\": [{\"street\": \"b\", \"moods\": "
            "null}], \"j\": \"{\\\"a\\\": \\\"\\\\u0000\\\"}\", \"jb\": [1], \"x\": \"<a/>\", "
            "\"g\": \"(1,2)\", \"r\": \"[2026-01-01,2026-02-01)\", \"u\": "
            "\"00000000-0000-0000-0000-000000000001\", \"twice\": \"NaN\"}$j$::jsonb from event"),
        "t")
        << events();
    events();
    EXPECT_EQ(events_of("update public.kinds set g = '(1,2)', j = j, x = x, c = c, cs = cs, m = m, "
                        "ms = ms, ps = ps, a = a, f = f"),
              "");
    EXPECT_EQ(events_of("update public.kinds set n = 2, g = '(1,3)'"),
              "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"g\": \"(1,3)\", \"n\": "
              "2, \"twice\": 4}}");
}

TEST_F(CaptureTest, VeryManyColumnsAndHugeValues) {
    std::string columns;
    for (int i = 1; i <= 130; ++i) columns += ", c" + std::to_string(i) + " integer default 7";
    exec("create table public.wide (id bigint primary key, big text, other text" + columns + ")");
    capture("wide", "{*}");
    exec("insert into public.wide values (1, repeat('x', 300000))");
    EXPECT_EQ(ask("count(*) from event, jsonb_object_keys(payload -> 'after')"), "133");
    events();
    EXPECT_EQ(events_of("update public.wide set c130 = 8, big = big"),
              "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"c130\": 8}}");
    expect_refused("update public.wide set big = repeat('x', 2000000)", "BT002",
                   "a change of public.wide is too large for an event of type order/changed: the "
                   "limit is 1048576 bytes");
    EXPECT_EQ(ask("length(big) from public.wide"), "300000");
    exec("select remove_capture('wide')");
    capture("wide", "{*}", ", oversize => 'drop-field', has_old => true");
    EXPECT_EQ(events_of("update public.wide set big = repeat('x', 2000000), other = 'o'"),
              "1 {\"op\": \"update\", \"key\": {\"id\": 1}, \"after\": {\"other\": \"o\"}, "
              "\"before\": {\"other\": null}, \"dropped\": [\"big\"]}");
    // A hundred thousand digits in a few bytes, and deep JSON.
    exec("create table public.bombs (id bigint primary key, n numeric[], j jsonb)");
    exec("select capture_table('bombs', 'x', '{n,j}', oversize => 'drop-field')");
    EXPECT_EQ(events_of("insert into public.bombs select 1, array_agg(1e100000::numeric), "
                        "(repeat('[', 70) || repeat(']', 70))::jsonb from generate_series(1, 20)"),
              "1 {\"op\": \"insert\", \"key\": {\"id\": 1}, \"after\": {}, \"dropped\": [\"j\", "
              "\"n\"]}");
}

}  // namespace
}  // namespace baton

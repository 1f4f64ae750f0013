// What a SQL reducer's file must not do: seen when it is registered, when it is called, or by
// doctor() afterwards. And which events it reads, as far as its text shows.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/sql/view_store.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

class SqlReducerTest : public ::testing::Test {
protected:
    static SqlReducer reducer_of(const std::string& script) {
        const std::string path =
            ::testing::TempDir() + "sql_reducer_" + std::to_string(::getpid()) + ".sql";
        std::ofstream(path) << "--! reducer r version 1\n" << script;
        return read_sql_reducer(path);
    }
    static std::string table(const std::string& columns = "", const std::string& kind = "") {
        return "create " + kind + " table r__v1 (a text primary key, position bigint not null" +
               columns + ");\n";
    }
    static std::string in_plpgsql(const std::string& statement) {
        return table() + "create function r__v1() returns void language plpgsql as $$ begin\n" +
               statement + "\nend $$;";
    }
    static std::string in_sql(const std::string& statement) {
        return table() + "create function r__v1() returns void language sql as $$ " + statement +
               " $$;";
    }
    // What registering it says; "" where it is accepted. Nothing of it stays.
    std::string refusal_of(const std::string& script) {
        Transaction transaction(connection_);
        try {
            static_cast<void>(register_reducer(transaction, reducer_of(script), false, true));
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::reducer_invalid) << error.what();
            return error.what();
        }
        return {};
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
};

TEST_F(SqlReducerTest, WhatChangesTheSessionIsRefused) {
    for (const std::string statement : {
             "set timezone = 'Asia/Tokyo';",
             "set local work_mem = '1MB';",
             "if false then set role none; end if;",
             "if false then execute 'set search_path to public'; end if;",
             "if false then set session characteristics as transaction read only; end if;",
             "if false then reset all; end if;",
             "if false then discard temp; end if;",
             "if false then listen somebody; end if;",
             "if false then perform set_config('datestyle', 'German', true); end if;",
             "if false then perform set_config('baton.part', 'far', true); end if;",
             "if false then create temp table staged (n int); end if;",
             "perform pg_advisory_unlock_all();",
             // Its text says nothing; what it does is seen.
             "execute convert_from(decode('736574206a6974203d206f6e', 'hex'), 'UTF8');",
             "execute 'se' || 't enable_sort = off';",
         }) {
        const std::string refusal = refusal_of(in_plpgsql(statement));
        EXPECT_TRUE(refusal.find("its session") != std::string::npos ||
                    refusal.find("makes a temporary table") != std::string::npos)
            << statement << ": " << refusal;
    }
}

TEST_F(SqlReducerTest, WhatGivesOtherRowsEachTimeIsRefused) {
    for (const std::string value :
         {"now()", "clock_timestamp()", "random()", "gen_random_uuid()", "current_timestamp",
          "Current_Date", "statement_timestamp ( )", "nextval('event_id_seq')",
          "dispatch('a/b', '{}')", "txid_current()"}) {
        EXPECT_NE(refusal_of(in_sql("insert into r__v1 select e.key || " + value +
                                    "::text, e.position from batch_event e"))
                      .find("each time that the log is read"),
                  std::string::npos)
            << value;
    }
    EXPECT_NE(refusal_of(table(", made timestamptz default now()") +
                         "create function r__v1() returns void language sql as ''"),
              "");
    EXPECT_NE(refusal_of(table() + "create function r__v1() returns void begin atomic insert into"
                                   " r__v1 select e.key || current_timestamp, e.position from"
                                   " batch_event e; end;"),
              "");
}

TEST_F(SqlReducerTest, WhatWritesElsewhereIsRefused) {
    connection_.exec("create table other__v1 (a text primary key)");
    for (const std::string statement :
         {"insert into other__v1 values ('a');", "update other__v1 set a = 'b';",
          "delete from only baton_test.other__v1;", "truncate event;",
          "insert into event (type, payload) values ('a', '{}');", "truncate event_default;",
          "insert into set_member values ('a', 1, 'b', 1);", "delete from event_type_reader;",
          "update declared_event_type set type = 'a';"}) {
        const std::string refusal =
            refusal_of(in_plpgsql("if false then " + statement + " end if;"));
        EXPECT_NE(refusal.find("what is not its own"), std::string::npos)
            << statement << ": " << refusal;
    }
}

TEST_F(SqlReducerTest, AnUnloggedTableAndOneWithoutPositionAreRefused) {
    const std::string function = "create function r__v1() returns void language sql as ''";
    EXPECT_NE(refusal_of(table("", "unlogged") + function).find("UNLOGGED"), std::string::npos);
    EXPECT_NE(refusal_of("create table r__v1 (a text primary key);" + function).find("position"),
              std::string::npos);
}

TEST_F(SqlReducerTest, OneThatRaisesACodeOfOursIsToBlameItself) {
    EXPECT_NE(refusal_of(in_plpgsql("raise exception 'made up' using errcode = 'BT011';"))
                  .find("made up"),
              std::string::npos);
}

TEST_F(SqlReducerTest, WhatIsMeantWellIsAccepted) {
    EXPECT_EQ(refusal_of(table(", total bigint not null") +
                         "-- Not now(), nor random(); set search_path to nothing\n"
                         "create table r__v1_seen (id bigint primary key);"
                         "create function r__v1() returns void language plpgsql"
                         " set timezone = 'Asia/Tokyo' as $$ begin /* reset all */\n"
                         "insert into r__v1_seen select e.id from batch_event e;\n"
                         "insert into r__v1 as v select e.key, e.position, 1 from batch_event e"
                         " where e.type = 'a/b' and e.payload ->> 'known' = 'now or never'"
                         " on conflict (a) do update\n"
                         " set total = v.total + excluded.total, position = excluded.position;"
                         " end $$;"),
              "");
}

TEST_F(SqlReducerTest, DoctorSeesWhatWasAlteredLater) {
    Transaction transaction(connection_);
    static_cast<void>(register_reducer(transaction, reducer_of(in_sql("")), false, true));
    const auto asked = [&](const std::string& check) {
        return std::string(transaction
                               .exec("select state || ': ' || found from doctor()"
                                     " where check_name = '" +
                                     check + "'")
                               .only()
                               .text(0));
    };
    EXPECT_EQ(asked("view_tables"), "ok: as their reducers need them");
    transaction.exec("alter table r__v1 set unlogged");
    EXPECT_EQ(asked("view_tables"), "problem: r__v1 is UNLOGGED: a crash of the server empties it");
    transaction.exec(
        "create or replace function r__v1() returns void language sql as"
        " 'insert into r__v1 select now()::text, 1 where false'");
    EXPECT_NE(asked("sql_reducers").find("warning: r@1 has now("), std::string::npos)
        << asked("sql_reducers");
    transaction.exec("alter table r__v1 set logged; alter table r__v1 drop column position");
    EXPECT_NE(asked("view_tables").find("no column"), std::string::npos);
    // Who leads next carries the other views, too.
    EXPECT_NO_THROW((void)register_reducer(transaction, reducer_of(in_sql("")), false, true));
}

// Whoever folds: the leader, a builder, who looks at the past.
TEST_F(SqlReducerTest, NoSessionCompilesAFoldOrEndsWithAnError) {
    connection_.exec(
        "do $$ begin execute format('alter database %I set jit = on', current_database());"
        " execute format('alter database %I set exit_on_error = on', current_database()); end $$");
    Connection session(database_.url(), testing::in_test_schema());
    EXPECT_EQ(session.exec("show jit").only().text(0), "off");
    EXPECT_THROW(session.exec("select 1 / 0"), Error);
    EXPECT_EQ(session.exec("show exit_on_error").only().text(0), "off");
}

TEST(SqlReducerTypesTest, AreReadFromItsText) {
    const auto types = [](const std::string& text) {
        std::string all;
        for (const std::string& type : types_read_in(text)) all += type + " ";
        return all;
    };
    EXPECT_EQ(types("-- 'not/this'\n where e.type = 'a/b' or type in ('c/d', 'e')"), "a/b c/d e ");
    EXPECT_EQ(types("where e.type like 'a/%' and x = '%'"), "a/% ");
    EXPECT_EQ(types("where e.type ~ '^a/'"), "a/% ");
    EXPECT_EQ(types("where type = any ('{a/b,c/d}')"), "a/b c/d ");
    EXPECT_EQ(types("select count(*) from batch_event"), "% ");
    EXPECT_EQ(types("where split_part(e.type, '/', 1) = 'a'"), "% / a ");
    EXPECT_EQ(types("where type = 'a/b' and k = '" + std::string(1'000'000, 'x') + "'"), "% a/b ");
    EXPECT_EQ(types("case e.schema_version when 1 then 'a' end"), "");
}

}  // namespace
}  // namespace baton::sql

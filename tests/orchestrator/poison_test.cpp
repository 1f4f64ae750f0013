// Events that a reducer cannot fold: found exactly, recorded whatever their bytes, and never more
// than the one view's trouble.
#include <gtest/gtest.h>

#include <csignal>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

const std::string sql_file = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

class PoisonTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(std::vector<std::string> options = {}) {
        options.insert(options.end(), {"--sql", sql_file, "--lease", "2000"});
        return world.start({.node = "leader", .options = std::move(options)});
    }

    void mark(const std::string& fault) {
        world.ask("select dispatch('mark/made', jsonb_build_object('account', 'a', 'fault', '" +
                  fault + "'))");
    }

    // Dispatches `count` movements in one transaction; the `bad`th (from 1) has `extra` in it.
    void move_with(int count, const std::string& bad, const std::string& extra) {
        world.ask(
            "insert into event (type, payload) select 'account/moved', jsonb_build_object("
            "'account', 'x' || n % 7, 'amount', n, 'sequence', n) || case when n in (" +
            bad + ") then '" + extra + "'::jsonb else '{}' end from generate_series(1, " +
            std::to_string(count) + ") as n; select ring()");
    }

    [[nodiscard]] bool halts(const std::string& view, int position) {
        return world.comes_true(
            "exists (select from view_state where view = '" + view +
                "' and state = 'halted' and position = " + std::to_string(position) + ")",
            seconds(5));
    }

    World world;
};

TEST_F(PoisonTest, AHaltedViewStopsBeforeTheEventAndSaysWhyWhileTheOthersGoOn) {
    const auto process = start();
    ASSERT_TRUE(world.leads("leader"));
    for (const char* const fault : {"", "", "exception", ""}) mark(fault);
    dispatch_flood(world, 100);
    ASSERT_TRUE(halts("mark_totals", 2)) << process->error_output();
    ASSERT_TRUE(world.comes_true("not exists (select from waiting_events(1))"));

    EXPECT_EQ(world.ask("select marks from mark_totals"), "2");
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "100");
    EXPECT_EQ(world.ask("select sum(events) from sql_totals"), "100");
    EXPECT_EQ(world.ask("select event_type || position || state || error from dead_event"),
              "mark/made3haltingthis mark was made to fail");
    EXPECT_NE(world.ask("select status() ->> 'problems'").find("this mark was made to fail"),
              std::string::npos);
    EXPECT_EQ(world.ask("select status() -> 'dead_events' -> 0 ->> 'position'"), "3");
    world.expect_exact();
}

TEST_F(PoisonTest, EveryKindOfFailureIsSkippedExactlyWhereThatIsThePolicy) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    for (const char* const fault : {"", "exception", "other", "", "bytes", "row", "", "row", ""}) {
        mark(fault);
    }
    // One transaction, so that one batch has them all; the second 'row' follows innocent events.
    world.ask(
        "insert into event (type, payload) select 'mark/made', jsonb_build_object('account', 'b',"
        " 'fault', f) from unnest(array['', 'row', '', 'exception', '', 'bytes', '']) as f");
    world.ask("select dispatch('mark/made', '{\"account\": 7}'), ring()");  // undecodable
    mark("");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(position::text, ',' order by position) from dead_event"
                        " where state = 'skipped'"),
              "2,3,5,6,8,11,13,15,17");
    EXPECT_EQ(
        world.ask("select string_agg(account || marks, ',' order by account) from mark_totals"),
        "a5,b4");
    EXPECT_EQ(world.ask("select max(length(error)) between 1000 and 8192 from dead_event"), "t");
    world.expect_exact();
}

TEST_F(PoisonTest, ARefusalOfTheDatabaseIsTracedToItsEventWhereverItIsInTheBatch) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    for (const char* const bad : {"1", "500", "1000", "3, 700"}) {
        SCOPED_TRACE(bad);
        move_with(1000, bad, R"({"divisor": 0})");
        ASSERT_TRUE(world.settles()) << process->error_output();
    }
    EXPECT_EQ(world.ask("select string_agg(position::text, ',' order by position) from dead_event"),
              "1,1500,3000,3003,3700");
    EXPECT_EQ(world.ask("select count(*) from dead_event where error like '%22012%'"), "5");
    world.expect_exact();
}

TEST_F(PoisonTest, AMessageOfAnyLengthAndAUsersOwnConstraintAreRecorded) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    world.ask(
        "alter table sql_totals__v1 add constraint small check (total < 1000000);"
        "alter table account_totals__v1 add constraint small check (total < 1000000)");
    move_with(10, "4", R"({"raise": "a line\u0001 of weird \u00ff\ud83d\ude00\nand another"})");
    move_with(10, "5", R"({"amount": 1000000})");
    world.ask(
        "insert into event (type, payload) select 'account/moved', jsonb_build_object("
        "'account', 'z', 'amount', 1, 'sequence', 1, 'raise', repeat('long ', 200000));"
        "select ring()");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(view || position, ',' order by view, position)"
                        " from dead_event"),
              "account_totals15,sql_totals4,sql_totals15,sql_totals21");
    EXPECT_EQ(world.ask("select count(*) from dead_event where error like '%23514%'"), "2");
    EXPECT_EQ(world.ask("select max(length(error)) <= 8192 from dead_event"), "t");
    world.expect_exact();
}

TEST_F(PoisonTest, AHaltOfTheDatabaseIsResolvedByFixOrSkip) {
    auto process = start();
    ASSERT_TRUE(world.leads("leader"));
    mark("");
    mark("exception");
    mark("");
    mark("other");
    mark("");
    ASSERT_TRUE(halts("mark_totals", 1)) << process->error_output();
    EXPECT_THROW(world.ask("select resolve_dead_event('mark_totals', 'skip', 4)"), Error);
    EXPECT_EQ(world.ask("select resolve_dead_event('mark_totals', 'skip')"), "2");
    ASSERT_TRUE(halts("mark_totals", 3)) << process->error_output();
    // Again with the same code: it halts again.
    EXPECT_EQ(world.ask("select resolve_dead_event('mark_totals', 'retry')"), "4");
    ASSERT_TRUE(
        world.comes_true("exists (select from dead_event where position = 4"
                         " and state = 'halting')"));
    process->kill(SIGTERM);
    ASSERT_TRUE(process->wait(seconds(10)));

    process = start({"--fixed-marks"});
    ASSERT_TRUE(world.leads("leader"));
    EXPECT_EQ(world.ask("select resolve_dead_event('mark_totals', 'retry')"), "4");
    mark("");
    ASSERT_TRUE(
        world.comes_true("exists (select from view_state where view = 'mark_totals' and"
                         " state = 'following')"))
        << process->error_output();
    ASSERT_TRUE(world.settles());
    EXPECT_EQ(world.ask("select marks from mark_totals"), "5");
    world.expect_exact({.fixed_marks = true});
}

TEST_F(PoisonTest, ASkippedEventIsFoundToBePoisonousWhileCatchingUpToo) {
    auto process = world.start({.node = "before", .options = {"--without-marks"}});
    ASSERT_TRUE(world.leads("before"));
    for (const char* const fault : {"", "exception", "", "row", ""}) mark(fault);
    ASSERT_TRUE(world.comes_true("(select sum(count) from batch) = 5"));
    process->kill(SIGKILL);
    ASSERT_TRUE(process->wait(seconds(5)));
    process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    ASSERT_TRUE(world.settles()) << process->error_output();
    ASSERT_TRUE(
        world.comes_true("(select count(*) from view_state where state = 'following') = 3"));
    EXPECT_EQ(world.ask("select string_agg(position::text, ',' order by position) from dead_event"),
              "2,4");
    world.expect_exact();
}

// The lease is renewed with each of the batches, so that is no time to look after views.
TEST_F(PoisonTest, AResolvedEventIsNoticedWhileEventsTrickleIn) {
    const auto process = start();
    ASSERT_TRUE(world.leads("leader"));
    mark("exception");
    ASSERT_TRUE(halts("mark_totals", 0)) << process->error_output();
    Writers writers(world.url(), 1, milliseconds(50));
    ASSERT_TRUE(world.comes_true("(select count(*) from batch) > 30"));
    EXPECT_EQ(world.ask("select resolve_dead_event('mark_totals', 'skip')"), "1");
    // Two thirds of the lease of two seconds, and a busy machine's slowness.
    EXPECT_TRUE(
        world.comes_true("exists (select from view_state where view = 'mark_totals' and"
                         " state = 'following')",
                         milliseconds(1333 + 500)))
        << process->error_output();
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
}

TEST_F(PoisonTest, TheLogSaysWhichEventFailedAndNothingThatIsInIt) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    move_with(10, "4", R"({"divisor": "4111 1111"})");
    mark("exception");
    ASSERT_TRUE(world.settles()) << process->error_output();
    const std::string said = process->error_output();
    EXPECT_EQ(world.ask("select count(*) from dead_event where error like '%4111 1111%'"), "1");
    EXPECT_EQ(said.find("4111"), std::string::npos) << said;
    EXPECT_NE(
        said.find("view=sql_totals version=1 position=4 event=4 type=account/moved outcome=skipped"
                  " cause=\"SQLSTATE 22P02\""),
        std::string::npos)
        << said;
    EXPECT_NE(
        said.find("view=mark_totals version=1 position=11 event=11 type=mark/made outcome=skipped"
                  " cause=reducer"),
        std::string::npos)
        << said;
}

// What goes away by itself must not cost an event its place in the view.
TEST_F(PoisonTest, ALockOnTheViewsRowsIsWaitedForAndNothingIsCountedTwice) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    {
        sql::Connection user(world.url(), in_test_schema("user"));
        sql::Transaction transaction(user);
        transaction.exec("update account_totals__v1 set total = total where account = 'account 3'");
        dispatch_flood(world, 100);
        // While the batch is refused for another reason, the search for the culprit meets the lock.
        move_with(10, "5", R"({"divisor": 0})");
        ASSERT_TRUE(eventually(seconds(20), [&] {
            return process->error_output().find("put off") != std::string::npos;
        })) << process->error_output();
    }
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(view || position, ',') from dead_event"),
              "sql_totals205");
    EXPECT_EQ(world.ask("select epoch from leader"), "1") << "the leader lost its lease meanwhile";
    world.expect_exact();
}

TEST_F(PoisonTest, ADeadlockInTheSearchForACulpritDoublesNothing) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.settles());
    // The batch is refused, the search for the culprit ends in a deadlock, and then all is well.
    world.ask(
        "create sequence attempt; create function fail_twice() returns trigger"
        " language plpgsql as $$ declare n bigint := nextval('baton_test.attempt'); begin"
        " if n = 1 then raise exception 'made up'; end if;"
        " if n = 2 then raise exception 'made up' using errcode = '40P01'; end if;"
        " return new; end $$;"
        "create trigger sometimes before update on account_totals__v1 for each statement"
        " execute function fail_twice()");
    dispatch_flood(world, 60);
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select last_value > 2 from attempt"), "t");
    EXPECT_EQ(world.ask("select count(*) from dead_event"), "0");
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST_F(PoisonTest, ACancelledStatementIsNotTheEventsFault) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    world.ask(
        "create sequence slow_attempt; create function slow() returns trigger language plpgsql"
        " as $$ begin if nextval('baton_test.slow_attempt') = 1 then perform pg_sleep(60); end if;"
        " return new; end $$;"
        "create trigger slow before insert on sql_totals__v1 for each statement"
        " execute function slow()");
    move_with(10, "0", "{}");
    ASSERT_TRUE(
        world.comes_true("(select count(pg_cancel_backend(a.pid)) from pg_stat_activity a, leader l"
                         " where a.pid = l.backend_pid and a.state = 'active'"
                         " and a.wait_event = 'PgSleep') = 1"));
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select count(*) from dead_event"), "0");
    EXPECT_NE(process->error_output().find("put off"), std::string::npos);
    world.expect_exact();
}

TEST_F(PoisonTest, AMissingTableHaltsTheViewEvenWhereThePolicyIsToSkip) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    world.ask("alter table sql_totals__v1 rename column total to sum");
    move_with(10, "0", "{}");
    ASSERT_TRUE(halts("sql_totals", 0)) << process->error_output();
    world.ask("alter table sql_totals__v1 rename column sum to total");
    EXPECT_EQ(world.ask("select resolve_dead_event('sql_totals', 'retry')"), "1");
    ASSERT_TRUE(world.settles()) << process->error_output();
    world.expect_exact();
}

TEST_F(PoisonTest, SigtermIsHeededWhileABatchIsInTheWayOfALock) {
    const auto process = start();
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 20);
    ASSERT_TRUE(world.settles());
    sql::Connection user(world.url(), in_test_schema("user"));
    sql::Transaction transaction(user);
    transaction.exec("update account_totals__v1 set total = total");
    dispatch_flood(world, 20);
    ASSERT_TRUE(eventually(
        seconds(20), [&] { return process->error_output().find("put off") != std::string::npos; }));
    process->kill(SIGTERM);
    const auto end = process->wait(seconds(5));
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, 0);
}

// The rows of a page's first part are in memory only when its second part is folded; they must stay
// there, although the view has more rows than are kept.
TEST_F(PoisonTest, RowsOfBeforeASkippedEventAreNotLostWhereTheViewIsLarge) {
    const auto process = start({"--skip"});
    ASSERT_TRUE(world.leads("leader"));
    const std::string mark_each =
        "insert into event (type, payload) select 'mark/made', jsonb_build_object('account', name,"
        " 'fault', fault) from ";
    world.ask(mark_each +
              "(select 'a' || n, '' from generate_series(1, 99995) as n) as m (name, fault);"
              "select ring()");
    ASSERT_TRUE(world.settles());
    world.ask(mark_each +
              "(values ('b1', ''), ('b2', ''), ('b3', ''), ('b4', ''), ('b5', ''), ('b6', ''),"
              " ('x', ''), ('x', 'exception'), ('x', '')) as m (name, fault); select ring()");
    ASSERT_TRUE(world.settles());
    EXPECT_EQ(world.ask("select marks from mark_totals where account = 'x'"), "2")
        << process->error_output();
    EXPECT_EQ(world.ask("select count(*) from mark_totals"), "100002");
}

}  // namespace
}  // namespace baton::testing

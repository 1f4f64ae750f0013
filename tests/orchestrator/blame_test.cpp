// Who is to blame for an error: where it was raised decides, not its code. Whatever one view's
// function, statements, triggers and constraints raise stops that view, and no other, and neither
// the process nor its lead.
#include <gtest/gtest.h>

#include "orchestrator/sql_file.hpp"
#include "orchestrator/world.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

// Raises the SQLSTATE that the first event names as its fault.
const std::string raise_fault = R"(
    select e.payload ->> 'state' into state from batch_event e
     where e.type = 'mark/made' and e.payload ? 'state' order by e.position limit 1;
    if found then raise exception 'made up' using errcode = state; end if;)";
const std::string raise_declares = "declare state text;";

class BlameTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(const std::string& file,
                                        std::vector<std::string> options = {}) {
        options.insert(options.end(), {"--lease", "2000", "--sql", sql_totals});
        if (!file.empty()) options.insert(options.end(), {"--sql", file});
        return world.start({.node = "leader", .options = std::move(options)});
    }
    // One transaction: two good marks with one between them that raises `state`.
    void mark(const std::string& state) {
        world.ask(
            "insert into event (type, payload) select 'mark/made', jsonb_build_object("
            "'account', 'a', 'fault', '') || f from unnest(array['{}', '{\"state\": \"" +
            state + "\"}', '{}']::jsonb[]) as f; select ring()");
    }
    void mark_well(int count) {
        world.ask(
            "insert into event (type, payload) select 'mark/made', jsonb_build_object("
            "'account', 'a', 'fault', '') from generate_series(1, " +
            std::to_string(count) + "); select ring()");
    }
    [[nodiscard]] bool halts(const std::string& view, int position) {
        return world.comes_true(
            "exists (select from view_state where view = '" + view +
            "' and state = 'halted' and position = " + std::to_string(position) + ")");
    }
    void expect_first_lead() {
        EXPECT_EQ(world.ask("select epoch from leader"), "1") << "the lead was lost meanwhile";
    }

    const std::string sql_totals = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";
    World world;
};

TEST_F(BlameTest, WhateverCodeAReducerRaisesTheEventIsSkippedAndNothingElse) {
    const auto process = start(counting_reducer("faulty", raise_fault, raise_declares), {"--skip"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    std::string dead;
    int position = 2;
    for (const std::string state : {"40001", "40P01", "55P03", "57014", "57P01", "40003", "BT004",
                                    "BT011", "BT017", "BT018", "BT020", "08006", "P0001"}) {
        SCOPED_TRACE(state);
        mark(state);
        ASSERT_TRUE(world.settles()) << process->error_output();
        dead += (dead.empty() ? "" : ",") + std::to_string(position);
        position += 3;
    }
    EXPECT_EQ(world.ask("select string_agg(position::text, ',' order by position) from dead_event"
                        " where view = 'faulty' and state = 'skipped'"),
              dead)
        << process->error_output();
    EXPECT_EQ(world.ask("select count(*) from dead_event where view <> 'faulty'"), "0");
    EXPECT_EQ(world.ask("select marks from faulty"), "26");
    expect_first_lead();
    world.expect_exact();
}

// Each is tried a number of times before its event is looked for: more often, together, than a
// leader tries a batch of few views.
TEST_F(BlameTest, FaultsInManyViewsAtOnceCostTheLeadNothing) {
    std::vector<std::string> options{"--skip"};
    for (const std::string view : {"f1", "f2", "f3", "f4", "f5"}) {
        options.insert(options.end(),
                       {"--sql", counting_reducer(view, raise_fault, raise_declares)});
    }
    const auto process =
        start(counting_reducer("faulty", raise_fault, raise_declares), std::move(options));
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    mark("40001");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select count(*) from dead_event where state = 'skipped' and position = 2"),
              "6")
        << process->error_output();
    expect_first_lead();
}

TEST_F(BlameTest, WhatTheServerIsShortOfHaltsTheViewWhateverThePolicy) {
    const auto process = start(counting_reducer("faulty", raise_fault, raise_declares), {"--skip"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    mark("53400");
    ASSERT_TRUE(halts("faulty", 1)) << process->error_output();
    dispatch_flood(world, 50);
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select sum(events) from account_totals"), "50");
    EXPECT_EQ(world.ask("select view || position || state from dead_event"), "faulty2halting");
    expect_first_lead();
    world.expect_exact();
}

// A limit on memory, time or room is met by many events at once, and by none of them alone.
TEST_F(BlameTest, EventsThatAreTooManyAtOnceAreFoldedInPartsAndNoneIsBlamed) {
    const auto process = start(counting_reducer("faulty", R"(
        if (select count(*) from batch_event e where e.type = 'mark/made') > 3 then
            raise exception 'too many at once' using errcode = '53200';
        end if;)"),
                               {"--skip"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    mark_well(20);
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select marks from faulty"), "20") << process->error_output();
    EXPECT_EQ(world.ask("select count(*) from dead_event"), "0");
    expect_first_lead();
    world.expect_exact();
}

TEST_F(BlameTest, AConstraintThatIsCheckedAtCommitRefusesItsOwnViewOnly) {
    const auto process = start(counting_reducer("faulty", ""), {"--skip"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    world.ask(
        "create function refuse() returns trigger language plpgsql as $$ begin"
        " if new.total > 1000000 then raise exception 'too much' using errcode = 'BT011'; end if;"
        " return null; end $$;"
        "create constraint trigger late after insert or update on account_totals__v1"
        " deferrable initially deferred for each row execute function refuse();"
        "create table known (account text primary key); insert into known values ('a');"
        "alter table faulty__v1 add constraint is_known foreign key (account) references known"
        " deferrable initially deferred");
    world.ask(
        "insert into event (type, payload) select 'account/moved', jsonb_build_object("
        "'account', 'x', 'amount', case n when 4 then 1000000 else 1 end, 'sequence', n)"
        " from generate_series(1, 10) as n;"
        "insert into event (type, payload) select 'mark/made', jsonb_build_object("
        "'account', a, 'fault', '') from unnest(array['a', 'stranger', 'a']) as a; select ring()");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select string_agg(view || position, ',' order by view) from dead_event"),
              "account_totals4,faulty12")
        << process->error_output();
    EXPECT_EQ(world.ask("select marks from faulty"), "2");
    expect_first_lead();
    world.expect_exact();
}

// It leaves its session otherwise than it found it only where an event makes it do so.
TEST_F(BlameTest, WhatAReducerDoesToItsSessionStopsItAndReachesNoOther) {
    const std::string file = counting_reducer("faulty", R"(
        select e.payload ->> 'statement' into statement from batch_event e
         where e.type = 'mark/made' and e.payload ? 'statement' order by e.position limit 1;
        if found then execute statement; end if;)",
                                              "declare statement text;");
    const auto process = start(file, {"--skip"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    int position = 0;
    for (const std::string statement :
         {"set timezone to ''Asia/Tokyo''", "set local search_path to public",
          "set role pg_monitor", "set session characteristics as transaction read only",
          "reset all", "set jit to on", "set transaction read only",
          "create temp table t (n int)"}) {
        SCOPED_TRACE(statement);
        world.ask(
            "insert into event (type, payload) values ('mark/made', jsonb_build_object("
            "'account', 'a', 'fault', '', 'statement', '" +
            statement + "')); select ring()");
        ASSERT_TRUE(halts("faulty", position)) << process->error_output();
        ASSERT_TRUE(world.settles()) << process->error_output();
        world.ask("select resolve_dead_event('faulty', 'skip')");
        ASSERT_TRUE(world.comes_true(
            "exists (select from view_state where view = 'faulty' and state = 'following')"));
        ++position;
    }
    dispatch_flood(world, 20);
    ASSERT_TRUE(world.settles()) << process->error_output();
    expect_first_lead();
    world.expect_exact();
}

TEST_F(BlameTest, TheLeadTakenAgainAndAgainIsAProblemThatSaysWhy) {
    const auto process = start("");
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    // Nobody's view: the batch itself cannot be recorded.
    world.ask(
        "create function refuse() returns trigger language plpgsql as $$ begin"
        " raise exception 'made up' using errcode = '40001'; end $$;"
        "create trigger refuse before insert on batch for each row execute function refuse()");
    mark_well(1);
    EXPECT_TRUE(world.comes_true("status() ->> 'problems' like '%is held up since%made up%'"))
        << world.ask("select status() ->> 'problems'");
    for (int kill = 0; kill < 4; ++kill) {
        const std::string epoch = world.ask("select epoch from leader");
        world.ask("select pg_terminate_backend(backend_pid) from leader");
        ASSERT_TRUE(world.comes_true("(select epoch > " + epoch + " from leader)"));
    }
    EXPECT_TRUE(world.comes_true("status() ->> 'problems' like '%and nothing came of it%'"))
        << world.ask("select status() ->> 'problems'");
    world.ask("drop trigger refuse on batch");
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_TRUE(world.comes_true("status() ->> 'problems' not like '%is held up%'"))
        << world.ask("select status() ->> 'problems'");
    world.expect_exact();
}

TEST_F(BlameTest, ALockOnOneViewHoldsUpNoOtherAndStatusNamesWhoHoldsIt) {
    const auto process = start("", {"--skip"});
    ASSERT_TRUE(world.leads("leader")) << process->error_output();
    dispatch_flood(world, 20);
    ASSERT_TRUE(world.settles());
    sql::Connection user(world.url(), in_test_schema("a stranger"));
    {
        sql::Transaction transaction(user);
        transaction.exec("lock table account_totals__v1 in exclusive mode");
        dispatch_flood(world, 20);
        ASSERT_TRUE(world.comes_true("(select sum(events) = 40 from sql_totals)"))
            << process->error_output();
        mark_well(3);
        ASSERT_TRUE(world.comes_true("(select sum(marks) = 3 from mark_totals)", seconds(60)))
            << process->error_output();
        const std::string holder = std::to_string(user.backend_pid()) + " (a stranger)";
        EXPECT_TRUE(
            world.comes_true("status() ->> 'problems' like '%account_totals%" + holder + "%'"))
            << world.ask("select status() ->> 'problems'");
    }
    ASSERT_TRUE(world.settles()) << process->error_output();
    ASSERT_TRUE(world.comes_true("not exists (select from view_state where state <> 'following')"));
    EXPECT_EQ(world.ask("select count(*) from dead_event"), "0");
    EXPECT_EQ(world.ask("select status() ->> 'problems'"), "[]");
    expect_first_lead();
    world.expect_exact();
    world.expect_accounts_agree();
}

}  // namespace
}  // namespace baton::testing

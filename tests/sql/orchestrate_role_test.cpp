// What several login roles can do that are members of the group role `_orchestrate` and of nothing
// else, in an environment whose owner is no superuser: lead one after the other, work on the same
// views, and see of one another what Postgres shows.

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>

#include "baton/sql/leadership.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/past.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class OrchestrateRoleTest : public ::testing::Test {
protected:
    // Roles belong to the server: named after the database, and dropped with the test.
    void SetUp() override {
        admin_.exec("create role " + owner_ + " login createrole");
        admin_.exec("grant create on database " + database_.name() + " to " + owner_);
        Connection owner = connect(owner_);
        (void)Migrator().install(owner, schema_);
        Connection inside = connect(owner_);
        testing::describe_as_development(inside, environment_);
        for (const std::string& login : {one_, two_}) {
            owner.exec("create role " + login + " login in role " + schema_ + "_orchestrate");
        }
    }
    void TearDown() override {
        (void)uninstall(admin_, schema_);
        admin_.exec("drop owned by " + owner_);
        admin_.exec("drop role " + one_ + ", " + two_ + ", " + owner_);
    }

    Connection connect(const std::string& role, const std::string& application = "any name") {
        ConnectOptions options;
        options.application_name = application;
        options.schema = schema_;
        return Connection(database_.url() + "&user=" + role, options);
    }

    std::optional<Epoch> lead_as(Connection& connection, std::chrono::milliseconds lease) const {
        prepare_leadership(connection);
        return lead(connection, {"node",
                                 {{"sales", 1}, {"totals", 1}},
                                 {{"sales", 1}, {"totals", 1}},
                                 lease,
                                 testing::test_credentials(environment_)})
            .epoch;
    }

    // The name whose schema is `baton_` and the database's name.
    static std::string environment_of(std::string name) {
        std::ranges::replace(name, '_', '-');
        return name;
    }

    static void register_views(Connection& connection) {
        Transaction transaction(connection);
        transaction.exec(
            "select register_reducer('sales', 1, 'b', 'c++', '[{\"name\": \"k\", \"type\": "
            "\"text\", "
            "\"nullable\": false, \"key\": true}]')");
        transaction.exec(
            "select run_reducer_script($script$"
            "create table totals__v1 (k text primary key, position bigint not null);"
            "create table totals_helper (n serial);"
            "create function totals_help() returns bigint language sql as "
            "'insert into totals_helper default values returning 1::bigint';"
            "create function totals__v1() returns void language sql as "
            "'insert into totals__v1 values (gen_random_uuid(), totals_help())' $script$)");
        transaction.exec(
            "select register_reducer('totals', 1, 'b', 'sql', view_columns('totals', 1))");
        transaction.commit();
    }

    static void work_on_views(Connection& connection) {
        Transaction transaction(connection);
        transaction.exec("insert into sales__v1 values (gen_random_uuid(), 1)");
        transaction.exec("update sales__v1 set position = 2");
        transaction.exec("delete from sales__v1 using sales where sales.k = sales__v1.k");
        transaction.exec("select call_sql_reducer('totals', 1)");
        // As the rows of a C++ reducer are written; its statement has parameters.
        transaction.exec(
            "do $$ begin execute (select upsert from view_statements('sales', 1)) "
            "using array['x'], array[3::bigint]; end $$");
        transaction.exec(
            "do $$ begin execute (select remove from view_statements('sales', 1)) "
            "using array['x']; end $$");
        transaction.exec("select from totals");
        transaction.commit();
    }

    void upgrade() {
        admin_.exec("comment on table " + schema_ + ".schema_migration is 'older'");
        Connection owner = connect(owner_);
        EXPECT_TRUE(Migrator().install(owner, schema_).functions_installed);
        owner.exec("select from sales, totals, totals__v1");
    }

    void lead_one_after_the_other(const std::vector<std::string>& roles) {
        for (const std::string& role : roles) {
            Connection connection = connect(role);
            const std::optional<Epoch> epoch = lead_as(connection, 5s);
            ASSERT_TRUE(epoch) << role;
            if (role == roles.front()) register_views(connection);
            work_on_views(connection);
            resign(connection, *epoch);
            upgrade();
            work_on_views(connection);
        }
    }

    testing::TestDatabase database_;
    Connection admin_{database_.url()};
    const std::string environment_ = environment_of(database_.name());
    const std::string schema_ = "baton_" + database_.name();
    const std::string owner_ = "owner_" + database_.name();
    const std::string one_ = "one_" + database_.name();
    const std::string two_ = "two_" + database_.name();
};

TEST_F(OrchestrateRoleTest, OneLoginGoesOnWhereAnotherStopped) {
    lead_one_after_the_other({one_, two_});
    EXPECT_TRUE(admin_
                    .exec("select from pg_class where relnamespace = '" + schema_ +
                          "'::regnamespace and relowner = '" + one_ + "'::regrole")
                    .empty());
}

TEST_F(OrchestrateRoleTest, LoginGoesOnWhereTheOwnerStopped) {
    lead_one_after_the_other({owner_, one_, two_});
}

TEST_F(OrchestrateRoleTest, LoginGoesOnWhereASuperuserStopped) {
    lead_one_after_the_other({"baton", one_, owner_});
}

// The copies are the owner's, whoever leads.
TEST_F(OrchestrateRoleTest, SnapshotsThatOneLoginTookAreBegunWithAndDroppedByAnother) {
    const SnapshotPolicy policy{.every = 1, .most = 4};
    {
        Connection one = connect(one_);
        const std::optional<Epoch> epoch = lead_as(one, 5s);
        ASSERT_TRUE(epoch);
        register_views(one);
        one.exec("insert into sales__v1 values ('a', 1), ('b', 1)");
        one.exec("select set_view_state(view, 'following', 0, null) from view_state");
        admin_.exec("insert into " + schema_ +
                    ".batch (first_position, count, window_number, after_id, last_id, epoch,"
                    " started_at) values (1, 1, 0, 0, 1, 1, now())");
        EXPECT_EQ(take_snapshots(one, policy), "sales@1");
        EXPECT_EQ(take_snapshots(one, policy), "totals@1");
        EXPECT_EQ(take_snapshots(one, policy), "") << "each is kept once";
        EXPECT_EQ(drop_snapshots(one, policy), "");
        resign(one, *epoch);
    }
    Connection two = connect(two_);
    two.exec("set search_path = pg_temp, " + schema_);
    EXPECT_EQ(open_past_view(two, "sales", 1, Position{7}, std::nullopt, true), Position{1});
    EXPECT_EQ(two.exec("select count(*) from pg_temp.sales__v1").only().integer(0), 2);
    EXPECT_EQ(open_past_view(two, "totals", 1, Position{0}, std::nullopt, true), Position{0});
    EXPECT_EQ(outcome_of([&] { static_cast<void>(drop_snapshots(two, policy)); }).sqlstate,
              "BT011");
    two.exec("set search_path = " + schema_);
    ASSERT_TRUE(lead_as(two, 5s));
    EXPECT_EQ(drop_snapshots(two, {.every = 0}), "sales@1 at 1");
    EXPECT_EQ(drop_snapshots(two, {.every = 0}), "totals@1 at 1");
    EXPECT_EQ(drop_snapshots(two, {.every = 0}), "");
}

TEST_F(OrchestrateRoleTest, MemberMayNotChangeTheTablesOfTheLog) {
    Connection one = connect(one_);
    one.exec("create function f() returns trigger language plpgsql as 'begin return new; end'");
    for (const std::string statement :
         {"create trigger t before insert on dispatch_receipt for each row execute function f()",
          "create trigger t before insert on event for each row execute function f()",
          "truncate batch", "delete from log_window", "delete from event",
          "update leader set epoch = 7", "update leader set backend_pid = pg_backend_pid()",
          "drop table leader", "insert into machine select",
          "update reducer_version set columns = '[]'", "insert into batch default values",
          "insert into leadership values (7, 'me', '{}')", "select set_limit('max_lag', 1)",
          "create temporary table t (e event)", "alter table event add column x int"}) {
        EXPECT_EQ(outcome_of([&] { one.exec(statement); }).sqlstate, "42501") << statement;
    }
}

// A file that is run by the owner can touch what it does not make; that is not shared.
TEST_F(OrchestrateRoleTest, ReducersFileDoesNotGiveAwayWhatItRefersTo) {
    Connection owner = connect(owner_);
    Transaction transaction(owner);
    transaction.exec(
        "select run_reducer_script($script$"
        "create table seen__v1 (event_id bigint primary key references event, position bigint not"
        " null); create function seen__v1() returns void language sql as '' $script$);"
        "select register_reducer('seen', 1, 'b', 'sql', view_columns('seen', 1))");
    transaction.commit();
    const auto count = [&](const std::string& what) {
        return owner.exec("select count(*) from " + what).only().integer(0);
    };
    EXPECT_EQ(count("pg_class c, aclexplode(c.relacl) as a where c.relname like 'event%'"
                    " and c.relkind in ('r', 'p') and a.privilege_type = 'DELETE'"
                    " and a.grantee <> c.relowner"),
              0);
    EXPECT_EQ(count("pg_class where relname = 'seen__v1' and relkind = 'r'"), 1);
}

// Functions that run with the owner's rights must not call what an orchestrator made, for being a
// better match than Postgres' own.
TEST_F(OrchestrateRoleTest, OverloadsAreNotCalledWithTheOwnersRights) {
    Connection one = connect(one_);
    const auto trap = [&](const std::string& signature, const std::string& result) {
        one.exec("create function " + signature + " returns " + result +
                 " language plpgsql as 'begin raise ''trapped''; end'");
    };
    trap("pg_column_size(jsonb)", "int");
    trap("setval(text, bigint)", "bigint");
    trap("setval(text, bigint, boolean)", "bigint");
    trap("nextval(text)", "bigint");
    trap("pg_sequence_last_value(text)", "bigint");
    trap("pg_notify(name, text)", "void");
    trap("decode(text, name)", "bytea");
    trap("encode(bytea, name)", "text");
    trap("current_setting(text, int)", "text");
    trap("lpad(text, int, name)", "text");
    trap("repeat(text, bigint)", "text");
    trap("pg_has_role(name, text, text)", "boolean");
    trap("convert_to(text, text)", "bytea");
    trap("format(text, text)", "text");
    trap("format(text, name)", "text");
    trap("format(text, bigint)", "text");
    trap("format(text, bigint, bigint)", "text");
    trap("jsonb_build_array(text)", "jsonb");
    trap("unnest(text[])", "setof text");
    trap("array_to_string(text[], text)", "text");
    trap("cardinality(text[])", "int");
    trap("check_machine(text, text, text, text)", "text");
    trap("admit_machine(text, text, text, text, text)", "text");
    trap("require_alive(bigint, text)", "void");
    trap("require_alive(text, bigint)", "void");
    trap("print_fault(jsonb, int)", "text");
    trap("jsonb_path_exists(jsonb, text)", "boolean");
    trap("jsonb_path_query(jsonb, text)", "jsonb");
    trap("pg_sleep(numeric)", "void");
    trap("event_content(bigint)", "record");
    trap("log_parts(int)", "setof record");
    // Of the log's own row types there can be none.
    EXPECT_EQ(outcome_of([&] { trap("to_jsonb(event_limit)", "jsonb"); }).sqlstate, "42501");
    EXPECT_EQ(outcome_of([&] { trap("is_same(versioned, versioned)", "boolean"); }).sqlstate,
              "42501")
        << "an operator of it would be a better match than that of any row";
    trap("promotion_obstacles(text[], integer[])", "setof record");
    Connection owner = connect(owner_);
    owner.exec("select set_limit('payload_bytes', 4711)");
    owner.exec("select set_limit('max_lag', 100)");
    const std::optional<Epoch> epoch = lead_as(one, 5s);
    ASSERT_TRUE(epoch);
    one.exec("select arm_doorbell(true)");
    owner.exec(
        "insert into reducer_version select n, v, 'b', 'c++', '[]' from unnest(array['b', 'c']) n,"
        " generate_series(1, 2) as v");
    one.exec(
        "select register_set('sales', 1, array[('b', 1), ('c', 1)]::versioned[], leads => true)");
    owner.exec("insert into set_version values ('sales', 2, 'building')");
    owner.exec("insert into set_member values ('sales', 2, 'b', 2), ('sales', 2, 'c', 1)");
    for (const std::string statement :
         {"select dispatch('a/b', dispatch_id => gen_random_uuid())",
          "select dispatch_bytes('a', '')",
          "select status()",
          "select doctor()",
          "select add_event_partitions()",
          "select raise_dispatch_ceiling(1000)",
          "select wait_for(1, '1 ms')",
          "select versions()",
          "select is_reduced(1)",
          "select log_lines()",
          "select dead_events()",
          "select is_position_reduced(0)",
          "select dispatch('deep', (repeat('[', 100) || repeat(']', 100))::jsonb)",
          "select read_log()",
          "select register_set('sales', 2, array[('b', 3), ('c', 1)]::versioned[], false)",
          "select register_set('sales', 2, array[('b', 3), ('c', 1)]::versioned[], true)",
          "select promote(array['sales'], array[2])",
          "select roll_back(array['sales'])",
          "select retire_old_versions('0 s')",
          "select retire_version('sales', 2)"}) {
        const Outcome outcome = outcome_of([&] { one.exec(statement); });
        EXPECT_EQ(outcome.text.find("trapped"), std::string::npos) << statement << outcome.text;
    }
    EXPECT_EQ(outcome_of([&] { one.exec("select dispatch('')"); }).sqlstate, "BT001");
    resign(one, *epoch);
    EXPECT_TRUE(lead_as(one, 5s));
}

// Orchestrators can make functions here, and an upgrade would call them as the superuser.
TEST_F(OrchestrateRoleTest, SuperuserUpgradesNothing) {
    admin_.exec("comment on table " + schema_ + ".schema_migration is 'older'");
    const Outcome outcome = outcome_of([&] { (void)Migrator().install(admin_, schema_); });
    EXPECT_EQ(outcome.code, "schema_untrusted") << outcome.text;
    EXPECT_NE(outcome.text.find("connect as " + owner_), std::string::npos) << outcome.text;
}

// A developer changed a SQL reducer, and an orchestrator registers it anew.
TEST_F(OrchestrateRoleTest, MemberMayForgetAReducer) {
    Connection one = connect(one_);
    register_views(one);
    one.exec("select forget_reducer('totals', 1)");
    one.exec("drop table totals_helper; drop function totals_help");
    EXPECT_TRUE(one.exec("select from view_state where view = 'totals'").empty());
}

// What the owner may not see of a leader's session: that it works, or that it hangs.
TEST_F(OrchestrateRoleTest, HiddenSessionWithATransactionIsBelievedForTenLeasesMore) {
    Connection one = connect(one_);
    Connection two = connect(two_);
    ASSERT_TRUE(lead_as(one, 1ms));
    one.exec("begin");
    EXPECT_FALSE(lead_as(two, 10min)) << "it may be in a long batch";
    EXPECT_TRUE(testing::eventually(10s, [&] { return lead_as(two, 1ms).has_value(); }))
        << "a leader that hangs must not stay for ever";
    one.exec("rollback");
    EXPECT_TRUE(testing::eventually(10s, [&] { return lead_as(one, 1ms).has_value(); }))
        << "no transaction: it is in no batch";
}

TEST_F(OrchestrateRoleTest, BusySessionIsNotDeposedWhateverItsName) {
    admin_.exec("grant pg_read_all_stats to " + owner_);
    Connection two = connect(two_);
    auto batch = std::async(std::launch::async, [&] {
        Connection one = connect(one_);
        EXPECT_TRUE(lead_as(one, 1ms));
        one.exec("select pg_sleep(20)");
    });
    int pid = 0;
    EXPECT_TRUE(testing::eventually(10s, [&] {
        const Result rows = admin_.exec("select pid from pg_stat_activity where usename = '" +
                                        one_ + "' and wait_event = 'PgSleep'");
        if (!rows.empty()) pid = static_cast<int>(rows[0].integer(0));
        return pid != 0;
    }));
    EXPECT_FALSE(lead_as(two, 1ms));
    EXPECT_NE(admin_.exec("select " + schema_ + ".status() #>> '{problems,0}'")
                  .only()
                  .text(0)
                  .find("is active"),
              std::string::npos);
    terminate(database_.url(), pid);
    EXPECT_THROW(batch.get(), Error);
    EXPECT_TRUE(testing::eventually(10s, [&] { return lead_as(two, 1ms).has_value(); }));
}

TEST_F(OrchestrateRoleTest, WhatCannotBeSeenIsNotCalledFine) {
    Connection one = connect(one_, "writer");
    auto transaction = std::make_unique<Transaction>(one);
    transaction->exec("select dispatch('a/b')");
    Connection two = connect(two_);
    const auto answer = [&](const std::string& query) {
        return std::string(two.exec("select " + query).only().text(0));
    };
    const std::string idle =
        "(select state || found || fix from doctor() where check_name = "
        "'idle_transactions')";
    EXPECT_EQ(answer("status() #>> '{writers,0,application}'"), "writer");
    EXPECT_EQ(answer("status() #>> '{writers,0,state}'"), "hidden");
    EXPECT_NE(answer("status() #>> '{notes,0}'").find("pg_read_all_stats to " + owner_),
              std::string::npos);
    EXPECT_EQ(answer(idle).find("warning"), 0U);
    EXPECT_NE(answer(idle).find("pg_read_all_stats to " + owner_), std::string::npos);
    admin_.exec("grant pg_read_all_stats to " + owner_);
    EXPECT_EQ(answer("status() ->> 'notes'"), "[]");
    // One that is young, however slow this machine is.
    transaction.reset();
    transaction = std::make_unique<Transaction>(one);
    transaction->exec("select dispatch('a/b')");
    EXPECT_EQ(answer("jsonb_array_length(status() -> 'writers')"), "0");
}

TEST_F(OrchestrateRoleTest, CertificateThatTheOwnerCannotSeeIsRefusedAndNamed) {
    Connection one = connect(one_);
    ASSERT_TRUE(lead_as(one, 1ms));
    const std::string set_pin = "update " + schema_ + ".machine set client_dn = ";
    admin_.exec(set_pin + "'/CN=one'");
    const Outcome hidden = outcome_of([&] { (void)lead_as(one, 1ms); });
    EXPECT_EQ(hidden.sqlstate, "BT033");
    EXPECT_NE(hidden.text.find("hidden from " + owner_), std::string::npos) << hidden.text;
    admin_.exec("grant pg_read_all_stats to " + owner_);
    const Outcome seen = outcome_of([&] { (void)lead_as(one, 1ms); });
    EXPECT_NE(seen.text.find("no TLS"), std::string::npos) << seen.text;
    admin_.exec(set_pin + "null");
    EXPECT_TRUE(lead_as(one, 1ms));
}

TEST_F(OrchestrateRoleTest, StatusSaysWhenTheLastLeadershipEnded) {
    Connection one = connect(one_);
    const std::optional<Epoch> epoch = lead_as(one, 1h);
    const std::string before(one.exec("select clock_timestamp()").only().text(0));
    resign(one, *epoch);
    EXPECT_TRUE(one.exec("select lease_until between '" + before +
                         "' and clock_timestamp() and status() #>> '{problems,0}' like "
                         "'no orchestrator leads: node led until ' || lease_until::text || ';%' "
                         "from leader")
                    .only()
                    .boolean(0));
}

}  // namespace
}  // namespace baton::sql

// Uninstalling drops what is the environment's, and nothing that only depends on it: whatever
// reaches into the schema from outside refuses it by name.

#include <gtest/gtest.h>

#include "baton/sql/migrator.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"

namespace baton::sql {
namespace {

class UninstallDependentsTest : public ::testing::Test {
protected:
    void SetUp() override {
        (void)Migrator().install(admin_, schema_);
        admin_.exec("create schema app");
    }
    void TearDown() override {
        admin_.exec("drop schema app cascade");
        (void)outcome_of([&] { (void)uninstall(admin_, schema_); });
    }
    // `statement` with S for the environment's schema.
    std::string with_schema(std::string statement) const {
        for (std::size_t at = 0; (at = statement.find("S.", at)) != std::string::npos;) {
            statement.replace(at, 1, schema_);
        }
        return statement;
    }

    testing::TestDatabase database_;
    Connection admin_{database_.url()};
    const std::string schema_ = "baton_" + database_.name();
};

struct Dependent {
    const char* make;
    const char* named;
    const char* drop = "drop schema app cascade; create schema app";
};

TEST_F(UninstallDependentsTest, EachEdgeFromOutsideRefusesByName) {
    const std::vector<Dependent> dependents = {
        {"create table app.orders (id integer, about S.event_key)",
         "column about of table app.orders"},
        {"create table app.orders (rows S.batch[])", "column rows of table app.orders"},
        {"create domain app.subject as S.event_key", "type app.subject"},
        {"create type app.pair as (a integer, b S.event_key)",
         "column b of composite type app.pair"},
        {"create view app.report as select * from S.batch_event", "view app.report"},
        {"create view app.report as select * from S.status()", "view app.report"},
        {"create materialized view app.report as select * from S.batch", "view app.report"},
        {"create function app.state() returns jsonb language sql begin atomic select S.status(); "
         "end",
         "function app.state()"},
        {"create function app.key() returns S.event_key language sql as 'select null'",
         "function app.key()"},
        {"create table app.orders (id integer, event bigint default S.dispatch('a/b'))",
         "app.orders"},
        {"create table app.orders (id bigint default nextval('S.event_id_seq'))", "app.orders"},
        {"create table app.orders (id text check (S.status() is not null))", "app.orders"},
        {"create function S.one(text) returns text immutable language sql as 'select $1'; create "
         "table app.orders (id text, one text generated always as (S.one(id)) stored)",
         "app.orders"},
        {"create table app.orders (id text); create index by_one on app.orders (S.one(id))",
         "index app.by_one"},
        {"create table app.orders (id text); create function S.fire() returns trigger language "
         "plpgsql as 'begin return new; end'; create trigger ring before insert on app.orders "
         "execute function S.fire()",
         "trigger ring on table app.orders"},
        {"create table app.orders (id text); create policy mine on app.orders using (S.one(id) = "
         "'x')",
         "policy mine on table app.orders"},
        {"create table app.part partition of S.event for values from (9000000000) to (9000000001)",
         "table app.part"},
        {"create table app.child () inherits (S.batch)", "table app.child"},
        {"create table app.parent (k text); create table S.kin () inherits (app.parent)",
         "table app.parent"},
        {"create table app.orders (epoch bigint references S.leadership (epoch))", "app.orders"},
        {"create publication away for table S.batch", "publication away", "drop publication away"},
        {"create publication away for tables in schema %S", "publication away",
         "drop publication away"},
        {"create statistics app.pairs on first_position, count from S.batch",
         "statistics object app.pairs"},
        {"create operator app.=== (leftarg = text, rightarg = text, procedure = S.two)",
         "operator app.==="},
        {"create aggregate app.every_one (text) (sfunc = S.two, stype = text)",
         "app.every_one(text)"},
    };
    admin_.exec(with_schema(
        "create function S.two(text, text) returns text immutable language sql as 'select $1'"));
    for (const Dependent& dependent : dependents) {
        std::string make = with_schema(dependent.make);
        if (const auto at = make.find("%S"); at != std::string::npos) make.replace(at, 2, schema_);
        admin_.exec(make);
        const Outcome outcome = outcome_of([&] { (void)uninstall(admin_, schema_); });
        EXPECT_EQ(outcome.code, "usage") << make;
        EXPECT_NE(outcome.text.find(dependent.named), std::string::npos)
            << make << ": " << outcome.text;
        if (outcome.code == "no error") (void)Migrator().install(admin_, schema_);
        admin_.exec(dependent.drop);
    }
    EXPECT_EQ(uninstall(admin_, schema_).roles_dropped.size(), 5U);
}

TEST_F(UninstallDependentsTest, ManyAreNotAllNamed) {
    for (int i = 0; i < 30; ++i) {
        admin_.exec(with_schema("create table app.t" + std::to_string(i) + " (k S.event_key)"));
    }
    const Outcome outcome = outcome_of([&] { (void)uninstall(admin_, schema_); });
    EXPECT_EQ(outcome.code, "usage");
    EXPECT_NE(outcome.text.find("and 20 more"), std::string::npos) << outcome.text;
}

// What the environment itself reaches out to is no reason to stay.
TEST_F(UninstallDependentsTest, EdgesToTheOutsideDoNotRefuse) {
    admin_.exec(with_schema(
        "create table app.customers (id integer primary key); create table S.sales__v1 (customer "
        "integer references app.customers, check (customer > 0)); create view S.sales as select * "
        "from app.customers"));
    EXPECT_EQ(uninstall(admin_, schema_).roles_dropped.size(), 5U);
    EXPECT_EQ(admin_.exec("select count(*) from app.customers").only().integer(0), 0);
}

TEST_F(UninstallDependentsTest, OwnerWithoutTheRightToDropRolesUninstalls) {
    const std::string owner = "owner_" + database_.name();
    const std::string other = "baton_other_" + database_.name();
    admin_.exec("create role " + owner + " login");
    admin_.exec("grant create on database " + database_.name() + " to " + owner);
    for (const char* suffix : {"dispatch", "node", "orchestrate", "observe", "tenant"}) {
        admin_.exec("create role " + other + "_" + suffix);
    }
    {
        Connection connection(database_.url() + "&user=" + owner);
        (void)Migrator().install(connection, other);
        UninstallReport report;
        const Outcome outcome = outcome_of([&] { report = uninstall(connection, other); });
        EXPECT_EQ(outcome.code, "no error") << outcome.text;
        EXPECT_EQ(report.roles_left.size(), 5U);
    }
    EXPECT_TRUE(admin_.exec("select from pg_namespace where nspname = '" + other + "'").empty());
    admin_.exec("drop schema if exists " + other + " cascade");
    for (const char* suffix : {"dispatch", "node", "orchestrate", "observe", "tenant"}) {
        admin_.exec("drop role " + other + "_" + suffix);
    }
    admin_.exec("drop owned by " + owner + "; drop role " + owner);
}

}  // namespace
}  // namespace baton::sql

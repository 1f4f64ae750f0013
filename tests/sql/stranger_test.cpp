// A role that may connect and make schemas of its own plants code wherever it may; the
// administrator, the superuser and the owner then list, install, upgrade and uninstall. What was
// planted counts each time that it is run as somebody else, in a sequence, because that outlives a
// rollback: it must never be run at all.

#include <gtest/gtest.h>

#include "baton/sql/leadership.hpp"
#include "baton/sql/migrator.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class StrangerTest : public ::testing::Test {
protected:
    void SetUp() override {
        admin_.exec("create role " + stranger_ + " login");
        admin_.exec("create role " + owner_ + " login createrole");
        admin_.exec("grant create on database " + database_.name() + " to " + stranger_ + ", " +
                    owner_);
        as_stranger(
            "create schema lair; create sequence lair.witness; grant usage on schema lair to "
            "public; grant usage on lair.witness to public; create function lair.spring() returns "
            "boolean language sql as $$select case when current_user <> '" +
            stranger_ +
            "' then nextval('lair.witness') > 0 else true end$$; create function lair.same(oid, "
            "regnamespace) returns boolean language sql as 'select lair.spring() and $1 = "
            "$2::oid'");
    }
    void TearDown() override {
        for (const std::string& schema : {trap_, schema_}) {
            admin_.exec("drop schema if exists " + schema + " cascade");
            for (const char* suffix : {"dispatch", "node", "orchestrate", "observe", "tenant"}) {
                admin_.exec("drop role if exists " + schema + "_" + suffix);
            }
        }
        admin_.exec("drop owned by " + stranger_ + ", " + owner_ + " cascade");
        admin_.exec("drop role " + stranger_ + ", " + owner_);
    }

    std::string url_of(const std::string& role) { return database_.url() + "&user=" + role; }
    void as_stranger(const std::string& statements) {
        Connection connection(url_of(stranger_));
        connection.exec(statements);
    }
    // One that fits `oid = regnamespace` better than any of Postgres' own.
    static std::string operator_in(const std::string& schema) {
        return "create operator " + schema +
               ".= (leftarg = oid, rightarg = regnamespace, procedure = lair.same); ";
    }
    // The same, and functions that fit what installers call.
    static std::string operators_in(const std::string& schema) {
        return operator_in(schema) + "create function " + schema +
               ".hashtextextended(text, integer) returns bigint language sql as "
               "'select lair.spring()::integer::bigint'; create function " +
               schema +
               ".has_schema_privilege(oid, regnamespace, text) returns boolean language sql as "
               "'select lair.spring()'; ";
    }
    void expect_nothing_ran(const std::string& when) {
        EXPECT_FALSE(admin_.exec("select is_called from lair.witness").only().boolean(0))
            << when << ": planted code was run";
        admin_.exec("select setval('lair.witness', 1, false)");
    }
    Outcome install_as(const std::string& role, const std::string& schema) {
        return outcome_of([&] {
            Connection connection(url_of(role));
            (void)Migrator().install(connection, schema);
        });
    }
    void expect_refused(const Outcome& outcome, const std::string& part) {
        EXPECT_EQ(outcome.code, "schema_untrusted") << outcome.text;
        EXPECT_NE(outcome.text.find(part), std::string::npos) << outcome.text;
    }
    Connection inside(const std::string& schema, const std::string& role) {
        ConnectOptions options;
        options.schema = schema;
        return Connection(url_of(role), options);
    }
    // Whether the laptop enrols itself in the owner's development environment.
    std::string enrol() {
        Connection dev = inside(schema_, owner_);
        dev.exec("delete from machine");
        return outcome_of([&] {
                   (void)lead(dev, {"node", {}, {}, 1ms, testing::test_credentials(environment_)});
               })
            .code;
    }

    testing::TestDatabase database_;
    Connection admin_{database_.url()};
    const std::string stranger_ = "stranger_" + database_.name();
    const std::string owner_ = "owner_" + database_.name();
    const std::string environment_ = [this] {
        std::string name = database_.name();
        for (char& c : name) c = c == '_' ? '-' : c;
        return name;
    }();
    const std::string schema_ = "baton_" + database_.name();
    const std::string trap_ = "baton_trap_" + database_.name();
};

constexpr const char* bookkeeping = "name text, breaking boolean, installed_at timestamptz";

TEST_F(StrangerTest, ListingRunsNoCastOfSomebodyElse) {
    as_stranger("create schema " + trap_ + "; grant usage on schema " + trap_ +
                " to public; create type " + trap_ + ".bait as (n integer); create table " + trap_ +
                ".schema_migration (version " + trap_ + ".bait, " + bookkeeping +
                "); grant select on " + trap_ + ".schema_migration to public; insert into " +
                trap_ + ".schema_migration (version) values (row(1)); create function " + trap_ +
                ".number_of(" + trap_ +
                ".bait) returns integer language sql as 'select lair.spring()::integer'; "
                "create cast (" +
                trap_ + ".bait as integer) with function " + trap_ + ".number_of as implicit; " +
                operators_in(trap_));
    for (const std::string& role : {std::string("baton"), owner_}) {
        Connection connection(url_of(role));
        (void)outcome_of([&] { (void)list_environments(connection); });
        (void)outcome_of([&] { (void)Migrator().status(connection, trap_); });
        (void)outcome_of([&] { Migrator().require_installed(connection, trap_); });
        expect_nothing_ran(role);
    }
}

TEST_F(StrangerTest, ListingRunsNoPolicyOfSomebodyElse) {
    as_stranger("create schema " + trap_ + "; grant usage on schema " + trap_ +
                " to public; create table " + trap_ +
                ".schema_migration (version integer constraint schema_migration_version primary "
                "key, " +
                bookkeeping + "); grant select on " + trap_ +
                ".schema_migration to public; insert into " + trap_ +
                ".schema_migration values (1); create policy bait on " + trap_ +
                ".schema_migration using (lair.spring()); alter table " + trap_ +
                ".schema_migration enable row level security; comment on table " + trap_ +
                ".schema_migration is 'baton 0, version 1'");
    Connection connection(url_of(owner_));
    (void)list_environments(connection);
    (void)outcome_of([&] { (void)Migrator().status(connection, trap_); });
    (void)outcome_of([&] { Migrator().require_installed(connection, trap_); });
    expect_nothing_ran("a policy");
}

TEST_F(StrangerTest, NobodyInstallsIntoASchemaOfSomebodyElse) {
    as_stranger("create schema " + trap_ + "; grant all on schema " + trap_ + " to public; " +
                operator_in(trap_));
    for (const std::string& role : {std::string("baton"), owner_}) {
        expect_refused(install_as(role, trap_), "belongs to " + stranger_);
        expect_nothing_ran(role);
    }
}

TEST_F(StrangerTest, WhatIsPlantedInPublicIsNotRun) {
    admin_.exec("grant create on schema public to " + stranger_);
    as_stranger(operators_in("public"));
    EXPECT_EQ(install_as(owner_, schema_).code, "no error");
    expect_nothing_ran("the owner installs");
    EXPECT_EQ(install_as("baton", trap_).code, "no error");
    expect_nothing_ran("a superuser installs");
    for (const std::string& role : {std::string("baton"), owner_}) {
        Connection connection(url_of(role));
        EXPECT_EQ(list_environments(connection).size(), 2U);
        EXPECT_TRUE(Migrator().status(connection, schema_).functions_current);
        expect_nothing_ran(role + " looks");
    }
    for (const std::string& schema : {schema_, trap_}) {
        Connection connection(url_of(schema == schema_ ? owner_ : "baton"));
        (void)uninstall(connection, schema);
        expect_nothing_ran("uninstall");
    }
    as_stranger("drop operator public.= (oid, regnamespace)");
}

TEST_F(StrangerTest, SuperuserUpgradesNothingOfSomebodyElse) {
    {
        Connection connection(url_of(stranger_));
        (void)Migrator().install(connection, trap_, {}, WithoutRoles::single_role);
        connection.exec("comment on table " + trap_ + ".schema_migration is 'older'; " +
                        operators_in(trap_) + "create function " + trap_ +
                        ".trapped() returns trigger language plpgsql as "
                        "'begin perform lair.spring(); return new; end'; delete from " +
                        trap_ +
                        ".schema_migration where version > 1; create trigger trapped "
                        "before insert on " +
                        trap_ + ".schema_migration execute function " + trap_ + ".trapped()");
    }
    expect_refused(install_as("baton", trap_), "connect as " + stranger_);
    expect_nothing_ran("a superuser upgrades");
    EXPECT_TRUE(Migrator().status(admin_, trap_).installed);
    expect_nothing_ran("a superuser looks");
    (void)uninstall(admin_, trap_);
    expect_nothing_ran("a superuser uninstalls");
}

TEST_F(StrangerTest, OwnSchemaInWhichOthersMayMakeThingsIsRefused) {
    admin_.exec("create schema " + schema_ + " authorization " + owner_);
    admin_.exec("grant all on schema " + schema_ + " to public");
    expect_refused(install_as(owner_, schema_), "public may create objects in " + schema_);
    admin_.exec("revoke all on schema " + schema_ + " from public; grant all on schema " + schema_ +
                " to " + stranger_);
    expect_refused(install_as(owner_, schema_), stranger_ + " may create objects in " + schema_);
    as_stranger(operators_in(schema_));
    admin_.exec("revoke all on schema " + schema_ + " from " + stranger_);
    const Outcome outcome = install_as(owner_, schema_);
    EXPECT_NE(outcome.code, "no error") << outcome.text;
    EXPECT_NE(outcome.text.find(schema_), std::string::npos) << outcome.text;
    expect_nothing_ran("the owner installs");
}

// Once it is installed there is more to find than an empty schema has.
TEST_F(StrangerTest, WhatAStrangerMadeInAnInstalledSchemaIsRefusedByName) {
    ASSERT_EQ(install_as(owner_, schema_).code, "no error");
    admin_.exec("grant all on schema " + schema_ + " to " + stranger_);
    as_stranger(operators_in(schema_));
    admin_.exec("revoke all on schema " + schema_ + " from " + stranger_ + "; comment on table " +
                schema_ + ".schema_migration is 'older'");
    expect_refused(install_as(owner_, schema_), "operator " + schema_ + ".=(oid,regnamespace)");
    expect_nothing_ran("the owner upgrades");
}

TEST_F(StrangerTest, PlantedProductionKeepsNoMachineOut) {
    ASSERT_EQ(install_as(owner_, schema_).code, "no error");
    {
        Connection dev = inside(schema_, owner_);
        testing::describe_as_development(dev, environment_);
    }
    EXPECT_EQ(enrol(), "no error");
    as_stranger("create schema " + trap_ + "; create table " + trap_ +
                ".schema_migration (version integer constraint schema_migration_version primary "
                "key, " +
                bookkeeping + "); comment on table " + trap_ +
                ".schema_migration is 'baton 0, version 1'; comment on schema " + trap_ +
                " is 'Baton environment trap (production)'");
    EXPECT_EQ(enrol(), "no error") << "a stranger's schema that looks like it";
}

TEST_F(StrangerTest, HalfAnInstallationAndAnApplicationsTableAreNoProduction) {
    ASSERT_EQ(install_as(owner_, schema_).code, "no error");
    {
        Connection dev = inside(schema_, owner_);
        testing::describe_as_development(dev, environment_);
    }
    admin_.exec("create schema shop; create table shop.schema_migration (version integer, " +
                std::string(bookkeeping) + ")");
    EXPECT_EQ(enrol(), "no error") << "an application's table";
    admin_.exec("create schema " + trap_ + "; create table " + trap_ +
                ".schema_migration (version integer constraint schema_migration_version primary "
                "key, " +
                bookkeeping + ")");
    EXPECT_EQ(enrol(), "no error") << "half an installation";
    admin_.exec("drop schema " + trap_ + " cascade; drop schema shop cascade");

    // What is one keeps them out, whoever owns it.
    EXPECT_EQ(install_as("baton", trap_).code, "no error");
    EXPECT_EQ(enrol(), "machine_not_enrolled");
    (void)uninstall(admin_, trap_);
    EXPECT_EQ(enrol(), "no error");
    admin_.exec("alter role " + stranger_ + " createrole");
    EXPECT_EQ(install_as(stranger_, trap_).code, "no error");
    EXPECT_EQ(enrol(), "machine_not_enrolled");
}

}  // namespace
}  // namespace baton::sql

// Somebody comes for an environment that is not in the database: a development file with
// production's URL. There is no door of its own at which it could be refused, so it knocks at those
// that are there; and that must never become a way in.

#include <gtest/gtest.h>

#include "baton/sql/leadership.hpp"
#include "baton/sql/migrator.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class StrayAttemptTest : public ::testing::Test {
protected:
    Connection inside(const std::string& schema) {
        ConnectOptions options;
        options.schema = schema;
        return Connection(database_.url(), options);
    }
    // An environment that is called as its schema is, and the laptop enrolled in it.
    void install(const std::string& name, const std::string& kind) {
        Migrator().install(admin_, "baton_" + name);
        Connection connection = inside("baton_" + name);
        connection.exec("select describe_environment('" + name + "', '" + kind + "')");
        connection.exec("select enrol_machine('" + laptop_.machine_id + "', 'laptop', sha256('" +
                        laptop_.token + "'))");
    }
    std::vector<std::string> told_by(Connection& connection, const std::string& environment) {
        Membership membership = laptop_;
        membership.environment = environment;
        return report_stray(connection, {"laptop:1", {}, {}, 1min, membership});
    }
    std::string refusals_of(const std::string& name) {
        return std::string(inside("baton_" + name)
                               .exec("select coalesce(string_agg(code || ' ' || node || ' ' || "
                                     "login, ', '), '') from refusals()")
                               .only()
                               .text(0));
    }

    testing::TestDatabase database_;
    Connection admin_{database_.url()};
    const Membership laptop_{"", std::string(64, 'b'), "baton_staging_" + std::string(64, 'b'),
                             true};
};

using Schemas = std::vector<std::string>;

TEST_F(StrayAttemptTest, EnvironmentsThatAreThereHaveItOnRecordUnlessTheyAreForDevelopment) {
    install("production", "production");
    install("staging", "staging");
    install("bob", "development");
    EXPECT_EQ(told_by(admin_, "dev-alice"), (Schemas{"baton_production", "baton_staging"}));
    EXPECT_EQ(refusals_of("production"), "BT028 laptop:1 baton");
    EXPECT_EQ(refusals_of("staging"), "BT028 laptop:1 baton");
    EXPECT_EQ(refusals_of("bob"), "");
}

// The schema's name may differ from the environment's: a copy of staging.
TEST_F(StrayAttemptTest, KnockingIsNoWayInEvenWhereTheMachineIsEnrolled) {
    install("staging", "staging");
    admin_.exec("alter schema baton_staging rename to baton_copy");
    Migrator().install(admin_, "baton_copy");
    EXPECT_EQ(told_by(admin_, "staging"), Schemas{"baton_copy"});
    Connection copy = inside("baton_copy");
    EXPECT_EQ(copy.exec("select code from refusals()").only().text(0), "BT031");
    EXPECT_EQ(copy.exec("select epoch from leader").only().integer(0), 0);
}

TEST_F(StrayAttemptTest, LoginWithoutRightsTellsNobodyAndIsToldNothing) {
    install("production", "production");
    const std::string login = database_.name() + "_stray";
    admin_.exec("create role " + login + " login");
    {
        Connection stranger(database_.url() + "&user=" + login);
        EXPECT_EQ(told_by(stranger, "dev"), Schemas{});
        admin_.exec("grant baton_production_orchestrate to " + login);
        EXPECT_EQ(told_by(stranger, "dev"), Schemas{"baton_production"});
    }
    EXPECT_EQ(refusals_of("production"), "BT028 laptop:1 " + login);
    admin_.exec("drop role " + login);
}

TEST_F(StrayAttemptTest, CodeOfAStrangerIsNotRun) {
    admin_.exec(
        "create schema baton_trap; create table public.sprung (); "
        "create function baton_trap.take_lead(node text, reducers text[], view_sets text[], lease "
        "interval, "
        "environment text, machine_id text, token text) returns void language sql as "
        "'drop table public.sprung'");
    EXPECT_EQ(told_by(admin_, "dev"), Schemas{});
    EXPECT_EQ(admin_.exec("select to_regclass('public.sprung') is not null").only().text(0), "t");
}

TEST_F(StrayAttemptTest, EnvironmentThatCannotBeToldIsLeftOut) {
    install("production", "production");
    install("staging", "staging");
    admin_.exec("alter table baton_production.refusal rename to gone");
    EXPECT_EQ(told_by(admin_, "dev"), Schemas{"baton_staging"});
}

}  // namespace
}  // namespace baton::sql

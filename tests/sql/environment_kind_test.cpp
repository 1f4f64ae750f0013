// What an environment is: a kind, which becomes stricter but never laxer, and a name, under which
// its machines were enrolled.

#include <gtest/gtest.h>

#include "baton/sql/migrator.hpp"
#include "enrolment_fixture.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class EnvironmentKindTest : public EnrolmentFixture {};

TEST_F(EnvironmentKindTest, SchemaThatNobodyDescribedCountsAsProduction) {
    const testing::TestDatabase database;
    Connection bare(database.url());
    Migrator().install(bare, "baton_dev_alice");
    bare.exec("set search_path = baton_dev_alice");
    const MachineCredentials laptop{"dev-alice", machine_id('a'), token_of("dev-alice", 'a'), true};
    EXPECT_EQ(outcome_of([&] {
                  (void)lead(bare, {"n", {}, {}, 1s, laptop});
              }).code,
              "machine_not_enrolled");
}

TEST_F(EnvironmentKindTest, KindBecomesStricterButNeverLaxer) {
    describe("staging");
    const Outcome outcome = outcome_of([&] { describe("development"); });
    EXPECT_EQ(outcome.code, "settings_invalid");
    expect_contains(outcome.text, "baton environment uninstall test");
    connection_.exec("select describe_environment('test')");
    EXPECT_EQ(ask("select kind from environment"), "staging");
    describe("production");
    EXPECT_EQ(outcome_of([&] { describe("staging"); }).code, "settings_invalid");
    EXPECT_EQ(ask("select obj_description('baton_test'::regnamespace)"),
              "Baton environment test (production)");
    EXPECT_EQ(outcome_of([&] { describe("prod"); }).code, "settings_invalid");
    EXPECT_EQ(
        outcome_of([&] { connection_.exec("select describe_environment('a b', 'staging')"); }).code,
        "name_invalid");
}

TEST_F(EnvironmentKindTest, EnvironmentUnderAnotherNameForgetsTheMachinesOfTheFormer) {
    describe("production");
    enrol('a', good_.token);
    describe("production");
    EXPECT_EQ(ask("select count(*) from machines()"), "1");
    connection_.exec("select describe_environment('other', 'production')");
    EXPECT_EQ(ask("select count(*) from machines()"), "0");
    EXPECT_EQ(outcome_of_leading(good_).code, "environment_mismatch");
}

// `alter schema … rename`, then `upgrade`.
TEST_F(EnvironmentKindTest, AnotherNameMakesNoEnvironmentLaxer) {
    describe("production");
    enrol('a', good_.token);
    for (const std::string kind : {"staging", "development"}) {
        const Outcome outcome = outcome_of(
            [&] { connection_.exec("select describe_environment('dev', '" + kind + "')"); });
        EXPECT_EQ(outcome.code, "settings_invalid");
        expect_contains(outcome.text, "of kind production and cannot become " + kind);
    }
    EXPECT_EQ(ask("select name || ' ' || kind from environment"), "test production");
}

// A dump that was restored elsewhere can be staging's, until somebody has said that it is.
TEST_F(EnvironmentKindTest, CopyUnderAnotherNameCanBeOfAnyKindUntilItIsAdopted) {
    describe("production");
    enrol('a', good_.token);
    connection_.exec("update environment_home set table_id = 1");
    EXPECT_EQ(outcome_of([&] { describe("development"); }).code, "settings_invalid")
        << "it has the name of production still";
    connection_.exec("select describe_environment('trial', 'development')");
    EXPECT_EQ(ask("select count(*) from machines()"), "0");
    connection_.exec("select adopt_environment('trial', 'staging')");
    EXPECT_EQ(outcome_of([&] {
                  connection_.exec("select describe_environment('again', 'development')");
              }).code,
              "settings_invalid");
}

TEST_F(EnvironmentKindTest, MachinesThatEnrolledThemselvesAreRevokedWhereTheKindTightens) {
    const MachineCredentials laptop{"test", machine_id('b'), token_of("test", 'b'), true};
    enrol('a', good_.token);
    Connection leader(database_.url(), testing::in_test_schema());
    ASSERT_TRUE(lead(leader, {"laptop:1", {}, {}, 10min, laptop}).epoch);
    for (const std::string kind : {"development", "staging"}) {
        describe(kind);
        const bool tightens = kind == "staging";
        EXPECT_EQ(ask("select name from machines() where revoked_at is not null union all select "
                      "'' limit 1"),
                  tightens ? "laptop" : "");
        EXPECT_EQ(ask("select backend_pid is null from leader"), tightens ? "t" : "f");
    }
    EXPECT_EQ(outcome_of_leading(laptop).code, "machine_revoked");
    EXPECT_EQ(outcome_of_leading(good_).code, "no error");
}

}  // namespace
}  // namespace baton::sql

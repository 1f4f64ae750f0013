// Machines that enrol themselves: where the environment's kind lets them, and nowhere else.

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "baton/sql/migrator.hpp"
#include "enrolment_fixture.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class OwnEnrolmentTest : public EnrolmentFixture {};

TEST_F(OwnEnrolmentTest, MachineEnrolsItselfInADevelopmentEnvironment) {
    const MachineCredentials laptop{"test", machine_id('b'), token_of("test", 'b'), true};
    MachineCredentials timid = laptop;
    timid.may_enrol = false;
    EXPECT_EQ(outcome_of_leading(timid).code, "machine_not_enrolled");
    EXPECT_EQ(outcome_of_leading(laptop).code, "no error");
    EXPECT_EQ(outcome_of_leading(timid).code, "no error");
    EXPECT_EQ(ask("select automatic and name = 'laptop' from machines()"), "t");
    MachineCredentials foreign{"test", machine_id('c'), token_of("production", 'c'), true};
    EXPECT_EQ(outcome_of_leading(foreign).code, "machine_not_enrolled");
}

TEST_F(OwnEnrolmentTest, NoMachineEnrolsItselfBesideProduction) {
    const MachineCredentials laptop{"test", machine_id('b'), token_of("test", 'b'), true};
    Connection other(database_.url());
    Migrator().install(other, "baton_production");
    const auto refused = [&] { return outcome_of_leading(laptop).code == "machine_not_enrolled"; };
    EXPECT_TRUE(refused()) << "nobody has described it yet";
    other.exec("set search_path = baton_production");
    other.exec("select describe_environment('production', 'staging')");
    EXPECT_FALSE(refused());
    connection_.exec("delete from machine");
    other.exec("select describe_environment('production', 'production')");
    EXPECT_TRUE(refused());
    expect_contains(outcome_of_leading(laptop).text, "that has a production environment, too");
    connection_.exec("update environment set auto_enrol_beside_production = true");
    EXPECT_FALSE(refused());
}

// Whatever way the kind came to be what it is.
TEST_F(OwnEnrolmentTest, OwnEnrolmentCountsInDevelopmentAlone) {
    const MachineCredentials laptop{"test", machine_id('b'), token_of("test", 'b'), true};
    EXPECT_EQ(outcome_of_leading(laptop).code, "no error");
    for (const std::string kind : {"'staging'", "'production'", "null"}) {
        connection_.exec("update environment set kind = " + kind);
        const Outcome outcome = outcome_of_leading(laptop);
        EXPECT_EQ(outcome.code, "machine_not_enrolled") << kind;
        expect_contains(outcome.text, "only enrolled itself when that was of kind development");
    }
    enrol('b', laptop.token);
    EXPECT_EQ(outcome_of_leading(laptop).code, "no error") << "an admin did";
}

// As if another process of this machine had committed its enrolment just between the two looks.
TEST_F(OwnEnrolmentTest, OneThatIsEnrolledMeanwhileIsNotRefused) {
    const MachineCredentials laptop{"test", machine_id('b'), token_of("test", 'b'), true};
    connection_.exec(
        "create or replace function token_owner(proof text, asked text, expected text)"
        " returns table (machine_id text, is_next boolean) language plpgsql as $$\n"
        "#variable_conflict use_column\n"
        "begin insert into machine (machine_id, name, token_hash, automatic) values (expected,"
        " 'other', sha256(convert_to('" +
        laptop.token +
        "', 'UTF8')), true) on conflict do nothing;"
        " return query select expected, false; end $$");
    const Outcome outcome = outcome_of([&] {
        Connection candidate(database_.url(), testing::in_test_schema());
        (void)lead(candidate, {"laptop:1", {}, {}, 1min, laptop});
    });
    EXPECT_EQ(outcome.code, "no error") << outcome.text;
}

// Containers of one image, or two users of one machine: one id, and each a token of its own.
TEST_F(OwnEnrolmentTest, EachTokenOfAMachineThatEnrolledItselfIsLetIn) {
    MachineCredentials container{"test", machine_id('b'), token_of("test", 'b'), true};
    for (const char digit : {'b', 'c', 'd', 'b'}) {
        container.token = token_of("test", digit);
        EXPECT_EQ(outcome_of_leading(container).code, "no error") << digit;
    }
    EXPECT_EQ(ask("select count(*) from machines()"), "1");
    container.may_enrol = false;
    container.token = token_of("test", 'c');
    EXPECT_EQ(outcome_of_leading(container).code, "token_refused");
    container.may_enrol = true;
    connection_.exec("select revoke_machine('" + container.machine_id + "')");
    EXPECT_EQ(outcome_of_leading(container).code, "machine_revoked");
    // Whom an admin gave a token shows that one.
    enrol('b', token_of("test", 'b'));
    EXPECT_EQ(outcome_of_leading(container).code, "token_refused");
}

TEST_F(OwnEnrolmentTest, NoneIsRefusedOfManyThatStartAtOnce) {
    std::vector<std::future<Outcome>> starts;
    for (int i = 0; i < 12; ++i) {
        starts.push_back(std::async(std::launch::async, [this, i] {
            const MachineCredentials process{"test", machine_id('b'),
                                             token_of("test", i % 2 == 0 ? 'b' : 'c'), true};
            return outcome_of([&] {
                Connection candidate(database_.url(), testing::in_test_schema());
                (void)lead(candidate, {"laptop:" + std::to_string(i), {}, {}, 1min, process});
            });
        }));
    }
    for (auto& start : starts) {
        const Outcome outcome = start.get();
        EXPECT_EQ(outcome.code, "no error") << outcome.text;
    }
    EXPECT_EQ(ask("select count(*) from refusals()"), "0");
}

}  // namespace
}  // namespace baton::sql

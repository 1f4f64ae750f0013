// Who may lead an environment: machines that were enrolled in it, with the token that they were
// given, from where they may come. What is told is decided by the database, so all of this is
// asked of the database, by the call that an orchestrator makes.

#include <gtest/gtest.h>

#include "baton/sql/migrator.hpp"
#include "baton/sql/versions.hpp"
#include "enrolment_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class EnrolmentTest : public EnrolmentFixture {};

TEST_F(EnrolmentTest, EnrolledMachineLeads) {
    describe("production");
    enrol('a', good_.token);
    EXPECT_EQ(outcome_of_leading(good_).code, "no error");
    EXPECT_EQ(ask("select machine_id from leader"), good_.machine_id);
    EXPECT_EQ(ask("select last_node from machines() where last_seen_at > now() - interval '1 h'"),
              "laptop:1");
}

TEST_F(EnrolmentTest, FileOfAnotherEnvironmentIsRefused) {
    enrol('a', good_.token);
    for (const std::string other : {"production", "tes", "TEST", ""}) {
        MachineCredentials credentials = good_;
        credentials.environment = other;
        const Outcome outcome = outcome_of_leading(credentials);
        EXPECT_EQ(outcome.code, "environment_mismatch");
        expect_contains(outcome.text, "baton_test belongs to the environment test");
    }
    EXPECT_EQ(ask("select refused_code from take_lead('n', '{}', '{}', '1 s')"), "BT028");
}

TEST_F(EnrolmentTest, UnknownMachineIsToldItsIdAndWhatToRun) {
    enrol('a', good_.token);
    const MachineCredentials unknown{"test", machine_id('b'), token_of("test", 'b'), true};
    for (const std::string kind : {"staging", "production"}) {
        describe(kind);
        const Outcome outcome = outcome_of_leading(unknown);
        EXPECT_EQ(outcome.code, "machine_not_enrolled");
        expect_contains(outcome.text,
                        "baton environment enrol test --machine " + machine_id('b') + " ");
    }
    EXPECT_EQ(ask("select count(*) from machines()"), "1");
    EXPECT_EQ(ask("select epoch from leader"), "0");
}

// Production's folder, copied to a laptop.
TEST_F(EnrolmentTest, UnknownMachineWithACopiedTokenIsRefused) {
    enrol('a', good_.token);
    for (const std::string kind : {"development", "production"}) {
        describe(kind);
        const Outcome outcome = outcome_of_leading({"test", machine_id('b'), good_.token, true});
        EXPECT_EQ(outcome.code, "machine_not_enrolled") << kind;
        expect_contains(outcome.text, "the token of machine " + machine_id('a'));
    }
}

TEST_F(EnrolmentTest, MachineThatIsNoneIsRefused) {
    for (const std::string id : {"", "a", "ABC'; --", "\xC3\xA4"}) {
        EXPECT_EQ(outcome_of_leading({"test", id, good_.token, true}).code, "machine_not_enrolled");
    }
}

TEST_F(EnrolmentTest, TokenOfAnotherEnvironmentIsRefused) {
    enrol('a', good_.token);
    MachineCredentials credentials = good_;
    credentials.token = token_of("production", 'a');
    const Outcome outcome = outcome_of_leading(credentials);
    EXPECT_EQ(outcome.code, "machine_elsewhere");
    expect_contains(outcome.text, "one of the environment production, not of test");
}

TEST_F(EnrolmentTest, TokenOfAnotherMachineIsRefused) {
    enrol('a', good_.token);
    enrol('b', token_of("test", 'b'));
    const Outcome outcome = outcome_of_leading({"test", machine_id('b'), good_.token, false});
    EXPECT_EQ(outcome.code, "machine_elsewhere");
    expect_contains(outcome.text, "another machine, " + machine_id('a'));
}

TEST_F(EnrolmentTest, WrongTokenAndNoTokenAreRefused) {
    enrol('a', good_.token);
    MachineCredentials credentials = good_;
    for (const std::string& token :
         {std::string(), std::string("x"), token_of("test", 'c'), good_.token + "a"}) {
        credentials.token = token;
        const Outcome outcome = outcome_of_leading(credentials);
        EXPECT_EQ(outcome.code, "token_refused") << token;
        EXPECT_EQ(outcome.text.find("shows no token") != std::string::npos, token.empty());
    }
}

TEST_F(EnrolmentTest, RevokedMachineIsRefusedUntilItIsEnrolledAgain) {
    enrol('a', good_.token);
    EXPECT_EQ(ask("select revoke_machine('" + good_.machine_id + "')"), "f");
    MachineCredentials credentials = good_;
    credentials.may_enrol = true;
    EXPECT_EQ(outcome_of_leading(credentials).code, "machine_revoked");
    EXPECT_EQ(outcome_of([&] {
                  connection_.exec("select rotate_token('" + good_.machine_id + "', sha256('x'))");
              }).sqlstate,
              "BT029");
    enrol('a', good_.token);
    EXPECT_EQ(outcome_of_leading(credentials).code, "no error");
}

// A version means for ever what it is first registered as.
TEST_F(EnrolmentTest, OnlyAnEnrolledMachineMakesAVersionKnown) {
    describe("production");
    enrol('a', good_.token);
    connection_.exec("insert into set_version values ('sales', 1, 'live')");
    connection_.exec("insert into reducer_version values ('sales', 2, 'b', 'c++', '[]')");
    Connection builder(database_.url(), testing::in_test_schema());
    const auto outcome_for = [&](const MachineCredentials& credentials) {
        return outcome_of([&] {
            Transaction transaction(builder);
            register_set(transaction, {"sales", 2, {{"sales", 2}}}, credentials);
            transaction.commit();
        });
    };
    const MachineCredentials laptop{"test", machine_id('b'), token_of("test", 'b'), true};
    EXPECT_EQ(outcome_for(laptop).code, "machine_not_enrolled");
    expect_contains(outcome_for(laptop).text, "is not enrolled in test; let an admin run");
    EXPECT_EQ(outcome_for({}).code, "environment_mismatch");
    EXPECT_EQ(outcome_for({"test", good_.machine_id, "", false}).code, "token_refused");
    connection_.exec("select revoke_machine('" + good_.machine_id + "')");
    EXPECT_EQ(outcome_for(good_).code, "machine_revoked");
    EXPECT_EQ(ask("select count(*) from set_version"), "1");
    enrol('a', good_.token);
    EXPECT_EQ(outcome_for(good_).code, "no error");
    EXPECT_EQ(ask("select state from set_version where version = 2"), "building");
}

TEST_F(EnrolmentTest, MachineFromElsewhereIsRefused) {
    enrol('a', good_.token, ", networks => '{10.0.0.0/8,127.0.0.1}'");
    const Outcome outcome = outcome_of_leading(good_);
    EXPECT_EQ(outcome.code, "origin_refused");
    expect_contains(outcome.text, "from a unix socket, and may only come from 10.0.0.0/8, ");
}

TEST_F(EnrolmentTest, MachineWithoutItsCertificateIsRefused) {
    enrol('a', good_.token, ", client_dn => '/CN=box'");
    const Outcome outcome = outcome_of_leading(good_);
    EXPECT_EQ(outcome.code, "origin_refused");
    expect_contains(outcome.text, "no TLS, and it must show the certificate of /CN=box");
}

// Postgres cuts what it shows of a certificate at 63 bytes.
TEST_F(EnrolmentTest, CertificateThatCouldBeTheBeginningOfAnotherIsNoPin) {
    enrol('a', good_.token, ", client_dn => '" + std::string(62, 'x') + "'");
    for (const std::size_t length : {0U, 63U, 64U}) {
        EXPECT_EQ(outcome_of([&] {
                      enrol('b', good_.token, ", client_dn => '" + std::string(length, 'x') + "'");
                  }).sqlstate,
                  "23514");
    }
}

TEST_F(EnrolmentTest, NewTokenTakesOverWhenItIsFirstUsed) {
    enrol('a', good_.token);
    MachineCredentials renewed = good_;
    renewed.token = token_of("test", 'd');
    connection_.exec("select rotate_token('" + good_.machine_id + "', sha256(convert_to('" +
                     renewed.token + "', 'UTF8')))");
    EXPECT_EQ(outcome_of_leading(good_).code, "no error") << "the former one is still good";
    EXPECT_EQ(ask("select rotates from machines()"), "t");
    EXPECT_EQ(outcome_of_leading(renewed).code, "no error");
    EXPECT_EQ(outcome_of_leading(good_).code, "token_refused");
    EXPECT_EQ(outcome_of_leading(renewed).code, "no error");
    EXPECT_EQ(ask("select rotates from machines()"), "f");
}

TEST_F(EnrolmentTest, TokenThatIsRefusedForItsOriginDoesNotEndTheFormerOne) {
    enrol('a', good_.token, ", networks => '{10.0.0.0/8}'");
    MachineCredentials renewed = good_;
    renewed.token = token_of("test", 'd');
    connection_.exec("select rotate_token('" + good_.machine_id + "', sha256(convert_to('" +
                     renewed.token + "', 'UTF8')))");
    EXPECT_EQ(outcome_of_leading(renewed).code, "origin_refused");
    EXPECT_EQ(ask("select rotates from machines()"), "t");
}

TEST_F(EnrolmentTest, RevocationEndsALeadership) {
    enrol('a', good_.token);
    enrol('b', token_of("test", 'b'));
    Connection leader(database_.url(), testing::in_test_schema());
    ASSERT_TRUE(lead(leader, {"a", {}, {}, 10min, good_}).epoch);
    EXPECT_EQ(ask("select leads from machines() where name = 'box a'"), "t");
    EXPECT_EQ(ask("select revoke_machine('" + good_.machine_id + "')"), "t");
    EXPECT_EQ(ask("select count(*) from machines() where leads"), "0");
    EXPECT_TRUE(testing::eventually(
        10s, [&] { return outcome_of([&] { leader.exec("select 1"); }).code != "no error"; }));
    Connection standby(database_.url(), testing::in_test_schema());
    EXPECT_TRUE(testing::eventually(10s, [&] {
        return lead(standby, {"b", {}, {}, 10min, {"test", machine_id('b'), token_of("test", 'b')}})
            .epoch.has_value();
    }));
}

// It was let in, and revoked before it came to lead.
TEST_F(EnrolmentTest, MachineThatIsRevokedWhileItTakesTheLeadDoesNotLead) {
    enrol('a', good_.token);
    EXPECT_EQ(outcome_of_leading(good_).code, "no error") << "so that it was seen just now";
    Connection holder(database_.url(), testing::in_test_schema());
    Transaction pause(holder);
    pause.exec("lock table set_version in access exclusive mode");
    Connection candidate(database_.url(), testing::in_test_schema());
    const int pid = candidate.backend_pid();
    candidate.release();
    auto outcome = std::async(std::launch::async, [&] {
        Outcome result = outcome_of([&] { (void)lead(candidate, {"a", {}, {}, 10min, good_}); });
        candidate.release();
        return result;
    });
    wait_until_waiting(database_.url(), pid, "relation");
    EXPECT_EQ(ask("select revoke_machine('" + good_.machine_id + "')"), "f");
    pause.commit();
    EXPECT_EQ(outcome.get().code, "machine_revoked");
    EXPECT_EQ(ask("select epoch from leader"), "1");
    EXPECT_EQ(ask("select code from refusals()"), "BT032");
    EXPECT_EQ(ask("select count(*) from pg_locks where locktype = 'advisory' and database = "
                  "(select oid from pg_database where datname = current_database())"),
              "0");
}

// The way around take_lead(): to name an epoch, which is a small number.
TEST_F(EnrolmentTest, SessionThatDidNotTakeTheLeadWritesNothing) {
    enrol('a', good_.token);
    Connection leader(database_.url(), testing::in_test_schema());
    ASSERT_EQ(lead(leader, {"a", {}, {}, 10min, good_}).epoch, Epoch{1});
    leader.exec("select dispatch('a/b')");
    const std::string record =
        "select record_batch(1, 1, 1, 1, 0, 1, now(), w.id_value, w.xid, w.seen, w.id_ceiling, "
        "w.stragglers) from open_window(0, '0', '1:1:') as w";
    const Outcome other = outcome_of([&] { connection_.exec(record); });
    EXPECT_EQ(other.sqlstate, "BT011");
    expect_contains(other.text, "epoch 1 is that of another session");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select fence(1, '1 h')"); }).sqlstate, "BT011");
    EXPECT_EQ(outcome_of([&] { leader.exec(record); }).code, "no error");
    resign(leader, Epoch{1});
    const Outcome late = outcome_of([&] { leader.exec("select fence(1)"); });
    EXPECT_EQ(late.sqlstate, "BT011");
    expect_contains(late.text, "epoch 1 was ended");
}

// Whose session the owner may not end: what counts is that it can write no more.
TEST_F(EnrolmentTest, RevokedLeaderWhoseSessionGoesOnWritesNothing) {
    enrol('a', good_.token);
    // A session does not end itself.
    ASSERT_TRUE(lead(connection_, {"a", {}, {}, 10min, good_}).epoch);
    EXPECT_EQ(ask("select revoke_machine('" + good_.machine_id + "')"), "t");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select fence(1, '1 h')"); }).sqlstate, "BT011");
    EXPECT_EQ(outcome_of([&] {
                  (void)lead(connection_, {"a", {}, {}, 10min, good_});
              }).code,
              "machine_revoked");
}

TEST_F(EnrolmentTest, StatusTellsOfRefusalsForAnHour) {
    describe("production");
    (void)outcome_of_leading({"test", machine_id('b'), "", false});
    expect_contains(ask("select status() ->> 'notes'"),
                    "laptop:1 of baton from local was refused (BT029)");
    connection_.exec("update refusal set last_at = last_at - interval '61 min'");
    EXPECT_EQ(ask("select status() ->> 'notes'"), "[]");
}

TEST_F(EnrolmentTest, DoctorWarnsOfProductionsMachinesWithoutAPin) {
    const auto state = [&] {
        return ask("select state || ': ' || found from doctor() where check_name = 'machines'");
    };
    enrol('a', good_.token);
    enrol('b', token_of("test", 'b'), ", networks => '{10.0.0.0/8}'");
    enrol('c', token_of("test", 'c'), ", client_dn => '/CN=c'");
    EXPECT_EQ(state().find("ok: "), 0U);
    describe("production");
    EXPECT_EQ(state(), "warning: not pinned to where they are: box a");
    connection_.exec("select revoke_machine('" + machine_id('a') + "')");
    EXPECT_EQ(state().find("ok: "), 0U);
}

TEST_F(EnrolmentTest, AttemptsAreCountedInARowForEachMachine) {
    describe("production");
    for (int i = 0; i < 3; ++i) {
        (void)outcome_of_leading({"test", machine_id('b'), "", false});
        (void)outcome_of_leading({"test", machine_id('c'), "", false});
    }
    EXPECT_EQ(ask("select count(*)::text || ' ' || min(attempts)::text from refusals()"), "2 3");
    EXPECT_EQ(ask("select bool_and(last_at > first_at) from refusals()"), "t");
}

TEST_F(EnrolmentTest, FloodOfMadeUpMachinesFillsNoDisk) {
    describe("production");
    connection_.exec(
        "select count(t.refused_code) from generate_series(1, 1100) as n, lateral take_lead("
        "repeat('n', 100000), '{}', '{}', '1 s', 'test', encode(sha256(n::text::bytea), 'hex'), "
        "repeat('t', 100000)) as t");
    EXPECT_EQ(ask("select count(*) from refusals()"), "1000");
    EXPECT_LT(std::stoi(ask("select max(length(node || message)) from refusals()")), 2000);
    connection_.exec(
        "select take_lead('n', '{}', '{}', '1 s', repeat('x', 100000), repeat('y', 100000))");
    EXPECT_EQ(ask("select count(*) from refusals()"), "1000");
    EXPECT_LT(std::stoi(ask("select max(length(node || message)) from refusals()")), 2000);
}

TEST_F(EnrolmentTest, OnlyTheOwnerEnrols) {
    enrol('a', good_.token);
    for (const std::string group : {"orchestrate", "observe", "node", "dispatch"}) {
        connection_.exec("set role baton_test_" + group);
        for (const std::string statement :
             {"select describe_environment('test', 'production')",
              "select enrol_machine(repeat('b', 64), 'b', sha256('b'))",
              "select rotate_token(repeat('a', 64), sha256('b'))",
              "select revoke_machine(repeat('a', 64))", "select * from machine",
              "select * from refusal", "delete from refusal",
              "select admit_machine('test', 'n', repeat('a', 64), 'x', null)",
              "select token_owner('x', 'x', 'x')", "select proves('x', 'x', 'x')"}) {
            const Outcome outcome = outcome_of([&] { connection_.exec(statement); });
            EXPECT_EQ(outcome.sqlstate, "42501") << group << ": " << statement;
            // By its own door, and not only by that of a table behind it.
            const std::size_t call = statement.find('(');
            expect_contains(outcome.text,
                            call == std::string::npos
                                ? "denied for table"
                                : "denied for function " + statement.substr(7, call - 7));
        }
        const bool observes = group == "observe";
        for (const std::string statement :
             {"select * from machines()", "select * from refusals()"}) {
            EXPECT_EQ(outcome_of([&] { connection_.exec(statement); }).code == "no error", observes)
                << group;
        }
        connection_.exec("reset role");
    }
}

}  // namespace
}  // namespace baton::sql

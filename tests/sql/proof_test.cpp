// Who is at the other end of a session: what a stranger's locks can hold up, what a proof is good
// for that somebody else sees, and what a session can do that got the process id of another one.
//
// The environment's owner is no superuser; orchestrators log in as members of _orchestrate, and the
// stranger may connect and nothing else.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <sstream>

#include "baton/base/sha256.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/proof.hpp"
#include "baton/sql/versions.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class ProofTest : public ::testing::Test {
protected:
    void SetUp() override {
        admin_->exec("create role " + owner_ + " login createrole");
        admin_->exec("grant create on database " + database_.name() + " to " + owner_);
        Connection owner = connect(owner_);
        (void)Migrator().install(owner, schema_);
        Connection inside = connect(owner_);
        inside.exec("select describe_environment('" + environment_ + "', 'production')");
        inside.exec("select enrol_machine('" + box_.machine_id + "', 'box', sha256('" + box_.token +
                    "'))");
        for (const std::string& login : {one_, two_}) {
            owner.exec("create role " + login + " login in role " + schema_ + "_orchestrate");
            owner.exec("alter role " + login + " set lock_timeout = '2s'");
        }
        admin_->exec("create role " + stranger_ + " login");
        admin_->exec("set search_path = " + schema_);
        admin_->exec(
            "insert into reducer_version select 'sales', v, 'b', 'c++', '[]' "
            "from generate_series(1, 2) as v");
    }
    void TearDown() override {
        (void)uninstall(*admin_, schema_);
        admin_->exec("drop owned by " + owner_);
        admin_->exec("drop role " + one_ + ", " + two_ + ", " + stranger_ + ", " + owner_);
    }

    Connection connect(const std::string& role) { return connect(role, database_.url(), schema_); }
    static Connection connect(const std::string& role, const std::string& url,
                              const std::string& schema) {
        ConnectOptions options;
        options.schema = schema;
        return Connection(url + "&user=" + role, options);
    }
    [[nodiscard]] Candidate candidate() const { return {"box:1", {}, {}, 1h, box_}; }
    std::optional<Epoch> lead_on(Connection& connection) const {
        prepare_leadership(connection);
        return lead(connection, candidate()).epoch;
    }
    // Why take_lead() refuses what is shown there; "" if it does not.
    std::string refusal_of(Connection& connection, const std::string& proof) const {
        Transaction transaction(connection);
        const Result answer = transaction.exec(
            "select coalesce(refused_code, '') from take_lead('forger', '{}', '{}', '1 h', $1, $2, "
            "$3)",
            {environment_, box_.machine_id, proof});
        std::string code(answer.only().text(0));
        transaction.commit();
        return code;
    }
    static std::string challenge_on(Connection& connection) {
        return std::string(connection.exec("select challenge()").only().text(0));
    }
    [[nodiscard]] std::string proof_for(const std::string& challenge) const {
        return proof_of(box_.token, challenge, environment_, box_.machine_id);
    }
    std::string ask(const std::string& query) {
        return std::string(admin_->exec("select " + query).only().text(0));
    }
    static void register_sales(Connection& leader) {
        leader.exec(
            "select register_set('sales', 1, array[('sales', 1)]::versioned[], leads => true)");
    }
    static std::string environment_of(std::string name) {
        std::ranges::replace(name, '_', '-');
        return name;
    }

    testing::TestDatabase database_;
    std::unique_ptr<Connection> admin_ = std::make_unique<Connection>(database_.url());
    const std::string environment_ = environment_of(database_.name());
    const std::string schema_ = "baton_" + database_.name();
    const std::string owner_ = "owner_" + database_.name();
    const std::string one_ = "one_" + database_.name();
    const std::string two_ = "two_" + database_.name();
    const std::string stranger_ = "stranger_" + database_.name();
    const MachineCredentials box_{environment_, std::string(64, 'a'),
                                  "baton_" + environment_ + "_" + sha256_of("box")};
};

// The keys of every advisory lock that there was, and room for more.
TEST_F(ProofTest, StrangerWithEveryLockThatHeCanTakeHoldsNobodyUp) {
    Connection stranger(database_.url() + "&user=" + stranger_);
    stranger.exec("select pg_advisory_lock(hashtextextended('baton leader of " + schema_ +
                  "', 0) + n) from generate_series(0, 9) as n");
    Connection two = connect(two_);
    {
        Connection one = connect(one_);
        ASSERT_EQ(lead_on(one), Epoch{1});
        register_sales(one);
        EXPECT_EQ(lead_on(two), std::nullopt);
    }
    // Not when its lease of an hour is over: when its session is.
    prepare_versions(two);
    EXPECT_TRUE(testing::eventually(10s, [&] {
        return lead(two, {"box:2", {}, {{"sales", 1}}, 1h, box_}).epoch.has_value();
    }));
    register_sales(two);
    EXPECT_TRUE(claim_builds(two, candidate()).empty());
    EXPECT_EQ(ask("count(*) from pg_locks where locktype = 'advisory' and pid <> " +
                  std::to_string(stranger.backend_pid()) +
                  " and database = (select oid from pg_database where datname = "
                  "current_database())"),
              "0")
        << "nothing of ours is such a lock";
}

TEST_F(ProofTest, TurnsAreNotForStrangersToTake) {
    const std::string turn = schema_ + ".turn";
    Connection stranger(database_.url() + "&user=" + stranger_);
    Connection one = connect(one_);
    for (const std::string& statement :
         {"select from " + turn + " for update", "select from " + turn + " for share",
          "lock table " + turn, "lock table " + turn + " in access share mode",
          "update " + turn + " set name = name"}) {
        for (Connection* const session : {&stranger, &one}) {
            session->exec("begin");
            EXPECT_EQ(outcome_of([&] { session->exec(statement); }).sqlstate, "42501") << statement;
            session->exec("rollback");
        }
    }
}

TEST_F(ProofTest, StatusNamesWhoWaitsForWhom) {
    Connection one = connect(one_);
    Connection two = connect(two_);
    one.exec("begin; select lock_registration()");
    EXPECT_EQ(ask("status() ->> 'notes' like '%waits for a lock%'"), "f");
    two.exec("set lock_timeout = 0");
    const int pid = two.backend_pid();
    two.release();
    auto waiting = std::async(std::launch::async, [&] {
        two.exec("select lock_registration()");
        two.release();
    });
    wait_until_waiting(database_.url(), pid, "transactionid");
    EXPECT_EQ(ask("string_agg(regexp_replace(n, 'since .*: ', ''), '; ') "
                  "from jsonb_array_elements_text(status() -> 'notes') as n "
                  "where n like '%waits for a lock%'"),
              "process " + std::to_string(pid) + " waits for a lock (turn) process " +
                  std::to_string(one.backend_pid()) + " of " + one_ + " (baton) has it");
    one.exec("rollback");
    waiting.get();
}

TEST_F(ProofTest, LeadershipIsNotResignedByAnotherSession) {
    Connection one = connect(one_);
    Connection two = connect(two_);
    ASSERT_EQ(lead_on(one), Epoch{1});
    const Outcome outcome = outcome_of([&] { two.exec("select resign(1)"); });
    EXPECT_EQ(outcome.sqlstate, "BT011");
    EXPECT_EQ(outcome.text.find("not resigned: epoch 1 is that of another session"), 0U)
        << outcome.text;
    one.exec("select fence(1, '1 h')");
    EXPECT_EQ(ask("backend_pid from leader"), std::to_string(one.backend_pid()));
    one.exec("select resign(1)");
    EXPECT_EQ(outcome_of([&] { two.exec("select resign(1)"); }).code, "no error") << "it is over";
}

// Whoever connects often enough gets the process id that he wants: here the records are changed
// instead, to say what the other session's id is.
TEST_F(ProofTest, ProcessIdThatIsUsedAgainGivesNoRight) {
    Connection former = connect(one_);
    ASSERT_EQ(lead_on(former), Epoch{1});
    register_sales(former);
    const std::string proof = proof_for(challenge_on(former));
    Connection two = connect(two_);
    const std::string pid = std::to_string(two.backend_pid());
    admin_->exec(
        "insert into view_build (view, version, claim, mark_hash) "
        "select 'sales', 2, 1, mark_hash from leader");
    admin_->exec("update leader set backend_pid = " + pid);
    admin_->exec("update view_build set backend_pid = " + pid);
    admin_->exec("update asked_session set backend_pid = " + pid);
    for (const std::string statement :
         {"select fence(1)", "select fence(1, '1 h')", "select resign(1)",
          "select register_set('sales', 2, array[('sales', 2)]::versioned[], true)",
          "select note_build('sales', 2, 1, 7, 'ready', null)",
          "select end_promotion(1, 'refused', 'no')"}) {
        EXPECT_EQ(outcome_of([&] { two.exec(statement); }).sqlstate, "BT011") << statement;
    }
    EXPECT_EQ(refusal_of(two, proof), "BT031");
    // Nor by what it sets by itself, of what it can read.
    two.exec(
        "select set_config('baton.session', encode((select mark_hash from leader), 'hex'), "
        "false)");
    EXPECT_EQ(outcome_of([&] { two.exec("select fence(1)"); }).sqlstate, "BT011");
    EXPECT_EQ(refusal_of(two, proof), "BT031");
}

TEST_F(ProofTest, ProofIsGoodInTheSessionThatWasAskedAlone) {
    Connection one = connect(one_);
    Connection two = connect(two_);
    const std::string proof = proof_for(challenge_on(one));
    EXPECT_EQ(refusal_of(two, proof), "BT031") << "it was asked nothing";
    EXPECT_NE(challenge_on(two), challenge_on(one));
    EXPECT_EQ(refusal_of(two, proof), "BT031") << "it was asked something else";
    EXPECT_EQ(refusal_of(one, proof), "");
    EXPECT_EQ(challenge_on(one), challenge_on(one)) << "a session is asked once";
    EXPECT_EQ(refusal_of(two, proof_for(challenge_on(two))), "");
    // Nor can a session choose what it is asked.
    two.exec("reset baton.session");
    EXPECT_EQ(refusal_of(two, proof), "BT031");
}

// Without a question there is nothing to answer: what could be proved would be good for ever.
TEST_F(ProofTest, NothingIsProvedWhereNothingWasAsked) {
    const std::string place = "baton_" + environment_ + "_";
    const std::string key = box_.token.substr(place.size());
    for (const std::string& asked :
         {environment_ + ":" + box_.machine_id, ":" + environment_ + ":" + box_.machine_id}) {
        const std::string proof =
            place + ask("encode(xor_bytes(decode('" + key + "', 'hex'), hmac(sha256(convert_to('" +
                        box_.token + "', 'UTF8')), convert_to('" + asked + "', 'UTF8'))), 'hex')");
        Connection one = connect(one_);
        EXPECT_EQ(refusal_of(one, proof), "BT031") << asked;
    }
}

TEST_F(ProofTest, ProofForAnotherPlaceIsRefused) {
    Connection one = connect(one_);
    const std::string asked = challenge_on(one);
    EXPECT_EQ(asked.find("baton proof 1:" + ask("system_identifier from pg_control_system()") +
                         ":" + ask("oid from pg_database where datname = current_database()") +
                         ":" + database_.name() + ":" + schema_ + ":" +
                         std::to_string(one.backend_pid()) + ":"),
              0U)
        << asked;
    // Another cluster, database, schema, session: each part in turn.
    for (std::size_t at = asked.find(':'); at != std::string::npos; at = asked.find(':', at + 1)) {
        std::string other = asked;
        other[at + 1] = other[at + 1] == '7' ? '8' : '7';
        EXPECT_EQ(refusal_of(one, proof_for(other)), "BT031") << other;
    }
    EXPECT_EQ(refusal_of(one, proof_of(box_.token, asked, "other", box_.machine_id)), "BT031");
    EXPECT_EQ(refusal_of(one, proof_of(box_.token, asked, environment_, std::string(64, 'b'))),
              "BT031");
    EXPECT_EQ(refusal_of(one, proof_for(asked)), "");
}

// The copy's rows are the same, and its session could be the same: it is elsewhere all the same.
TEST_F(ProofTest, ProofThatACopyWasShownIsRefusedHere) {
    const std::string copy_name = database_.name() + "_copy";
    admin_.reset();
    // A session takes a moment to go.
    EXPECT_TRUE(testing::eventually(10s, [&] { return database_.sessions().empty(); }));
    testing::Cluster::instance().execute("create database " + copy_name + " template " +
                                         database_.name());
    std::string seen;
    {
        Connection copy = connect(one_, testing::Cluster::instance().url(copy_name), schema_);
        seen = proof_for(challenge_on(copy));
        EXPECT_EQ(refusal_of(copy, seen), "");
    }
    testing::Cluster::instance().execute("drop database " + copy_name);
    Connection one = connect(one_);
    EXPECT_EQ(refusal_of(one, seen), "BT031");
    static_cast<void>(challenge_on(one));
    EXPECT_EQ(refusal_of(one, seen), "BT031");
    admin_ = std::make_unique<Connection>(database_.url());
}

TEST_F(ProofTest, WhatADumpHoldsLetsNobodyIn) {
    const std::string hash = sha256_of(box_.token);
    EXPECT_EQ(ask("encode(token_hash, 'hex') from machine"), hash);
    Connection one = connect(one_);
    const std::string asked = challenge_on(one);
    const std::string place = "baton_" + environment_ + "_";
    for (const std::string& shown :
         {hash, place + hash, box_.token,
          proof_of(place + hash, asked, environment_, box_.machine_id),
          place + std::string(64, '0'), std::string("none"), std::string()}) {
        EXPECT_EQ(refusal_of(one, shown), "BT031") << shown;
    }
}

TEST_F(ProofTest, ServersLogHasNoToken) {
    admin_->exec("alter role " + one_ + " set log_statement = 'all'");
    admin_->exec("alter role " + one_ + " set log_min_duration_statement = 0");
    Connection one = connect(one_);
    ASSERT_TRUE(lead_on(one));
    prepare_versions(one);
    {
        Transaction transaction(one);
        register_set(transaction, {"sales", 1, {{"sales", 1}}}, box_);
        transaction.commit();
    }
    EXPECT_TRUE(claim_builds(one, candidate()).empty());
    std::ifstream file(testing::Cluster::instance().server().directory() / "postgres.log");
    std::stringstream log;
    log << file.rdbuf();
    EXPECT_NE(log.str().find(box_.machine_id), std::string::npos) << "it shows what is asked";
    EXPECT_EQ(log.str().find(box_.token), std::string::npos);
    EXPECT_EQ(log.str().find(box_.token.substr(box_.token.size() - 64)), std::string::npos);
    EXPECT_EQ(log.str().find(sha256_of(box_.token)), std::string::npos)
        << "nor what, beside a proof, would give it away";
}

// What cannot be written down is in the server's log all the same.
TEST_F(ProofTest, RefusalInAReadOnlyTransactionIsInTheServersLog) {
    Connection one = connect(one_);
    const std::string node = "reader of " + database_.name();
    one.exec("begin read only");
    EXPECT_EQ(outcome_of([&] {
                  one.exec("select take_lead('" + node + "', '{}', '{}', '1 h', '" + environment_ +
                           "', repeat('b', 64))");
              }).sqlstate,
              "25006");
    one.exec("rollback");
    std::ifstream file(testing::Cluster::instance().server().directory() / "postgres.log");
    std::stringstream log;
    log << file.rdbuf();
    EXPECT_NE(log.str().find("baton: BT029 refused in " + schema_ +
                             " machine=" + std::string(64, 'b') + " node=" + node),
              std::string::npos);
}

// RFC 4231, 4.3 and 4.2; what the client computes is held against it by every test in here.
TEST_F(ProofTest, HmacIsThatOfTheStandard) {
    EXPECT_EQ(ask("encode(hmac('Jefe', 'what do ya want for nothing?'), 'hex')"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(ask("encode(hmac(decode(repeat('0b', 20), 'hex'), 'Hi There'), 'hex')"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST_F(ProofTest, RecordsOfSessionsThatAreGoneAreDropped) {
    for (int i = 0; i < 3; ++i) {
        Connection one = connect(one_);
        static_cast<void>(challenge_on(one));
    }
    EXPECT_TRUE(testing::eventually(10s, [&] {
        Connection two = connect(two_);
        static_cast<void>(challenge_on(two));
        return ask("count(*) from asked_session") == "1";
    }));
}

}  // namespace
}  // namespace baton::sql

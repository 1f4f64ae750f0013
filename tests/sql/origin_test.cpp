// The pins of a machine, on a server that sees where sessions come from: by TCP from two addresses,
// with and without a TLS certificate. Everything else that a machine shows is right in here.
//
// The environment's owner is no superuser, and the machines log in as members of _orchestrate, as
// in production.

#include <gtest/gtest.h>

#include "baton/sql/leadership.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/proof.hpp"
#include "outcome.hpp"
#include "support/proxy.hpp"
#include "support/tcp_server.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

const std::string machine_id(64, 'a');
const std::string token = "baton_shop_" + std::string(64, 'a');

class OriginTest : public ::testing::Test {
protected:
    // One server for all of them; each enrols the machine anew.
    static void SetUpTestSuite() {
        server = std::make_unique<testing::TcpServer>(
            testing::TcpServerOptions{.certified = {"strict"}});
        Connection admin(server->url("postgres"));
        admin.exec("create role shop_owner login createrole");
        admin.exec("grant pg_read_all_stats to shop_owner");
        admin.exec("create database shop owner shop_owner");
        Connection owner(server->url("shop") + "&user=shop_owner");
        Migrator().install(owner, "baton_shop");
        for (const std::string login : {"lax", "strict"}) {
            owner.exec("create role " + login + " login in role baton_shop_orchestrate");
        }
        connect(server->url("shop") + "&user=shop_owner")
            .exec("select describe_environment('shop', 'production')");
    }
    static void TearDownTestSuite() { server.reset(); }

    static Connection connect(const std::string& url) {
        ConnectOptions options;
        options.schema = "baton_shop";
        return Connection(url, options);
    }

    void enrol(const std::string& pins) {
        owner_.exec("delete from refusal");
        owner_.exec("select enrol_machine('" + machine_id + "', 'box', sha256('" + token + "'), " +
                    pins + ")");
    }

    static Outcome lead_by(const std::string& url) {
        return outcome_of([&] {
            Connection candidate = connect(url);
            const auto epoch =
                lead(candidate, {"laptop", {}, {}, 1min, {"shop", machine_id, token, false}}).epoch;
            ASSERT_TRUE(epoch);
            resign(candidate, *epoch);
        });
    }

    // Refused for where it comes from, for the reason that contains `part`, and written down.
    void expect_refused(const std::string& url, const std::string& address,
                        const std::string& part) {
        const Outcome outcome = lead_by(url);
        EXPECT_EQ(outcome.code, "origin_refused") << outcome.text;
        EXPECT_NE(outcome.text.find(part), std::string::npos) << outcome.text;
        const Result rows =
            owner_.exec("select code, login, address, message from refusals() limit 1");
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows[0].text(0), "BT033");
        EXPECT_EQ(rows[0].text(1), "lax");
        EXPECT_EQ(rows[0].text(2), address);
        EXPECT_EQ(rows[0].text(3), outcome.text);
    }
    std::string refused_addresses() {
        return std::string(
            owner_
                .exec("select coalesce(string_agg(address, ' ' order by address), '') "
                      "from refusals()")
                .only()
                .text(0));
    }

    [[nodiscard]] std::string tcp(const std::string& login = "lax") const {
        return server->tcp_url("shop", login);
    }
    [[nodiscard]] std::string socket() const { return server->url("shop") + "&user=lax"; }

    static inline std::unique_ptr<testing::TcpServer> server;
    Connection owner_ = connect(server->url("shop") + "&user=shop_owner");
};

TEST_F(OriginTest, CertificateOfTheMachineIsAdmittedAndNoOther) {
    enrol("client_dn => '/CN=box'");
    EXPECT_EQ(lead_by(tcp() + server->with_certificate("box")).code, "no error");
    EXPECT_EQ(refused_addresses(), "");
    expect_refused(tcp() + server->with_certificate("laptop"), "127.0.0.1",
                   "it shows the TLS certificate of /CN=laptop, and must show that of /CN=box");
    // One of the same beginning.
    expect_refused(tcp() + server->with_certificate("box2"), "127.0.0.1", "/CN=box2, and must");
    expect_refused(tcp() + server->with_certificate(""), "127.0.0.1",
                   "it shows no TLS certificate, and must show that of /CN=box");
    expect_refused(tcp(), "127.0.0.1", "its session has no TLS");
    expect_refused(socket(), "local", "its session has no TLS");
    EXPECT_EQ(lead_by(tcp() + server->with_certificate("box")).code, "no error");
}

// Where pg_hba.conf wants a certificate of the login's name, a session without it is not even
// begun, and only the server's log knows of it.
TEST_F(OriginTest, ServersOwnDoorIsBeforeThePin) {
    enrol("client_dn => '/CN=strict'");
    EXPECT_EQ(lead_by(tcp("strict") + server->with_certificate("strict")).code, "no error");
    for (const std::string& url : {tcp("strict") + server->with_certificate("box"),
                                   tcp("strict") + server->with_certificate(""), tcp("strict")}) {
        const Outcome outcome = lead_by(url);
        EXPECT_EQ(outcome.text.find("connection to server at"), 0U) << outcome.text;
    }
    EXPECT_EQ(refused_addresses(), "");
}

// What cannot be seen is not taken for well.
TEST_F(OriginTest, CertificateThatTheOwnerMayNotSeeIsRefused) {
    enrol("client_dn => '/CN=box'");
    Connection admin(server->url("postgres"));
    admin.exec("revoke pg_read_all_stats from shop_owner");
    expect_refused(tcp() + server->with_certificate("box"), "127.0.0.1",
                   "hidden from shop_owner, who must see that it is that of /CN=box: grant "
                   "pg_read_all_stats to shop_owner");
    EXPECT_EQ(owner_
                  .exec("select state || ': ' || found from doctor() where check_name = "
                        "'machines'")
                  .only()
                  .text(0),
              "warning: not pinned to where they are: box");
    admin.exec("grant pg_read_all_stats to shop_owner");
    EXPECT_EQ(lead_by(tcp() + server->with_certificate("box")).code, "no error");
}

TEST_F(OriginTest, MachineLeadsFromItsNetworkAlone) {
    const testing::Proxy elsewhere(socket(), testing::TcpWay{server->address(), "127.0.0.2"});
    enrol("networks => '{127.0.0.1}'");
    EXPECT_EQ(lead_by(tcp()).code, "no error");
    expect_refused(elsewhere.url(), "127.0.0.2",
                   "it comes from 127.0.0.2, and may only come from 127.0.0.1");
    expect_refused(socket(), "local", "it comes from a unix socket, and may only come from");
    EXPECT_EQ(refused_addresses(), "127.0.0.2 local");
    enrol("networks => '{10.0.0.0/8,127.0.0.2}'");
    EXPECT_EQ(lead_by(elsewhere.url()).code, "no error");
    expect_refused(tcp(), "127.0.0.1", "it comes from 127.0.0.1, and may only come from 10.");
}

// No client of ours: what the database is asked is up to whoever asks.
TEST_F(OriginTest, ForgeryInPlainSqlFromElsewhereIsRefusedAndRecorded) {
    const testing::Proxy elsewhere(socket(), testing::TcpWay{server->address(), "127.0.0.2"});
    enrol("networks => '{127.0.0.1}'");
    Connection forger = connect(elsewhere.url());
    const std::string asked(forger.exec("select challenge()").only().text(0));
    const Result answer = forger.exec(
        "select epoch, refused_code from take_lead('box', '{}', '{}', '1 h', 'shop', '" +
        machine_id + "', '" + proof_of(token, asked, "shop", machine_id) + "')");
    EXPECT_TRUE(answer.only().is_null(0));
    EXPECT_EQ(answer.only().text(1), "BT033");
    EXPECT_EQ(refused_addresses(), "127.0.0.2");
    EXPECT_EQ(outcome_of([&] {
                  forger.exec("select fence((select epoch from leader), '1 h')");
              }).sqlstate,
              "BT011");
}

// Both pins are asked for, where there are both.
TEST_F(OriginTest, RightPlaceWithTheWrongCertificateIsRefused) {
    enrol("networks => '{127.0.0.1}', client_dn => '/CN=box'");
    EXPECT_EQ(lead_by(tcp() + server->with_certificate("box")).code, "no error");
    expect_refused(tcp() + server->with_certificate("laptop"), "127.0.0.1", "/CN=laptop");
    enrol("networks => '{127.0.0.2}', client_dn => '/CN=box'");
    expect_refused(tcp() + server->with_certificate("box"), "127.0.0.1", "it comes from 127.0.0.1");
}

}  // namespace
}  // namespace baton::sql

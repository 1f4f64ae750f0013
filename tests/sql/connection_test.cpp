// A session is what it seems: the same server process, the settings that it must have, values that
// come back as they went in, and an error for ever once it has ended.

#include "baton/sql/connection.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/postgres/private_postgres.hpp"
#include "sql/outcome.hpp"
#include "support/cluster.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::TestDatabase;

class ConnectionTest : public ::testing::Test {
protected:
    TestDatabase database_;
    const std::string url_ = database_.url();
};

TEST_F(ConnectionTest, TerminatedSessionIsAnErrorForEverAndNeverAnother) {
    Connection connection(url_);
    const int pid = connection.backend_pid();
    EXPECT_EQ(connection.exec("select pg_backend_pid()").only().integer(0), pid);
    connection.exec("select pg_advisory_lock(42)");
    terminate(url_, pid);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(outcome_of([&] { connection.exec("select 1"); }).code, "connection_lost");
        EXPECT_EQ(outcome_of([&] { const Transaction begun(connection); }).code, "connection_lost");
    }
    EXPECT_FALSE(connection.is_open());
    Connection other(url_);
    const Row lock = other.exec("select pg_try_advisory_lock(42)").only();
    EXPECT_TRUE(lock.boolean(0)) << "the lost session's lock is held by nobody";
}

TEST_F(ConnectionTest, ValuesGoInAndComeOutUnchanged) {
    Connection connection(url_);
    connection.prepare("echo",
                       "select $1::text, $2::bytea, $3::bigint, $4::text, $5::boolean, $6::float8");
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    const std::string text = "a\\'\"{},\n\t\xc3\xa9";
    const Result result =
        connection.exec_prepared("echo", {std::string_view(text), std::as_bytes(std::span(bytes)),
                                          std::numeric_limits<std::int64_t>::min(),
                                          std::optional<std::string_view>(), true, 0.1});
    const Row row = result.only();
    EXPECT_EQ(row.text(0), text);
    EXPECT_EQ(row.bytes(1), bytes);
    EXPECT_EQ(row.integer(2), std::numeric_limits<std::int64_t>::min());
    EXPECT_TRUE(row.is_null(3));
    EXPECT_EQ(row.text_or_null(3), std::nullopt);
    EXPECT_TRUE(row.boolean(4));
    EXPECT_EQ(row.text(5), "0.1");
    EXPECT_EQ(outcome_of([&] { (void)row.integer(0); }).code, "decode_failed");
    EXPECT_EQ(outcome_of([&] { (void)row.integer(3); }).code, "decode_failed");
    EXPECT_EQ(outcome_of([&] { (void)row.bytes(0); }).code, "decode_failed");
}

TEST_F(ConnectionTest, TextWithNulByteIsRefusedAndNotCut) {
    Connection connection(url_);
    connection.prepare("echo", "select $1::text");
    const Outcome outcome =
        outcome_of([&] { connection.exec_prepared("echo", {std::string_view("a\0b", 3)}); });
    EXPECT_EQ(outcome.code, "statement_failed");
    EXPECT_NE(outcome.text.find("NUL"), std::string::npos);
}

TEST_F(ConnectionTest, RowsAreReadInAnyOrder) {
    Connection connection(url_);
    const Result result = connection.exec("select i, -i from generate_series(0, 99) i");
    const Row kept = result[7];
    std::int64_t at = 0;
    for (const Row& row : result) {
        EXPECT_EQ(row.integer(1), -at);
        EXPECT_EQ(row.integer(0), at++);
    }
    EXPECT_EQ(kept.integer(0), 7);
    EXPECT_EQ(result[99].integer(1), -99);
}

TEST_F(ConnectionTest, TransactionThatIsNotCommittedIsRolledBack) {
    Connection connection(url_);
    connection.exec("create table item (id int)");
    { Transaction(connection).exec("insert into item values (1)"); }
    EXPECT_TRUE(connection.exec("select from item").empty());
}

TEST_F(ConnectionTest, SchemaAndTimeoutsAreSetForTheSession) {
    Connection connection(url_, {.application_name = "baton test", .schema = "baton_x"});
    const Row row = connection
                        .exec(
                            "select current_setting('search_path'), "
                            "current_setting('idle_in_transaction_session_timeout'), "
                            "current_setting('application_name')")
                        .only();
    EXPECT_EQ(row.text(0), "baton_x, pg_temp");
    EXPECT_EQ(row.text(1), "30s");
    EXPECT_EQ(row.text(2), "baton test");
    for (const std::string name : {"X", "a b", "1a", "a\"b", "", "a;b"}) {
        EXPECT_FALSE(is_schema_name(name)) << name;
    }
    EXPECT_TRUE(is_schema_name(std::string(63, 'a')));
    EXPECT_FALSE(is_schema_name(std::string(64, 'a')));
    EXPECT_EQ(outcome_of([&] { const Connection bad(url_, {.schema = "a; drop"}); }).code,
              "name_invalid");
}

TEST_F(ConnectionTest, PooledConnectionLeavesTheSessionAsItWas) {
    Connection connection(url_, {.schema = "baton_x", .pooled = true});
    connection.prepare("path", "select current_setting('search_path')");
    const auto path = [&] { return std::string(connection.exec_prepared("path").only().text(0)); };
    const std::string before = path();
    {
        Transaction transaction(connection);
        EXPECT_EQ(transaction.exec_prepared("path").only().text(0), "baton_x, pg_temp");
        transaction.commit();
    }
    EXPECT_EQ(path(), before);
    EXPECT_TRUE(connection.exec("select from pg_prepared_statements").empty());
}

struct UrlCase {
    std::string url;
    std::vector<std::string> has;
    std::vector<std::string> has_not;
};

TEST(ConnectionStringTest, KeepsEveryFormAndWhatItSays) {
    const std::vector<UrlCase> cases = {
        {"postgresql://u:p%40ss@h:1234/db?sslmode=disable",
         {"user='u'", "password='p@ss'", "host='h'", "port='1234'", "dbname='db'",
          "sslmode='disable'", "connect_timeout='10'", "application_name='baton'",
          "tcp_user_timeout='15000'"},
         {"target_session_attrs"}},
        {"host=h dbname='my db' password='it\\'s \\\\'",
         {"dbname='my db'", "password='it\\'s \\\\'"},
         {"target_session_attrs"}},
        {"postgresql://a:1,b:2/db",
         {"host='a,b'", "port='1,2'", "target_session_attrs='read-write'"},
         {}},
        {"host=a,b target_session_attrs=any", {"target_session_attrs='any'"}, {"read-write"}},
        {"postgresql:///db?host=/tmp/x&connect_timeout=3&application_name=mine",
         {"host='/tmp/x'", "connect_timeout='3'", "application_name='mine'"},
         {"'10'", "'baton'"}},
        {"", {"application_name='baton'"}, {"host", "dbname"}},
    };
    for (const UrlCase& row : cases) {
        SCOPED_TRACE(row.url);
        const std::string text = connection_string(row.url, {});
        for (const std::string& part : row.has) {
            EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
        }
        for (const std::string& part : row.has_not) {
            EXPECT_EQ(text.find(part), std::string::npos) << part << " in " << text;
        }
        EXPECT_EQ(connection_string(text, {}), text) << "its own output is a form too";
    }
    EXPECT_EQ(connection_string("host=a,b", {.writable = false}).find("read-write"),
              std::string::npos);
    for (const char* bad : {"postgres://[", "nonsense", "no_such_option=1"}) {
        EXPECT_EQ(outcome_of([&] { (void)connection_string(bad, {}); }).code, "settings_invalid");
    }
}

TEST(ConnectionStringTest, WhatIsSaidOfAMistypedOneDoesNotHoldItsPassword) {
    for (const std::string bad :
         {"postgresql://u:secret/secret@h/db", "postgresql://u:12/secret@h/db",
          "postgresql://u:12@secret@h/db", "postgresql://u:secret", "postgresql://u:%zzsecret@h/db",
          "postgresql://u:12?secret/x@h/db", "postgresql://h/db?secret",
          "password=my secret host=h", "password=my secret=1 host=h", "password='secret",
          "host=h secret\"secret"}) {
        const Outcome outcome = outcome_of([&] { (void)connection_string(bad, {}); });
        EXPECT_EQ(outcome.code, "settings_invalid") << bad;
        EXPECT_EQ(outcome.text.find("secret"), std::string::npos) << bad << ": " << outcome.text;
    }
    for (const std::string good :
         {"postgresql://u:p%40ss%2F@h:5432,[::1]:5433/db?application_name=a@b", "postgresql://h/db",
          "postgresql://u:q?q@h/d", "postgresql:///db?host=/tmp/x", "postgresql://u@h"}) {
        EXPECT_NO_THROW((void)connection_string(good, {})) << good;
    }
}

TEST_F(ConnectionTest, ReadOnlySessionIsRefusedUnlessAllowed) {
    testing::Cluster::instance().execute("alter database " + database_.name() +
                                         " set default_transaction_read_only = on");
    EXPECT_EQ(outcome_of([&] { const Connection refused(url_); }).code, "server_read_only");
    Connection reader(url_, {.writable = false});
    EXPECT_EQ(reader.exec("select 1").only().integer(0), 1);
}

TEST_F(ConnectionTest, UnreachableServerIsALostConnection) {
    EXPECT_EQ(outcome_of([] { const Connection none("host=/nonexistent"); }).code,
              "connection_lost");
    EXPECT_EQ(outcome_of([&] {
                  const Connection none(testing::Cluster::instance().url("no_such_database"));
              }).code,
              "connection_lost");
}

TEST_F(ConnectionTest, SecondThreadIsABrokenCheckUnlessItAdopts) {
    Connection connection(url_);
    std::thread([&] { connection.exec("select 1"); }).join();
    EXPECT_DEATH(connection.exec("select 1"), "");
    connection.adopt();
    EXPECT_EQ(connection.exec("select 1").only().integer(0), 1);
}

TEST_F(ConnectionTest, BrokenPipeDoesNotEndTheProcess) {
    const Connection connection(url_);
    struct sigaction current {};
    ASSERT_EQ(sigaction(SIGPIPE, nullptr, &current), 0);
    EXPECT_NE(current.sa_handler, SIG_DFL);
}

// The host part of a URL of PrivatePostgres' form, as the socket's folder.
std::string host_of(const std::string& url) {
    const std::string text = connection_string(url, {});
    const auto at = text.find(" host='") + 7;
    return text.substr(at, text.find('\'', at) - at);
}

TEST(ConnectionServerTest, ShutDownUnknownCommitAndRecoveryAreTold) {
    postgres::PrivatePostgres server({.settings = {"fsync=off"}});
    const std::string url = server.url();
    // So isolated, a standby answers nothing: further down.
    Connection(url).exec("alter role all set default_transaction_isolation = serializable");
    {
        // The commit has happened, and only its answer is lost: it waits for a standby that does
        // not exist when the session is ended.
        Connection admin(url);
        admin.exec("create table item (id int)");
        admin.exec("alter system set synchronous_standby_names = 'nobody'");
        admin.exec("select pg_reload_conf()");
        ASSERT_TRUE(eventually(10s, [&] {
            return Connection(url).exec("show synchronous_standby_names").only().text(0) ==
                   "nobody";
        }));
        Connection connection(url);
        Transaction transaction(connection);
        transaction.exec("insert into item values (1)");
        EXPECT_EQ(
            outcome_when_terminated_in(url, connection, "SyncRep", [&] { transaction.commit(); })
                .code,
            "outcome_unknown");
        EXPECT_EQ(admin.exec("select from item").size(), 1U);
        admin.exec("alter system reset synchronous_standby_names");
    }
    {
        Connection connection(url);
        Transaction transaction(connection);
        server.stop();
        EXPECT_EQ(outcome_of([&] { transaction.exec("select 1"); }).code, "connection_lost");
        EXPECT_EQ(outcome_of([&] { const Connection none(url); }).code, "connection_lost");
    }
    std::filesystem::path data;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(server.directory())) {
        if (entry.path().filename() == "PG_VERSION") {
            const auto folder = entry.path().parent_path();
            if (std::filesystem::exists(folder / "postgresql.conf")) data = folder;
        }
    }
    ASSERT_FALSE(data.empty());
    std::ofstream(data / "standby.signal").close();
    server.start();
    EXPECT_EQ(outcome_of([&] { const Connection refused(url); }).code, "server_read_only");
    EXPECT_TRUE(
        Connection(url, {.writable = false}).exec("select pg_is_in_recovery()").only().boolean(0));
    EXPECT_EQ(outcome_of([&] { const Connection refused(url, {.pooled = true}); }).code,
              "server_read_only");
    Connection pooled_reader(url, {.writable = false, .pooled = true});
    EXPECT_TRUE(Transaction(pooled_reader).exec("select pg_is_in_recovery()").only().boolean(0));
    // Of two hosts the writable one is taken, wherever it stands; of two standbys none.
    const testing::TestDatabase primary;
    const std::string pair =
        "host=" + host_of(url) + "," + host_of(primary.url()) + " user=baton dbname=";
    EXPECT_FALSE(
        Connection(pair + "postgres").exec("select pg_is_in_recovery()").only().boolean(0));
    EXPECT_EQ(outcome_of([&] {
                  const Connection none("host=" + host_of(url) + "," + host_of(url) +
                                        " user=baton dbname=postgres");
              }).code,
              "server_read_only");
}

}  // namespace
}  // namespace baton::sql

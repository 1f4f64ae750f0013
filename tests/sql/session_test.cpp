// What a session of ours is, whatever the role, the database or the environment of the process
// would make of it; and dispatch(), which runs in sessions of others.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "baton/sql/dispatch.hpp"
#include "baton/sql/migrator.hpp"
#include "outcome.hpp"
#include "support/environment.hpp"
#include "support/pgbouncer.hpp"

namespace baton::sql {
namespace {

// What a role has, and what every session of ours has instead.
struct Pin {
    std::string name;
    std::string hostile;
    std::string pinned;
};

const std::vector<Pin>& pins() {
    static const std::vector<Pin> list = {
        {"client_encoding", "LATIN1", "UTF8"},
        {"TimeZone", "Asia/Kolkata", "UTC"},
        {"DateStyle", "German, DMY", "ISO, MDY"},
        {"IntervalStyle", "sql_standard", "postgres"},
        {"bytea_output", "escape", "hex"},
        {"extra_float_digits", "-15", "1"},
        {"array_nulls", "off", "on"},
        {"xmloption", "document", "content"},
        {"lc_numeric", "C.UTF-8", "C"},
        {"standard_conforming_strings", "off", "on"},
        {"backslash_quote", "on", "safe_encoding"},
        {"transform_null_equals", "on", "off"},
        {"quote_all_identifiers", "on", "off"},
        {"check_function_bodies", "off", "on"},
        {"default_transaction_isolation", "serializable", "read committed"},
        {"default_transaction_deferrable", "on", "off"},
        {"transaction_isolation", "", "read committed"},
        {"row_security", "on", "off"},
        {"statement_timeout", "20s", "0"},
        {"lock_timeout", "10s", "0"},
        {"idle_session_timeout", "60s", "0"},
        {"idle_in_transaction_session_timeout", "3s", "30s"},
        {"exit_on_error", "on", "off"},
        {"client_min_messages", "error", "notice"},
        {"search_path", "evil, pg_catalog", "baton_test, pg_temp"},
    };
    return list;
}

// For as long as it lives, the process is told that its terminal speaks another encoding.
class EncodingOfTheProcess {
public:
    explicit EncodingOfTheProcess(const char* encoding) {
        if (const char* const value = std::getenv("PGCLIENTENCODING")) before_ = value;
        ::setenv("PGCLIENTENCODING", encoding, 1);
    }
    ~EncodingOfTheProcess() {
        if (before_) {
            ::setenv("PGCLIENTENCODING", before_->c_str(), 1);
        } else {
            ::unsetenv("PGCLIENTENCODING");
        }
    }
    EncodingOfTheProcess(const EncodingOfTheProcess&) = delete;
    EncodingOfTheProcess& operator=(const EncodingOfTheProcess&) = delete;

private:
    std::optional<std::string> before_;
};

class SessionTest : public ::testing::Test {
protected:
    SessionTest() : database_(testing::environment_template()), admin_(database_.url()) {
        // A schema before pg_catalog, where `=` is a trap.
        admin_.exec("create schema evil");
        admin_.exec(
            "create function evil.trap(text, text) returns boolean language plpgsql as "
            "$$ begin raise exception 'evil.trap was called'; end $$");
        admin_.exec(
            "create operator evil.= (leftarg = text, rightarg = text, function = evil.trap)");
        admin_.exec(
            "do $$ begin if to_regrole('spoilt') is null then "
            "create role spoilt login; end if; end $$");
        admin_.exec("alter role spoilt superuser");
        admin_.exec("alter role spoilt reset all");
        for (const Pin& pin : pins()) {
            if (pin.hostile.empty()) continue;
            const std::string value =
                pin.name == "search_path" ? pin.hostile : "'" + pin.hostile + "'";
            admin_.exec("alter role spoilt set " + pin.name + " = " + value);
        }
    }

    [[nodiscard]] std::string spoilt_url() const { return database_.url() + "&user=spoilt"; }

    static void expect_pinned(Transaction& transaction, bool is_pooled = false) {
        for (Pin pin : pins()) {
            if (is_pooled && pin.name.starts_with("idle_in")) pin.pinned = "0";
            EXPECT_EQ(transaction.exec("select pg_catalog.current_setting($1)", {pin.name})
                          .only()
                          .text(0),
                      pin.pinned)
                << pin.name;
        }
    }

    const testing::TestDatabase database_;
    Connection admin_;
};

TEST_F(SessionTest, IsAsAnyOtherUnderARoleWithDefaultsOfItsOwn) {
    const EncodingOfTheProcess latin("LATIN1");
    Connection connection(spoilt_url(), testing::in_test_schema());
    Transaction transaction(connection);
    expect_pinned(transaction);
}

TEST_F(SessionTest, TransactionsThroughAPoolerAreToo) {
    if (!testing::Pgbouncer::is_installed()) GTEST_SKIP() << "no pgbouncer";
    const EncodingOfTheProcess latin("LATIN1");
    const testing::Pgbouncer bouncer(database_.url(), {"spoilt"});
    ConnectOptions options = testing::in_test_schema();
    options.pooled = true;
    Connection connection(bouncer.url(database_.name(), "spoilt"), options);
    for (int round = 0; round < 2; ++round) {
        Transaction transaction(connection);
        expect_pinned(transaction, true);
        transaction.commit();
    }
    Transaction fixed(connection, Isolation::repeatable_read);
    EXPECT_EQ(fixed.exec("show transaction_isolation").only().text(0), "repeatable read");
    EXPECT_EQ(fixed.exec("show timezone").only().text(0), "UTC");
}

TEST_F(SessionTest, APoolersSessionIsLeftAsItWasByWhoWantsADirectOne) {
    if (!testing::Pgbouncer::is_installed()) GTEST_SKIP() << "no pgbouncer";
    const testing::Pgbouncer bouncer(database_.url(), {"spoilt"});
    const std::string url = bouncer.url(database_.name(), "spoilt");
    EXPECT_EQ(outcome_of([&] { const Connection direct(url); }).code, "settings_invalid");
    pqxx::connection next(url);
    pqxx::nontransaction transaction(next);
    EXPECT_EQ(transaction.exec1("show bytea_output")[0].c_str(), std::string("escape"));
    EXPECT_EQ(transaction.exec1("show statement_timeout")[0].c_str(), std::string("20s"));
}

TEST_F(SessionTest, OutlivesAnError) {
    Connection connection(spoilt_url(), testing::in_test_schema());
    EXPECT_EQ(outcome_of([&] { connection.exec("select 1/0"); }).code, "statement_failed");
    EXPECT_EQ(connection.exec("select 1").only().integer(0), 1);
}

TEST_F(SessionTest, HasItsForeignKeysOrIsRefused) {
    admin_.exec("alter role spoilt set session_replication_role = replica");
    {
        Connection connection(spoilt_url(), testing::in_test_schema());
        EXPECT_EQ(connection.exec("show session_replication_role").only().text(0), "origin");
    }
    admin_.exec("alter role spoilt nosuperuser");
    const auto refused =
        outcome_of([&] { const Connection none(spoilt_url(), testing::in_test_schema()); });
    EXPECT_EQ(refused.code, "settings_invalid");
    EXPECT_NE(refused.text.find("reset session_replication_role"), std::string::npos)
        << refused.text;
}

TEST_F(SessionTest, EnvironmentIsInstalledAndListedByWhoHasThem) {
    Connection connection(spoilt_url(), {.schema = "pg_catalog"});
    const InstallReport report = Migrator().install(connection, "baton_second");
    EXPECT_EQ(report.version, Migrator().status(connection, "baton_second").newest_known);
    EXPECT_EQ(list_environments(connection).size(), 2U);
    EXPECT_EQ(uninstall(connection, "baton_second").roles_dropped.size(), 5U);
}

// dispatch() runs in the sessions of applications, which are as they are.
TEST_F(SessionTest, EveryWayToDispatchStoresTheSameWhateverTheSessionIs) {
    pqxx::connection connection(spoilt_url() + "&client_encoding=UTF8");
    pqxx::nontransaction transaction(connection);
    const auto id = [](int n) { return "00000000-0000-0000-0000-00000000000" + std::to_string(n); };
    transaction.exec(
        "select baton_test.dispatch('a/b', '{\"x\": \"\xc3\xa9\", \"n\": 0.1}', key => 'k', "
        "dispatch_id => '" +
        id(1) +
        "'), baton_test.dispatch_many('[{\"type\": \"c/d\", "
        "\"dispatch_id\": \"{" +
        id(2) +
        "}\"}]'), "
        "baton_test.dispatch_bytes('e/f', 'bytes'::bytea, 'text/plain', "
        "dispatch_id => '" +
        id(3) + "')");
    // The same again from a session as any other is no other content.
    Connection inside(database_.url(), testing::in_test_schema());
    inside.exec(
        "select dispatch('a/b', '{\"x\": \"\xc3\xa9\", \"n\": 0.1}', key => 'k', "
        "dispatch_id => '" +
        id(1) +
        "'), dispatch_many('[{\"type\": \"c/d\", "
        "\"dispatch_id\": \"" +
        id(2) +
        "\"}]'), dispatch_bytes('e/f', 'bytes'::bytea, "
        "'text/plain', dispatch_id => '" +
        id(3) + "')");
    const Row row = inside
                        .exec(
                            "select count(*), string_agg(payload ->> 'x', ''), "
                            "string_agg(convert_from(body, 'UTF8'), '') from event")
                        .only();
    EXPECT_EQ(row.integer(0), 3);
    EXPECT_EQ(row.text(1), "\xc3\xa9");
    EXPECT_EQ(row.text(2), "bytes");
}

TEST_F(SessionTest, DispatchFromAProgramRefusesASessionOfAnotherEncoding) {
    const EncodingOfTheProcess latin("LATIN1");
    pqxx::connection connection(database_.url());
    pqxx::work transaction(connection);
    transaction.exec("set local search_path = baton_test");
    const std::vector<NewEvent> events{{.type = "a/b", .key = "\xc3\xa9"}};
    for (const auto& refused :
         {outcome_of([&] { static_cast<void>(dispatch(transaction, events.front())); }),
          outcome_of([&] { static_cast<void>(dispatch_many(transaction, events)); })}) {
        EXPECT_EQ(refused.code, "settings_invalid");
        EXPECT_NE(refused.text.find("client_encoding is LATIN1"), std::string::npos)
            << refused.text;
    }
    EXPECT_EQ(transaction.exec1("select count(*) from event")[0].as<int>(), 0);
}

}  // namespace
}  // namespace baton::sql

// What roles, databases and the process's environment set otherwise: it must not change
// what the orchestrator reads or writes.
#include <gtest/gtest.h>

#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

struct Setting {
    std::string name;
    std::string theirs;
    std::string ours;
};

// NOLINTNEXTLINE(readability-identifier-naming): the name that GoogleTest calls.
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

class SettingTest : public ::testing::TestWithParam<Setting> {};

TEST_P(SettingTest, OfADatabaseDoesNotMatter) {
    World world;
    Cluster::instance().execute("alter database " + world.ask("select current_database()") +
                                " set " + GetParam().name + " = '" + GetParam().theirs + "'");
    const auto process = world.start({.node = "one"});
    ASSERT_TRUE(world.leads("one")) << process->error_output();
    world.ask(
        "select dispatch_bytes('mark/seen', '\\x00ff7b'::bytea, 'application/octet-stream');"
        "select dispatch('mark/made', '{\"account\": \"\u20ac\u0142\", \"fault\": \"\"}');"
        "select ring()");
    ASSERT_TRUE(
        world.comes_true("(select count(*) from mark_totals where account = '\u20ac\u0142')"
                         " = 1"))
        << process->error_output();
    sql::Connection connection(world.url(), in_test_schema());
    EXPECT_EQ(connection.exec("select current_setting('" + GetParam().name + "')").only().text(0),
              GetParam().ours);
    world.expect_exact();
}

INSTANTIATE_TEST_SUITE_P(
    Each, SettingTest,
    ::testing::Values(
        Setting{"bytea_output", "escape", "hex"}, Setting{"client_encoding", "LATIN1", "UTF8"},
        Setting{"extra_float_digits", "0", "1"}, Setting{"timezone", "Asia/Tokyo", "UTC"},
        Setting{"datestyle", "German", "ISO, MDY"},
        Setting{"intervalstyle", "iso_8601", "postgres"}, Setting{"array_nulls", "off", "on"},
        Setting{"standard_conforming_strings", "off", "on"},
        Setting{"statement_timeout", "100ms", "0"}, Setting{"idle_session_timeout", "150ms", "0"},
        Setting{"default_transaction_isolation", "serializable", "read committed"}));

TEST(SettingTest, TheProcesssOwnEncodingDoesNotMatter) {
    World world;
    const auto process =
        world.start({.node = "one", .environment = {{"PGCLIENTENCODING", "LATIN1"}}});
    world.ask("select dispatch('mark/made', '{\"account\": \"\u20ac\", \"fault\": \"\"}')");
    ASSERT_TRUE(world.comes_true("to_regclass('mark_totals') is not null"));
    ASSERT_TRUE(world.comes_true("(select count(*) from mark_totals where account = '\u20ac') = 1"))
        << process->error_output();
    world.expect_exact();
}

}  // namespace
}  // namespace baton::testing

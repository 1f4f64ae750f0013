// Installing, upgrading and removing environments, with a made-up set of migrations: what is in
// the database afterwards is compared as a whole (pg_dump), not by samples.

#include "baton/sql/migrator.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "baton/base/error.hpp"
#include "sql/made_up_migrations.hpp"
#include "support/client_program.hpp"
#include "support/cluster.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::eventually;
using testing::TestDatabase;

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string output;
    std::array<char, 4096> buffer{};
    while (const std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe.get())) {
        output.append(buffer.data(), count);
    }
    return output;
}

// The whole structure of a database, and the rows of schema_migration without their times.
std::string dump_of(const std::string& url, const std::string& options = "") {
    const std::string dump =
        output_of(testing::client_program("pg_dump") + " -s " + options + " -d '" + url + "'");
    EXPECT_NE(dump.find("database dump complete"), std::string::npos);
    std::string kept;
    for (std::size_t at = 0; at < dump.size();) {
        const auto end = dump.find('\n', at);
        const std::string line = dump.substr(at, end - at);
        // Newer pg_dumps put a random word here.
        if (!line.starts_with("\\restrict") && !line.starts_with("\\unrestrict")) {
            kept += line + "\n";
        }
        at = end + 1;
    }
    return kept;
}

std::string code_of(const std::function<void()>& action, std::string* text = nullptr) {
    try {
        action();
    } catch (const Error& error) {
        if (text) *text = error.what();
        return std::string(name_of(error.code()));
    }
    return "no error";
}

class MigratorTest : public ::testing::Test {
protected:
    // Roles belong to the cluster, not to the database.
    ~MigratorTest() override {
        for (const InstalledEnvironment& environment : list_environments(connection_)) {
            uninstall(connection_, environment.schema);
        }
    }

    std::string all_objects() {
        std::string text;
        for (const std::string query :
             {"select oid::text || relname from pg_class where relnamespace not in (select oid "
              "from pg_namespace where nspname like 'pg\\_t%')",
              "select oid::text || proname from pg_proc",
              "select oid::text || rolname from pg_roles",
              "select oid::text || nspname from pg_namespace",
              "select oid::text || typname from pg_type"}) {
            std::set<std::string> rows;
            for (const Row& row : connection_.exec(query)) rows.emplace(row.text(0));
            for (const std::string& row : rows) text += row + "\n";
        }
        return text;
    }

    TestDatabase database_;
    const std::string url_ = database_.url();
    Connection connection_{url_};
};

// Compares whole databases.
class MigratorDumpTest : public MigratorTest {
protected:
    void SetUp() override {
        if (!testing::has_pg_dump()) GTEST_SKIP() << testing::lacks_pg_dump;
    }
};

TEST_F(MigratorDumpTest, SecondInstallFindsNothingToDo) {
    const Migrator migrator(first_set);
    const InstallReport first = migrator.install(connection_, "baton_a");
    EXPECT_EQ(first.version, 1);
    EXPECT_EQ(first.migrations, std::vector<std::string>{"0001_thing"});
    EXPECT_TRUE(first.functions_installed);
    EXPECT_EQ(connection_.exec("select baton_a.count_things()").only().integer(0), 1);
    const std::string dump = dump_of(url_);
    // It must not even want a lock that readers of a view are in the way of.
    Connection reader(url_);
    Transaction reading(reader);
    reading.exec("lock baton_a.thing_view, baton_a.schema_migration in row share mode");
    const InstallReport second =
        migrator.install(connection_, "baton_a", {.wait = 50ms, .tries = 1});
    EXPECT_EQ(second.version, 1);
    EXPECT_TRUE(second.migrations.empty());
    EXPECT_FALSE(second.functions_installed);
    reading.exec("rollback");
    EXPECT_EQ(dump_of(url_), dump);
}

TEST_F(MigratorTest, TwentyAtOnceInstallOnce) {
    const Migrator migrator(first_set);
    std::vector<std::future<InstallReport>> installs;
    for (int i = 0; i < 20; ++i) {
        installs.push_back(std::async(std::launch::async, [&] {
            Connection connection(url_);
            return migrator.install(connection, "baton_a");
        }));
    }
    int migrations = 0;
    int functions = 0;
    for (auto& install : installs) {
        const InstallReport report = install.get();
        migrations += static_cast<int>(report.migrations.size());
        functions += report.functions_installed ? 1 : 0;
        EXPECT_EQ(report.version, 1);
    }
    EXPECT_EQ(migrations, 1);
    EXPECT_EQ(functions, 1);
}

TEST_F(MigratorDumpTest, UpgradeGivesWhatAFreshInstallGives) {
    const std::vector<SqlFile> newer = second_set(add_colour);
    const Migrator migrator(newer);
    Migrator(first_set).install(connection_, "baton_a");
    const InstallStatus before = migrator.status(connection_, "baton_a");
    EXPECT_EQ(before.version, 1);
    EXPECT_EQ(before.newest_known, 2);
    EXPECT_EQ(before.pending, std::vector<std::string>{"0002_colour"});
    EXPECT_EQ(before.drifted, std::vector<std::string>{"count_things"});
    EXPECT_EQ(code_of([&] { migrator.require_installed(connection_, "baton_a"); }),
              "not_installed");
    const InstallReport report = migrator.install(connection_, "baton_a");
    EXPECT_EQ(report.version, 2);
    EXPECT_EQ(report.migrations, std::vector<std::string>{"0002_colour"});
    migrator.require_installed(connection_, "baton_a");
    const TestDatabase other;
    Connection fresh(other.url());
    migrator.install(fresh, "baton_a");
    EXPECT_EQ(dump_of(url_), dump_of(other.url()));
    uninstall(fresh, "baton_a");
}

TEST_F(MigratorTest, OtherFunctionBodyIsDriftThatInstallMends) {
    const Migrator migrator(first_set);
    EXPECT_FALSE(migrator.status(connection_, "baton_a").installed);
    migrator.install(connection_, "baton_a");
    EXPECT_TRUE(migrator.status(connection_, "baton_a").drifted.empty());
    connection_.exec(
        "create or replace function baton_a.count_things() returns bigint language "
        "sql stable as 'select 7::bigint'");
    connection_.exec("drop function baton_a.things() cascade");
    EXPECT_EQ(migrator.status(connection_, "baton_a").drifted,
              (std::vector<std::string>{"count_things", "things", "thing_view"}));
    EXPECT_TRUE(migrator.install(connection_, "baton_a").functions_installed);
    EXPECT_TRUE(migrator.status(connection_, "baton_a").drifted.empty());
}

TEST_F(MigratorDumpTest, NewerSchemaIsLeftAloneAndABreakingOneRefused) {
    const Migrator older(first_set);
    const std::vector<SqlFile> compatible = second_set(add_colour);
    Migrator(compatible).install(connection_, "baton_a");
    const std::string dump = dump_of(url_);
    const InstallReport report = older.install(connection_, "baton_a");
    EXPECT_EQ(report.version, 2);
    EXPECT_FALSE(report.functions_installed);
    EXPECT_EQ(report.warnings.size(), 1U);
    EXPECT_EQ(dump_of(url_), dump) << "an older binary must not bring its older functions back";
    older.require_installed(connection_, "baton_a");

    const std::vector<SqlFile> breaking = second_set(add_colour_breaking);
    Migrator(breaking).install(connection_, "baton_b");
    EXPECT_EQ(code_of([&] { older.install(connection_, "baton_b"); }), "schema_newer");
    EXPECT_EQ(code_of([&] { older.require_installed(connection_, "baton_b"); }), "schema_newer");
    EXPECT_TRUE(older.status(connection_, "baton_b").newer_is_breaking);
}

TEST_F(MigratorTest, UninstallLeavesNothingAndTouchesNoOther) {
    const Migrator migrator(first_set);
    migrator.install(connection_, "baton_a");
    const std::string before = all_objects();
    migrator.install(connection_, "baton_b");
    EXPECT_NE(all_objects(), before);
    EXPECT_EQ(list_environments(connection_).size(), 2U);
    const UninstallReport report = uninstall(connection_, "baton_b");
    EXPECT_EQ(report.roles_dropped.size(), 5U);
    EXPECT_EQ(all_objects(), before);
    const std::vector<InstalledEnvironment> left = list_environments(connection_);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].schema, "baton_a");
    EXPECT_EQ(left[0].version, 1);
    EXPECT_EQ(code_of([&] { uninstall(connection_, "baton_b"); }), "not_installed");
    EXPECT_EQ(code_of([&] { uninstall(connection_, "public"); }), "not_installed");
}

TEST_F(MigratorTest, UninstallDropsNothingOfTheApplications) {
    Migrator(first_set).install(connection_, "baton_a");
    connection_.exec("create view public.report as select * from baton_a.thing_view");
    std::string text;
    EXPECT_EQ(code_of([&] { uninstall(connection_, "baton_a"); }, &text), "usage");
    EXPECT_NE(text.find("report"), std::string::npos) << text;
    connection_.exec(
        "drop view public.report; create table public.mine ();"
        "grant select on public.mine to baton_a_node");
    const UninstallReport report = uninstall(connection_, "baton_a");
    EXPECT_EQ(report.roles_kept, std::vector<std::string>{"baton_a_node"});
    connection_.exec("drop table public.mine; drop role baton_a_node");
}

TEST_F(MigratorDumpTest, PrintedTextThroughPsqlGivesTheSameSchema) {
    const std::vector<SqlFile> files = second_set(add_colour_breaking);
    const Migrator migrator(files);
    const TestDatabase other;
    const std::string file = (std::filesystem::temp_directory_path() / (other.name() + ".sql"));
    std::ofstream(file) << migrator.print("baton_a");
    const std::string said =
        output_of(testing::client_program("psql") + " -q -v ON_ERROR_STOP=1 -d '" + other.url() +
                  "' -f " + file + " 2>&1");
    std::filesystem::remove(file);
    EXPECT_EQ(said, "") << "void answers and notices";
    migrator.install(connection_, "baton_a");
    EXPECT_EQ(dump_of(other.url()), dump_of(url_));
    Connection printed(other.url());
    EXPECT_EQ(migrator.install(printed, "baton_a").migrations.size(), 0U);
    EXPECT_TRUE(migrator.status(printed, "baton_a").functions_current);
    const auto rows = [](Connection& connection) {
        std::string text;
        for (const Row& row : connection.exec(
                 "select version, name, breaking from baton_a.schema_migration order by 1")) {
            text += std::string(row.text(0)) + " " + std::string(row.text(1)) + " " +
                    std::string(row.text(2)) + "\n";
        }
        return text;
    };
    EXPECT_EQ(rows(printed), rows(connection_));
    EXPECT_EQ(rows(printed), "1 0001_thing f\n2 0002_colour t\n");
    uninstall(printed, "baton_a");
}

TEST_F(MigratorTest, FailedMigrationLeavesTheOneBefore) {
    const std::vector<SqlFile> files =
        second_set("alter table thing add column colour text; alter table nothing add x int;\n");
    EXPECT_EQ(code_of([&] { Migrator(files).install(connection_, "baton_a"); }),
              "statement_failed");
    EXPECT_EQ(Migrator(first_set).status(connection_, "baton_a").version, 1);
    const std::vector<SqlFile> mended = second_set(add_colour);
    EXPECT_EQ(Migrator(mended).install(connection_, "baton_a").version, 2);
}

// The longest that anyone waited is the bound, however long the reader stays.
TEST_F(MigratorTest, WaitingMigrationNeverQueuesOthersForLongerThanItsTimeout) {
    Migrator(first_set).install(connection_, "baton_a");
    connection_.exec("insert into baton_a.thing values (1, 'x')");
    const std::vector<SqlFile> files = second_set(add_colour);
    const Migrator newer(files);
    Connection reader(url_);
    Transaction reading(reader);
    reading.exec("select * from baton_a.thing");

    std::atomic<bool> done = false;
    auto longest = std::async(std::launch::async, [&] {
        Connection writer(url_);
        Clock::duration worst{};
        int count = 0;
        while (!done || count == 0) {
            const auto start = Clock::now();
            Transaction transaction(writer);
            transaction.exec("update baton_a.thing set body = body || '' where id = 1");
            transaction.commit();
            worst = std::max(worst, Clock::now() - start);
            ++count;
        }
        return worst;
    });
    const LockLimits limits{.wait = 200ms, .tries = 4, .pause_first = 20ms, .pause_longest = 50ms};
    std::string text;
    const auto start = Clock::now();
    EXPECT_EQ(code_of([&] { newer.install(connection_, "baton_a", limits); }, &text),
              "lock_unavailable");
    const auto took = Clock::now() - start;
    EXPECT_GE(took, 800ms) << "four tries of 200 ms";
    EXPECT_LT(took, 10s) << "and not some other time, for which all others would stand behind it";
    EXPECT_NE(text.find("0002_colour"), std::string::npos) << text;
    done = true;
    const auto worst = longest.get();
    EXPECT_GE(worst, 100ms) << "the writer did stand in the queue, or this test proves nothing";
    EXPECT_LT(worst, took) << "between two tries it got through";

    // With the reader gone while it still tries, it gets through.
    const LockLimits patient{
        .wait = 200ms, .tries = 100, .pause_first = 20ms, .pause_longest = 50ms};
    connection_.release();
    auto upgraded = std::async(std::launch::async, [&] {
        const InstallReport report = newer.install(connection_, "baton_a", patient);
        connection_.release();
        return report.version;
    });
    Connection watcher(url_);
    ASSERT_TRUE(eventually(10s, [&] {
        return !watcher
                    .exec(
                        "select from pg_locks where not granted and relation = "
                        "'baton_a.thing'::regclass")
                    .empty();
    }));
    reading.commit();
    EXPECT_EQ(upgraded.get(), 2);
}

TEST_F(MigratorTest, InstallerThatIsWaitedForTooLongIsAnError) {
    Connection other(url_);
    Transaction holding(other);
    holding.exec("select pg_advisory_xact_lock(hashtextextended('baton install', 0))");
    const LockLimits limits{.wait = 30ms, .tries = 3, .pause_first = 1ms, .pause_longest = 2ms};
    std::string text;
    EXPECT_EQ(code_of([&] { Migrator(first_set).install(connection_, "baton_a", limits); }, &text),
              "lock_unavailable");
    EXPECT_NE(text.find("held by process " + std::to_string(other.backend_pid()) + " of baton"),
              std::string::npos)
        << text;
}

TEST_F(MigratorTest, WithoutTheRightToCreateRolesNothingIsBegun) {
    connection_.exec(
        "do $$ begin if not exists (select from pg_roles where rolname = 'plain') then "
        "create role plain login; end if; end $$");
    connection_.exec("grant create on database " + database_.name() + " to plain");
    Connection acting(url_);
    acting.exec("set role plain");
    std::string text;
    EXPECT_EQ(code_of([&] { Migrator(first_set).install(acting, "baton_a"); }, &text),
              "schema_untrusted");
    EXPECT_NE(text.find("connect as plain"), std::string::npos) << text;
    Connection plain(url_ + "&user=plain");
    EXPECT_EQ(code_of([&] { Migrator(first_set).install(plain, "baton_a"); }, &text),
              "settings_invalid");
    EXPECT_NE(text.find("create role baton_a_dispatch nologin"), std::string::npos) << text;
    EXPECT_FALSE(Migrator(first_set).status(connection_, "baton_a").installed);
    for (const char* role : {"dispatch", "node", "orchestrate", "observe", "tenant"}) {
        connection_.exec(std::string("create role baton_a_") + role + " nologin");
    }
    EXPECT_EQ(Migrator(first_set).install(plain, "baton_a").version, 1);
    uninstall(connection_, "baton_a");
    connection_.exec("drop owned by plain; drop role plain");
}

TEST_F(MigratorTest, ForeignSchemaAndImpossibleNamesAreRefused) {
    connection_.exec("create schema shop; create table shop.item ()");
    const Migrator migrator(first_set);
    EXPECT_EQ(code_of([&] { migrator.install(connection_, "shop"); }), "name_invalid");
    EXPECT_EQ(code_of([&] { migrator.install(connection_, "a\"; drop"); }), "name_invalid");
    EXPECT_EQ(code_of([&] { migrator.install(connection_, std::string(52, 'a')); }),
              "name_invalid");
    connection_.exec("create schema \"select\"");
    EXPECT_EQ(migrator.install(connection_, "select").version, 1)
        << "an empty schema is no obstacle";
}

TEST_F(MigratorTest, WhatIsBuiltInInstalls) {
    const Migrator migrator;
    const InstallReport report = migrator.install(connection_, "baton_real");
    EXPECT_EQ(report.version, migrator.status(connection_, "baton_real").newest_known);
    EXPECT_TRUE(migrator.status(connection_, "baton_real").drifted.empty());
    EXPECT_TRUE(migrator.install(connection_, "baton_real").migrations.empty());
}

}  // namespace
}  // namespace baton::sql

// What somebody changed of an environment's functions and views, and what was left behind, as
// `environment status` and `upgrade` see it.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "baton/sql/embedded.hpp"
#include "baton/sql/migrator.hpp"
#include "support/cluster.hpp"

namespace baton::sql {
namespace {

using testing::TestDatabase;
using Names = std::vector<std::string>;

class DriftTest : public ::testing::Test {
protected:
    void SetUp() override {
        (void)migrator_.install(connection_, schema_);
        ASSERT_EQ(status().drifted, Names());
        ASSERT_EQ(status().orphans, Names());
        ASSERT_TRUE(status().functions_current);
    }
    void TearDown() override { (void)uninstall(connection_, schema_); }

    InstallStatus status() { return migrator_.status(connection_, schema_); }
    void run(const std::string& statement) {
        Transaction transaction(connection_);
        transaction.exec("set local search_path = " + schema_);
        transaction.exec(statement);
        transaction.commit();
    }
    std::string definition_of(const std::string& view) {
        const Result rows =
            connection_.exec("select pg_get_viewdef('" + schema_ + "." + view + "'::regclass)");
        return std::string(rows.only().text(0));
    }
    // An upgrade puts right what was changed.
    void expect_mended() {
        EXPECT_TRUE(migrator_.install(connection_, schema_).functions_installed);
        EXPECT_EQ(status().drifted, Names());
        EXPECT_FALSE(migrator_.install(connection_, schema_).functions_installed);
    }

    TestDatabase database_;
    Connection connection_{database_.url()};
    const std::string schema_ = "baton_" + database_.name();
    const Migrator migrator_;
};

TEST_F(DriftTest, AFunctionThatWasBoundIsSeen) {
    run("create or replace function origin_id(window_number bigint) returns bigint language sql "
        "stable return 0::bigint");
    EXPECT_EQ(status().drifted, Names{"origin_id"});
    expect_mended();
}

TEST_F(DriftTest, ABoundFunctionThatHasATextNowIsSeen) {
    run("create or replace function origin_id(window_number bigint) returns bigint language sql "
        "stable as 'select 0::bigint'");
    EXPECT_EQ(status().drifted, Names{"origin_id"});
    expect_mended();
}

TEST_F(DriftTest, AViewIsSeen) {
    const std::string before = definition_of("event_partition");
    run("create or replace view event_partition as select * from (" +
        before.substr(0, before.find(';')) + ") as p where p.upper_id > 0");
    EXPECT_EQ(status().drifted, Names{"event_partition"});
    expect_mended();
    EXPECT_EQ(definition_of("event_partition"), before);
}

TEST_F(DriftTest, AViewThatIsGoneIsSeen) {
    run("drop view event_partition cascade");
    EXPECT_EQ(status().drifted, Names{"event_partition"});
    expect_mended();
}

// What is asked depends on nothing of the session.
TEST_F(DriftTest, ASessionOfAnotherKindSeesNone) {
    connection_.exec("set quote_all_identifiers = on");
    connection_.exec("set search_path = " + schema_ + ", public");
    EXPECT_EQ(status().drifted, Names());
}

TEST_F(DriftTest, WhatAnotherProgramBroughtIsAnOrphan) {
    std::vector<SqlFile> files(embedded_sql().begin(), embedded_sql().end());
    files.push_back({"functions/internal/gone.sql",
                     "-- gone: a number.\n"
                     "create or replace function gone(of integer) returns integer\n"
                     "language sql stable set search_path from current as $$ select 1 $$;\n"});
    (void)Migrator(files).install(connection_, schema_);
    EXPECT_EQ(status().orphans, Names{"gone(integer)"});
    const InstallReport report = migrator_.install(connection_, schema_);
    ASSERT_EQ(report.warnings.size(), 1U);
    EXPECT_EQ(report.warnings[0],
              schema_ +
                  " has functions that this binary does not carry: gone(integer); drop them "
                  "unless somebody needs them");
    run("drop function gone(integer)");
    EXPECT_EQ(migrator_.install(connection_, schema_).warnings, Names());
}

TEST_F(DriftTest, WhatStandsBesideOneOfOursIsAnOrphan) {
    run("create function dispatch(type text) returns bigint language sql as 'select 1::bigint'");
    EXPECT_EQ(status().orphans, Names{"dispatch(text)"});
    EXPECT_EQ(status().drifted, Names());
}

TEST_F(DriftTest, WhatAFileMakesForOtherArgumentsTooIsOurs) {
    run("create or replace function roll_back(name text, when_ready boolean default false, "
        "nodes integer default 1) returns bigint language sql as 'select 1::bigint'");
    EXPECT_EQ(status().drifted, Names{"roll_back"});
    (void)migrator_.install(connection_, schema_);
    EXPECT_EQ(status().drifted, Names());
    EXPECT_EQ(status().orphans, Names());
    run("create function roll_back(name text) returns bigint language sql as 'select 1::bigint'");
    EXPECT_EQ(status().orphans, Names{"roll_back(text)"});
}

TEST_F(DriftTest, WhatASqlReducersFileMadeIsNone) {
    run("create function totals_help() returns bigint language sql as 'select 1::bigint'");
    run("create function totals__v1_seen() returns bigint language sql as 'select 1::bigint'");
    run("create function totals__v1() returns void language sql as 'select totals_help()'");
    EXPECT_EQ(status().orphans, Names());
}

}  // namespace
}  // namespace baton::sql

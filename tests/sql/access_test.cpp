// Who may call what, as the line Access in the head of a file says it: what is built in, with a
// function and a view more, is installed, and Postgres is asked.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "baton/sql/embedded.hpp"
#include "baton/sql/migrator.hpp"
#include "support/cluster.hpp"

namespace baton::sql {
namespace {

using testing::TestDatabase;

class AccessTest : public ::testing::Test {
protected:
    void SetUp() override {
        connection_.exec("create role " + stranger_);
        connection_.exec("grant usage on schema public to " + stranger_);
    }
    void TearDown() override {
        (void)uninstall(connection_, schema_);
        connection_.exec("drop owned by " + stranger_ + "; drop role " + stranger_);
    }

    // As if there were these two files more.
    void install(const std::string& access) {
        function_ = "-- asked: a number.\n" + access +
                    "create or replace function asked() returns integer\n"
                    "language sql stable set search_path from current as $$ select 1 $$;\n";
        view_ = "-- shown: a number.\n" + access +
                "create or replace view shown as select 1 as number;\n";
        std::vector<SqlFile> files(embedded_sql().begin(), embedded_sql().end());
        files.push_back({"functions/internal/asked.sql", function_});
        files.push_back({"views/shown.sql", view_});
        (void)Migrator(files).install(connection_, schema_);
    }

    // "dispatch observe": who may call the one, and read the other.
    std::string who_may(const std::string& privilege) {
        std::string words;
        for (const std::string word : {"dispatch", "node", "observe", "orchestrate", ""}) {
            const std::string role = word.empty() ? stranger_ : schema_ + '_' + word;
            const std::string question =
                privilege == "execute"
                    ? "has_function_privilege('" + role + "', '" + schema_ + ".asked()', 'execute')"
                    : "has_table_privilege('" + role + "', '" + schema_ + ".shown', 'select')";
            if (connection_.exec("select " + question).only().boolean(0)) {
                words += (words.empty() ? "" : " ") + (word.empty() ? "anybody" : word);
            }
        }
        return words;
    }

    TestDatabase database_;
    Connection connection_{database_.url()};
    const std::string schema_ = "baton_" + database_.name();
    const std::string stranger_ = "stranger_" + database_.name();
    std::string function_, view_;
};

TEST_F(AccessTest, WithoutTheLineItIsNobodys) {
    install("");
    EXPECT_EQ(who_may("execute"), "");
    EXPECT_EQ(who_may("select"), "");
}

TEST_F(AccessTest, ItIsTheirsWhomTheLineNames) {
    install("-- Access: dispatch, observe\n");
    EXPECT_EQ(who_may("execute"), "dispatch observe");
    EXPECT_EQ(who_may("select"), "dispatch observe");
}

TEST_F(AccessTest, WhomTheLineNamesNoMoreLosesIt) {
    install("-- Access: node, orchestrate\n");
    EXPECT_EQ(who_may("execute"), "node orchestrate");
    install("-- Access: node\n");
    EXPECT_EQ(who_may("execute"), "node");
    EXPECT_EQ(who_may("select"), "node");
}

// What is no longer carried stays behind, and is called by nobody.
TEST_F(AccessTest, WhatIsNoLongerCarriedIsNobodys) {
    install("-- Access: observe\n");
    (void)Migrator().install(connection_, schema_);
    EXPECT_EQ(who_may("execute"), "");
}

TEST_F(AccessTest, WhatASqlReducersFileMadeIsStillTheOrchestratorsAfterAnUpgrade) {
    install("");
    {
        Transaction transaction(connection_);
        transaction.exec("set local search_path = " + schema_);
        transaction.exec(
            "insert into reducer_version (name, version, build, language, columns) "
            "values ('sum', 1, 'b', 'sql', '[]')");
        transaction.exec(
            "create table sum__v1 (k text primary key, position bigint not null);"
            "create function sum__v1() returns void language sql as '';"
            "create function sum__v1_seen() returns integer language sql as 'select 1';"
            "revoke all on function sum__v1_seen() from public");
        transaction.commit();
    }
    install("-- Access: observe\n");
    EXPECT_TRUE(connection_
                    .exec("select has_function_privilege('" + schema_ + "_orchestrate', '" +
                          schema_ + ".sum__v1_seen()', 'execute')")
                    .only()
                    .boolean(0));
}

}  // namespace
}  // namespace baton::sql

// An empty argument, as a script gives it whose variable is not set, is refused: never taken for
// one that is absent.

#include <gtest/gtest.h>

#include "baton/sql/connection.hpp"
#include "support/cluster.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

TEST(EmptyArgumentTest, IsNeverAnAbsentOne) {
    const Tool tool;
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"environment", "uninstall", "", "--yes"},
             {"environment", "install", ""},
             {"environment", "revoke", "production", ""},
             {"environment", "uninstall", "dev", "--yes", "--env", ""},
             {"status", "--env", ""},
             {"status", "--env="},
             {"status", "--url", ""},
             {"status", "--url=", "--json"},
             {"dispatch", ""},
             {"dispatch", "a/b", ""},
             {"dispatch", "--ndjson", ""},
             {"view", ""},
             {"orchestrate", "--node", ""},
             {"promote", "", ""}}) {
        const Ran ran = tool.run(arguments);
        EXPECT_EQ(ran.code, 2) << arguments[0] << " " << arguments[1] << ": " << ran.out;
        EXPECT_NE(ran.err.find(" is empty: give it a value, or leave it out; see `baton "),
                  std::string::npos)
            << arguments[0] << " " << arguments[1] << ": " << ran.err;
    }
}

TEST(EmptyArgumentTest, UninstallOfAnEmptyNameDropsNothing) {
    const TestDatabase database;
    Tool tool(database);
    EXPECT_EQ(tool.run({"environment", "install", "dev"}).code, 0);
    EXPECT_EQ(tool.run({"environment", "uninstall", "", "--yes"}).code, 2);
    sql::Connection connection(database.url());
    EXPECT_TRUE(
        connection.exec("select to_regnamespace('baton_dev') is not null").only().boolean(0));
    EXPECT_EQ(tool.run({"environment", "uninstall", "dev", "--yes"}).code, 0);
}

}  // namespace
}  // namespace baton::testing

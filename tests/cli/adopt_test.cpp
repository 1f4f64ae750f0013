// baton environment adopt: what it asks, what it says, and that the other verbs tell of a copy.

#include <gtest/gtest.h>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class AdoptVerbTest : public ::testing::Test {
protected:
    // As if it were a restored dump.
    void SetUp() override {
        connection_.exec("update environment_home set table_id = 1");
        connection_.exec(
            "insert into handler (name, live_version, requirement) values ('send', 1, 1)");
        connection_.exec(
            "insert into handler_version (handler, version, build, runs_as) "
            "values ('send', 1, 'b', 1)");
        connection_.exec("insert into requirement (handler, version) values ('send', 1)");
        connection_.exec("select enqueue('send')");
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    const Tool tool_{database_};
};

TEST_F(AdoptVerbTest, EveryVerbOfTheStateTellsOfACopy) {
    const std::string told = "it was restored from a dump and nobody has said what it is now";
    const Ran status = tool_.run({"environment", "status", "test"});
    EXPECT_EQ(status.code, 1);
    EXPECT_NE(status.out.find(told), std::string::npos) << status.out;
    EXPECT_NE(tool_.run({"environment", "status", "test", "--json"}).out.find("\"unadopted\": \""),
              std::string::npos);
    EXPECT_NE(tool_.run({"status", "--json"}).out.find(told), std::string::npos);
    EXPECT_EQ(tool_.run({"status", "--check"}).code, 1);
    EXPECT_NE(tool_.run({"doctor", "--json"}).out.find(told), std::string::npos);
    const Ran install = tool_.run({"environment", "install", "test", "--kind", "production"});
    EXPECT_EQ(install.code, 0) << install.err;
    EXPECT_EQ(tool_.run({"environment", "status", "test"}).code, 1) << "it adopts nothing";
}

TEST_F(AdoptVerbTest, ItSaysWhatBecameOfTheTasks) {
    const Ran first = tool_.run({"environment", "adopt", "test", "--as", "staging"});
    EXPECT_EQ(first.code, 0) << first.err;
    EXPECT_EQ(first.out, "test: of kind staging, and at home here; 1 task was cancelled\n");
    EXPECT_EQ(tool_.run({"environment", "adopt", "test", "--as", "staging"}).out,
              "test: of kind staging here; there was nothing to adopt\n");
    const Ran laxer = tool_.run({"environment", "adopt", "test", "--as", "development"});
    EXPECT_EQ(laxer.code, 2);
    EXPECT_EQ(laxer.err,
              "baton: the environment test is at home here, as one of kind staging: there is "
              "nothing to adopt [BT016]\n");
    EXPECT_EQ(tool_.run({"environment", "status", "test"}).code, 0);
}

TEST_F(AdoptVerbTest, ProductionWantsToBeMeant) {
    const Ran asked = tool_.run({"environment", "adopt", "test", "--as", "production"});
    EXPECT_EQ(asked.code, 2);
    EXPECT_EQ(asked.err,
              "baton: from then on test in this database is production: its nodes do what waits "
              "there, wherever it was copied from; add --yes to mean it [BT027]\n");
    EXPECT_EQ(tool_.run({"environment", "status", "test"}).code, 1);
    const Ran meant = tool_.run({"environment", "adopt", "test", "--as", "production", "--yes"});
    EXPECT_EQ(meant.out, "test: of kind production, and at home here; no task was cancelled\n")
        << meant.err;
    EXPECT_EQ(tool_.run({"environment", "adopt", "test", "--as", "shop"}).code, 2);
    EXPECT_EQ(tool_.run({"environment", "adopt", "test"}).code, 2);
}

}  // namespace
}  // namespace baton::testing

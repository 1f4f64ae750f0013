// baton tenants …, and `tenants = true` in the environment's file.
#include <gtest/gtest.h>

#include <filesystem>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class TenantsVerbTest : public ::testing::Test {
protected:
    void SetUp() override { connection_.exec("create role " + login_ + " login"); }
    void TearDown() override {
        connection_.exec("drop owned by " + login_ + "; drop role " + login_);
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    const std::string login_ = "acme_" + database_.name();
    const Tool tool_{database_};
};

TEST_F(TenantsVerbTest, SaysWhichLoginBelongsToWhom) {
    EXPECT_EQ(tool_.run({"tenants", "list"}).out, "no login belongs to a tenant\n");
    EXPECT_EQ(tool_.run({"tenants", "on"}).out, "tenants are kept apart\n");
    const Ran neither = tool_.run({"tenants", "add", login_});
    EXPECT_NE(neither.code, 0);
    EXPECT_NE(neither.err.find("--binds"), std::string::npos) << neither.err;
    const Ran added = tool_.run({"tenants", "add", login_, "--tenant", "acme"});
    EXPECT_EQ(added.out, login_ + " sees what tenant acme has\n") << added.err;
    const Ran list = tool_.run({"tenants", "list", "--json"});
    EXPECT_NE(list.out.find("\"login\": \"" + login_ + "\", \"tenant\": \"acme\""),
              std::string::npos)
        << list.out;
    EXPECT_EQ(tool_.run({"tenants", "remove", login_}).code, 0);
    const Ran again = tool_.run({"tenants", "remove", login_});
    EXPECT_EQ(again.code, 1);
    EXPECT_NE(again.err.find("BT069"), std::string::npos) << again.err;
    EXPECT_EQ(tool_.run({"tenants", "off"}).out, "tenants are not kept apart any more\n");
}

TEST_F(TenantsVerbTest, FileSwitchesThemWhereItSaysSo) {
    std::filesystem::create_directory(tool_.folder() / "environments");
    const auto file = [&](const std::string& more) {
        return tool_.write("environments/test.toml",
                           "name = \"test\"\nkind = \"development\"\n" + more);
    };
    const auto is_on = [&] {
        return connection_.exec("select is_on from tenancy").only().boolean(0);
    };
    file("");
    EXPECT_EQ(tool_.run({"environment", "upgrade", "test"}).code, 0);
    EXPECT_FALSE(is_on());
    file("[policy]\ntenants = true\n");
    const Ran upgraded = tool_.run({"environment", "upgrade", "test"});
    EXPECT_EQ(upgraded.code, 0) << upgraded.err;
    EXPECT_TRUE(is_on());
    file("");
    EXPECT_EQ(tool_.run({"environment", "upgrade", "test"}).code, 0);
    EXPECT_TRUE(is_on()) << "what it does not say it does not change";
    file("[policy]\ntenants = false\n");
    EXPECT_NE(
        tool_.run({"environment", "upgrade", "test", "--print"}).out.find("set_tenants(false)"),
        std::string::npos);
    EXPECT_EQ(tool_.run({"environment", "upgrade", "test"}).code, 0);
    EXPECT_FALSE(is_on());
}

}  // namespace
}  // namespace baton::testing

// baton environment …, on a database of its own.
#include <gtest/gtest.h>

#include <filesystem>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

TEST(EnvironmentVerbTest, InstallsOnceAndTellsHowItStands) {
    const TestDatabase database;
    const Tool tool(database);
    const Ran absent = tool.run({"environment", "status", "shop"});
    EXPECT_EQ(absent.code, 1);
    EXPECT_NE(absent.out.find("not installed; run `baton environment install shop`"),
              std::string::npos)
        << absent.out;

    const Ran first = tool.run({"environment", "install", "shop"});
    EXPECT_EQ(first.code, 0) << first.err;
    EXPECT_EQ(first.out.find("shop: schema baton_shop is at version "), 0U) << first.out;
    EXPECT_NE(first.out.find("ran 0001_log"), std::string::npos) << first.out;
    const Ran second = tool.run({"environment", "install", "shop"});
    EXPECT_EQ(second.code, 0);
    EXPECT_NE(second.out.find("; nothing to do\n"), std::string::npos) << second.out;

    EXPECT_EQ(tool.run({"environment", "status", "shop"}).code, 0);
    const Ran list = tool.run({"environment", "list"});
    EXPECT_NE(list.out.find("baton_shop"), std::string::npos) << list.out;
    EXPECT_EQ(tool.run({"environment", "uninstall", "shop", "--yes"}).code, 0);
}

TEST(EnvironmentVerbTest, PrintedSqlInstallsTheSame) {
    const TestDatabase database;
    const Tool tool(database);
    const Ran printed = tool.run({"environment", "install", "shop", "--print"});
    ASSERT_EQ(printed.code, 0) << printed.err;
    {
        sql::Connection connection(database.url());
        connection.exec(printed.out);
    }
    const Ran status = tool.run({"environment", "status", "shop"});
    EXPECT_EQ(status.code, 0) << status.out;
    EXPECT_NE(status.out.find("up to date"), std::string::npos) << status.out;
    EXPECT_EQ(tool.run({"environment", "uninstall", "shop", "--yes"}).code, 0);
}

TEST(EnvironmentVerbTest, ADatabaseThatIsNotUtf8IsRefusedBeforeAnythingIsMade) {
    const TestDatabase database;
    const Tool tool(database);
    const std::string name = database.name() + "_latin";
    sql::Connection server(database.url());
    for (const std::string encoding : {"LATIN1", "SQL_ASCII"}) {
        server.exec("create database " + name + " encoding '" + encoding +
                    "' lc_collate 'C' lc_ctype 'C' template template0");
        std::string url = database.url();
        url.replace(url.find(database.name()), database.name().size(), name);
        const std::string fault = "database " + name + " has the encoding " + encoding +
                                  "; Baton needs UTF8: `create database " + name +
                                  "_utf8 encoding 'UTF8' template template0`, and take that one";
        const Ran refused = tool.run({"environment", "install", "shop", "--url", url});
        EXPECT_EQ(refused.code, 2);
        EXPECT_EQ(refused.err, "baton: " + fault + " [BT016]\n");
        EXPECT_EQ(sql::Connection(url)
                      .exec("select count(*) from pg_namespace where nspname = 'baton_shop'")
                      .only()
                      .integer(0),
                  0);
        const Ran doctor = tool.run({"doctor", "--env", "shop", "--url", url});
        EXPECT_EQ(doctor.code, 1);
        EXPECT_NE(doctor.out.find("problem  encoding              " + fault + "\n"),
                  std::string::npos)
            << doctor.out;
        server.exec("drop database " + name);
    }
}

// A role of the server's, dropped with the test.
class Login {
public:
    Login(const TestDatabase& database, const std::string& options)
        : name_("login_" + database.name()), url_(database.url()) {
        sql::Connection(url_).exec("create role " + name_ + " login " + options);
    }
    ~Login() { sql::Connection(url_).exec("drop owned by " + name_ + "; drop role " + name_); }
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string url() const { return url_ + "&user=" + name_; }

private:
    std::string name_;
    std::string url_;
};

TEST(EnvironmentVerbTest, WithoutTheRightToCreateRolesASingleRoleIsOffered) {
    const TestDatabase database;
    const Tool tool(database);
    const Login owner(database, "");
    sql::Connection(database.url())
        .exec("grant create on database " + database.name() + " to " + owner.name());
    const Ran refused = tool.run({"environment", "install", "single", "--url", owner.url()});
    EXPECT_EQ(refused.code, 2) << refused.err;
    EXPECT_NE(refused.err.find("create role baton_single_dispatch nologin"), std::string::npos);
    EXPECT_NE(refused.err.find("install with --single-role"), std::string::npos) << refused.err;

    const Ran installed =
        tool.run({"environment", "install", "single", "--single-role", "--url", owner.url()});
    EXPECT_EQ(installed.code, 0) << installed.err;
    EXPECT_NE(installed.err.find("baton_single is in single-role mode, which is weaker"),
              std::string::npos)
        << installed.err;
    const Ran doctor = tool.run({"doctor", "--env", "single", "--url", owner.url()});
    EXPECT_NE(doctor.out.find("single-role mode, which is weaker"), std::string::npos)
        << doctor.out << doctor.err;
    EXPECT_EQ(tool.run({"environment", "uninstall", "single", "--yes"}).code, 0);
}

TEST(EnvironmentVerbTest, MemberOfObserveSeesEverythingAndNeedsNoTable) {
    const TestDatabase database(environment_template());
    const Tool tool(database);
    const Login observer(database, "in role baton_test_observe");
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"status"},
                                               {"log"},
                                               {"dead", "list"},
                                               {"doctor"},
                                               {"view", "nothing"},
                                               {"environment", "status", "test"},
                                               {"environment", "list"}}) {
        std::vector<std::string> with_url = arguments;
        with_url.insert(with_url.end(), {"--url", observer.url()});
        const Ran ran = tool.run(with_url);
        EXPECT_EQ((ran.out + ran.err).find("permission denied"), std::string::npos)
            << arguments[0] << ": " << ran.out << ran.err;
    }
    EXPECT_EQ(tool.run({"environment", "status", "test", "--url", observer.url()}).code, 0);
}

TEST(EnvironmentVerbTest, UpgradeOfWhatIsNotThereIsRefused) {
    const TestDatabase database;
    const Ran ran = Tool(database).run({"environment", "upgrade", "shop"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.err,
              "baton: the environment shop is not installed in this database; run `baton "
              "environment install shop` [BT009]\n");
}

TEST(EnvironmentVerbTest, UninstallWantsToBeMeant) {
    const TestDatabase database(environment_template());
    const Tool tool(database);
    const Ran ran = tool.run({"environment", "uninstall", "test"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(
        ran.err,
        "baton: uninstall drops every event and view of test; add --yes to mean it [BT027]\n");
    EXPECT_EQ(tool.run({"environment", "status", "test"}).code, 0);
}

TEST(EnvironmentVerbTest, TwoNamesThatDifferAreRefused) {
    const TestDatabase database(environment_template());
    const Tool tool(database);
    for (const std::vector<std::string>& verb :
         {std::vector<std::string>{"uninstall", "test", "--yes"},
          {"install", "test"},
          {"install", "test", "--print"},
          {"upgrade", "test"},
          {"status", "test"},
          {"set-limit", "test", "max_lag", "5"}}) {
        std::vector<std::string> arguments{"environment"};
        arguments.insert(arguments.end(), verb.begin(), verb.end());
        arguments.insert(arguments.end(), {"--env", "dev"});
        const Ran ran = tool.run(arguments);
        EXPECT_EQ(ran.code, 2) << verb.front();
        EXPECT_EQ(ran.err,
                  "baton: NAME is \"test\" and --env is \"dev\"; give one of them [BT027]\n");
        EXPECT_EQ(ran.out, "");
    }
    EXPECT_EQ(tool.run({"environment", "status", "test", "--env", "test"}).code, 0);
}

TEST(EnvironmentVerbTest, NameDecidesTheKindAndAnUnknownOneMustBeGiven) {
    Tool tool;
    tool.set("DATABASE_URL", "postgresql:///shop");
    const Ran production = tool.run({"environment", "show", "production"});
    EXPECT_NE(production.out.find("kind                            production"), std::string::npos)
        << production.out;
    EXPECT_NE(production.out.find("policy.on_poison                halt"), std::string::npos)
        << production.out;
    const Ran unknown = tool.run({"environment", "show", "shop"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_EQ(unknown.err,
              "baton: the kind of the environment \"shop\" is not known: give --kind or set "
              "BATON_KIND (production, staging or development), or write environments/shop.toml "
              "[BT016]\n");
    EXPECT_EQ(tool.run({"environment", "show", "shop", "--kind", "staging"}).code, 0);
    EXPECT_EQ(tool.run({"orchestrate", "--env", "shop"}).err, unknown.err);
}

TEST(EnvironmentVerbTest, ViewsAndGrantsOfAnotherBuildAreNotUpToDate) {
    const TestDatabase database(environment_template());
    const Tool tool(database);
    {
        sql::Connection connection(database.url());
        connection.exec("comment on table baton_test.schema_migration is 'baton other'");
    }
    const Ran status = tool.run({"environment", "status", "test"});
    EXPECT_EQ(status.code, 1);
    EXPECT_NE(status.out.find("run `baton environment upgrade test`"), std::string::npos)
        << status.out;
    const Ran doctor = tool.run({"doctor"});
    EXPECT_NE(doctor.out.find("its views or grants are of another build"), std::string::npos)
        << doctor.out;
    EXPECT_EQ(tool.run({"environment", "upgrade", "test"}).code, 0);
    EXPECT_EQ(tool.run({"environment", "status", "test"}).code, 0);
}

TEST(EnvironmentVerbTest, ShowHidesThePassword) {
    Tool tool;
    tool.set("DATABASE_URL", "postgresql://me:hush@db/shop");
    const Ran ran = tool.run({"environment", "show"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_NE(ran.out.find("postgresql://me:***@db/shop"), std::string::npos) << ran.out;
    EXPECT_EQ(ran.out.find("hush"), std::string::npos);
}

TEST(EnvironmentVerbTest, UnknownEventsAreDealtWithAsTheFileSaysSinceTheLastUpgrade) {
    const TestDatabase database(environment_template());
    const Tool tool(database);
    std::filesystem::create_directory(tool.folder() / "environments");
    const auto file = [&](const std::string& mode) {
        std::string path = tool.write("environments/test.toml",
                                      "name = \"test\"\nkind = \"development\"\n" + mode);
        EXPECT_EQ(tool.run({"environment", "upgrade", "test"}).code, 0);
        return path;
    };
    const std::string path = file("[events]\nunknown = \"refuse\"\n");
    const Ran refused = tool.run({"dispatch", "order/plcaed"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.err.find("event order/plcaed: type \"order/plcaed\" is not known"),
              std::string::npos);
    EXPECT_NE(refused.err.find("[BT040]"), std::string::npos) << refused.err;
    for (const std::string& name : {path, std::string("test")}) {
        EXPECT_NE(tool.run({"environment", "install", name, "--print"})
                      .out.find("\"baton_test\".set_unknown_events('refuse');"),
                  std::string::npos)
            << name;
    }
    const Ran shown = tool.run({"environment", "show", "test"});
    EXPECT_NE(shown.out.find("events.unknown"), std::string::npos) << shown.out;
    // What a file does not say stays as it is.
    file("");
    EXPECT_EQ(tool.run({"dispatch", "order/plcaed"}).code, 1);
    file("[events]\nunknown = \"accept\"\n");
    EXPECT_EQ(tool.run({"dispatch", "order/plcaed"}).code, 0);
}

TEST(EnvironmentVerbTest, SetLimitHoldsForTheNextDispatch) {
    const TestDatabase database(environment_template());
    const Tool tool(database);
    EXPECT_EQ(tool.run({"environment", "set-limit", "test", "key_bytes", "4"}).code, 0);
    const Ran refused = tool.run({"dispatch", "a", "--key", "12345"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.err.find("key has 5 bytes, the limit is 4"), std::string::npos)
        << refused.err;

    const Ran unknown = tool.run({"environment", "set-limit", "test", "keys", "4"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_EQ(unknown.err.find("baton: there is no limit \"keys\"; there are type_bytes"), 0U)
        << unknown.err;
    EXPECT_EQ(tool.run({"environment", "set-limit", "test", "max_lag", "many"}).err,
              "baton: a limit is a whole number, or none; not \"many\" [BT027]\n");
}

TEST(EnvironmentVerbTest, VerbsOnADatabaseWithoutTheEnvironmentSayHowToInstallIt) {
    const TestDatabase database;
    for (const std::vector<std::string>& verb : {std::vector<std::string>{"status"},
                                                 {"dispatch", "a"},
                                                 {"log"},
                                                 {"view", "v"},
                                                 {"dead", "list"},
                                                 {"wait", "1"}}) {
        const Ran ran = Tool(database).run(verb);
        EXPECT_EQ(ran.code, 1) << verb.front();
        EXPECT_NE(ran.err.find("run `baton environment install test` [BT009]\n"), std::string::npos)
            << verb.front() << ": " << ran.err;
    }
}

}  // namespace
}  // namespace baton::testing

// baton environment enrol, revoke, machines, refusals, machine-id; and what an orchestrator does
// with them.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class EnrolTest : public ::testing::Test {
protected:
    EnrolTest() {
        tool_.set("BATON_KIND", "staging");
        tool_.set("XDG_CONFIG_HOME", (tool_.folder() / "config").string());
        tool_.set("BATON_MACHINE_ID_FILE", tool_.write("machine-id", "a box\n"));
        EXPECT_EQ(tool_.run({"environment", "upgrade"}).code, 0);
        id_ = tool_.run({"environment", "machine-id"}).out;
        EXPECT_EQ(id_.size(), 65U) << id_;
        id_.pop_back();
    }
    [[nodiscard]] std::filesystem::path token_file() const {
        return tool_.folder() / "config/baton/test.token";
    }
    [[nodiscard]] std::string token() const {
        std::ifstream file(token_file());
        std::string text;
        file >> text;
        return text;
    }
    // How an orchestrator ends that may not lead.
    [[nodiscard]] std::string refusal() const {
        const Ran ran = tool_.run({"orchestrate", "--log-level", "off"});
        EXPECT_EQ(ran.code, 1) << ran.err;
        return ran.err;
    }
    [[nodiscard]] std::string leader() {
        return std::string(
            connection_
                .exec("select coalesce(node, '') from leader where backend_pid is not null "
                      "union all select '' limit 1")
                .only()
                .text(0));
    }

    const TestDatabase database_{environment_template()};
    Tool tool_{database_};
    sql::Connection connection_{database_.url(), in_test_schema()};
    std::string id_;
};

TEST_F(EnrolTest, MachineThatWasEnrolledLeadsUntilItIsRevoked) {
    EXPECT_NE(refusal().find("baton environment enrol test --machine " + id_), std::string::npos);
    const Ran enrolled = tool_.run({"environment", "enrol", "--machine-name", "box"});
    EXPECT_EQ(enrolled.out, "machine " + id_.substr(0, 12) +
                                " is enrolled in test; its token is in " + token_file().string() +
                                "\n");
    ChildProcess orchestrator(tool_.options({"orchestrate", "--node", "here"}));
    ASSERT_TRUE(eventually(20s, [&] { return leader() == "here"; })) << orchestrator.error_output();
    EXPECT_NE(tool_.run({"environment", "machines"}).out.find("leads"), std::string::npos);
    const Ran revoked = tool_.run({"environment", "revoke", "test", "box"});
    EXPECT_EQ(revoked.out, "machine " + id_.substr(0, 12) +
                               " is revoked from test; it led, and does so no more\n");
    const auto status = orchestrator.wait(20s);
    ASSERT_TRUE(status) << "it must end, not wait";
    EXPECT_EQ(status->code, 1);
    EXPECT_NE(orchestrator.error_output().find("[BT032]"), std::string::npos)
        << orchestrator.error_output();
    EXPECT_NE(tool_.run({"environment", "machines"}).out.find("revoked"), std::string::npos);
}

TEST_F(EnrolTest, TokenOfAnotherMachineIsPrintedOnceAndKeptNowhere) {
    const std::string other(64, 'e');
    const Ran unnamed = tool_.run({"environment", "enrol", "test", "--machine", other});
    EXPECT_EQ(unnamed.code, 2);
    const Ran ran = tool_.run({"environment", "enrol", "test", "--machine", other, "--machine-name",
                               "batch-1", "--network", "10.0.0.0/8", "--network", "192.0.2.7",
                               "--client-dn", "/CN=batch-1"});
    EXPECT_EQ(ran.out.find("baton_test_"), 0U) << ran.err;
    EXPECT_EQ(ran.out.size(), 11U + 64U + 1U);
    EXPECT_FALSE(std::filesystem::exists(token_file()));
    const Ran listed = tool_.run({"environment", "machines", "--json"});
    simdjson::dom::parser parser;
    const simdjson::dom::element machine = parser.parse(listed.out).at(0);
    EXPECT_EQ(std::string_view(machine["machine_id"]), other);
    EXPECT_EQ(std::string_view(machine["name"]), "batch-1");
    EXPECT_EQ(std::string_view(machine["client_dn"]), "/CN=batch-1");
    EXPECT_EQ(std::string_view(machine["networks"].at(1)), "192.0.2.7/32");
    EXPECT_EQ(listed.out.find("token_hash"), std::string::npos);
    EXPECT_EQ(tool_.run({"environment", "enrol", "--network", "here"}).code, 1);
    EXPECT_EQ(tool_.run({"environment", "enrol", "--machine", "x"}).code, 2);
    EXPECT_EQ(tool_.run({"environment", "enrol", "--rotate", "--network", "10.0.0.0/8"}).code, 2);
}

TEST_F(EnrolTest, PinsAreThoseOfTheFileUnlessAFlagSaysOtherwise) {
    const std::string file =
        tool_.write("test.toml", "name = \"test\"\nkind = \"staging\"\n[connection]\nurl = \"" +
                                     database_.url() +
                                     "\"\n[enrol]\nnetworks = [\"10.1.0.0/16\", \"10.2.0.0/16\"]\n"
                                     "client_dn = \"/CN=file\"\n");
    const auto pins = [&] {
        return std::string(
            connection_.exec("select networks::text || ' ' || client_dn from machines()")
                .only()
                .text(0));
    };
    tool_.set("BATON_ENVIRONMENT", "");
    EXPECT_EQ(tool_.run({"environment", "enrol", file}).code, 0);
    EXPECT_EQ(pins(), "{10.1.0.0/16,10.2.0.0/16} /CN=file");
    EXPECT_EQ(tool_.run({"environment", "enrol", file, "--rotate"}).code, 0);
    EXPECT_EQ(tool_.run({"environment", "enrol", file, "--network", "192.0.2.7"}).code, 0);
    EXPECT_EQ(pins(), "{192.0.2.7/32} /CN=file");
    EXPECT_EQ(tool_.run({"environment", "enrol", file, "--client-dn", "/CN=flag"}).code, 0);
    EXPECT_EQ(pins(), "{10.1.0.0/16,10.2.0.0/16} /CN=flag");
}

TEST_F(EnrolTest, RotationGivesThisMachineANewTokenWithoutAPause) {
    EXPECT_EQ(tool_.run({"environment", "enrol", "--rotate"}).code, 1) << "it has none yet";
    EXPECT_EQ(tool_.run({"environment", "enrol"}).code, 0);
    const std::string former = token();
    EXPECT_EQ(tool_.run({"environment", "enrol", "--rotate"}).code, 0);
    EXPECT_NE(token(), former);
    const ChildProcess orchestrator(tool_.options({"orchestrate", "--node", "here"}));
    EXPECT_TRUE(eventually(20s, [&] { return leader() == "here"; })) << orchestrator.error_output();
}

TEST_F(EnrolTest, RefusalsAreListed) {
    EXPECT_EQ(tool_.run({"environment", "refusals"}).out, "there are no refusals\n");
    (void)refusal();
    (void)refusal();
    EXPECT_NE(tool_.run({"environment", "refusals"}).out.find("BT029"), std::string::npos);
    const Ran listed = tool_.run({"environment", "refusals", "--json"});
    simdjson::dom::parser parser;
    const simdjson::dom::element attempt = parser.parse(listed.out).at(0);
    EXPECT_EQ(std::string_view(attempt["machine_id"]), id_);
    EXPECT_EQ(std::int64_t(attempt["attempts"]), 2);
}

TEST_F(EnrolTest, TokenThatOthersCanReadIsNotUsed) {
    EXPECT_EQ(tool_.run({"environment", "enrol"}).code, 0);
    std::filesystem::permissions(token_file(), std::filesystem::perms(0644));
    const Ran ran = tool_.run({"orchestrate"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_NE(ran.err.find("chmod 600 " + token_file().string()), std::string::npos) << ran.err;
}

TEST_F(EnrolTest, InstallNeverMakesAKindLaxer) {
    const Ran laxer = tool_.run({"environment", "install", "test", "--kind", "development"});
    EXPECT_NE(laxer.code, 0);
    EXPECT_NE(laxer.err.find("is of kind staging and cannot become development"), std::string::npos)
        << laxer.err;
    tool_.set("BATON_KIND", "");
    EXPECT_EQ(tool_.run({"environment", "upgrade"}).code, 0) << "nothing is said of the kind";
    EXPECT_EQ(connection_.exec("select kind from environment").only().text(0), "staging");
}

TEST_F(EnrolTest, PrintedInstallationSaysWhatItIs) {
    const auto last_line = [&](const std::vector<std::string>& arguments) {
        const std::string text = tool_.run(arguments).out;
        return text.substr(text.rfind('\n', text.size() - 2) + 1);
    };
    EXPECT_EQ(last_line({"environment", "install", "production", "--print"}),
              "select \"baton_production\".describe_environment('production', 'production');\n");
    EXPECT_EQ(last_line({"environment", "install", "shop", "--kind", "staging", "--print"}),
              "select \"baton_shop\".describe_environment('shop', 'staging');\n");
    EXPECT_EQ(last_line({"environment", "install", "shop", "--print"}),
              "select \"baton_shop\".describe_environment('shop');\n");
}

// A server of one's own is no reason to overwrite the token of the real environment.
TEST_F(EnrolTest, UpOfAProductionEnvironmentKeepsItsHandsOffTheTokenFile) {
    Tool tool;
    tool.set("XDG_CONFIG_HOME", (tool.folder() / "config").string());
    ChildProcess up(tool.options({"up", "--env", "production", "--log-level", "warn"}));
    EXPECT_TRUE(eventually(60s, [&] {
        return up.output().find("Ctrl-C stops it") != std::string::npos;
    })) << up.error_output();
    EXPECT_FALSE(std::filesystem::exists(tool.folder() / "config"));
    up.kill(SIGTERM);
    EXPECT_TRUE(up.wait(30s));
}

}  // namespace
}  // namespace baton::testing

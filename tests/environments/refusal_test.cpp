// What is said of settings that are wrong: which, where, and what was meant.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "environments/environment_fixture.hpp"

namespace baton::environments {
namespace {

class RefusalTest : public EnvironmentTest {};

TEST_F(RefusalTest, UnknownKeysAreRefusedWithTheNearestOne) {
    EXPECT_EQ(refusal_of_rest("knd = 1\n"),
              "@/x.toml:4: unknown key \"knd\"; did you mean \"kind\"?");
    EXPECT_EQ(refusal_of_rest("[orchestrator]\nlease_s = 5\n"),
              "@/x.toml:5: unknown key \"orchestrator.lease_s\"; did you mean \"lease_ms\"?");
    EXPECT_EQ(refusal_of_rest("[orchestrater]\nlease_ms = 5000\n"),
              "@/x.toml:4: unknown key \"orchestrater\"; did you mean \"orchestrator\"?");
    EXPECT_EQ(refusal_of_rest("lease_ms = 5000\n"),
              "@/x.toml:4: unknown key \"lease_ms\"; it belongs to [orchestrator] or [node]");
    EXPECT_EQ(
        refusal_of_rest("[policy]\ncolour = 1\n"),
        "@/x.toml:5: unknown key \"policy.colour\"; known are on_poison, auto_promote, tenants, "
        "follow_program, views");
}

TEST_F(RefusalTest, AKeyThatIsCalledAsItsFlagNamesItsTable) {
    EXPECT_EQ(refusal_of_rest("[orchestrator]\nlog_level = \"info\"\n"),
              "@/x.toml:5: unknown key \"orchestrator.log_level\"; it belongs to [log], as "
              "\"level\"");
    EXPECT_EQ(refusal_of_rest("[orchestrator]\nlog = \"json\"\n"),
              "@/x.toml:5: unknown key \"orchestrator.log\"; it belongs to [log], as \"format\"");
}

// Whatever is said of a setting comes from its row, so a row that nothing takes would be a lie.
TEST_F(RefusalTest, WrongTypesAndRangesAreRefused) {
    EXPECT_EQ(
        refusal_of_rest("[orchestrator]\nlease_ms = \"5000\"\n"),
        "@/x.toml:5: orchestrator.lease_ms must be an integer from 500 to 600000, not a string");
    EXPECT_EQ(refusal_of_rest("[orchestrator]\nlease_ms = 499\n"),
              "@/x.toml:5: orchestrator.lease_ms must be an integer from 500 to 600000, not 499");
    EXPECT_EQ(
        refusal_of_rest("[orchestrator]\nbatch_max = 1.5\n"),
        "@/x.toml:5: orchestrator.batch_max must be an integer from 1 to 1000000, not a fraction");
    EXPECT_EQ(refusal_of_rest("[orchestrator]\npoll_ms = 600001\n"),
              "@/x.toml:5: orchestrator.poll_ms must be an integer from 10 to 600000, not 600001");
    EXPECT_EQ(refusal_of_rest("[log]\nformat = \"xml\"\n"),
              "@/x.toml:5: log.format must be \"human\" or \"json\", not \"xml\"");
    EXPECT_EQ(refusal_of_rest("[log]\nlevel = true\n"),
              "@/x.toml:5: log.level must be \"debug\", \"info\", \"warn\", \"error\" "
              "or \"off\", not a "
              "boolean");
    EXPECT_EQ(refusal_of_rest("[policy.views]\nv = \"stop\"\n"),
              "@/x.toml:5: policy.views.v must be \"halt\" or \"skip\", not \"stop\"");
    EXPECT_EQ(refusal_of_rest("policy.views = 1\n"),
              "@/x.toml:4: policy.views must be a table, not an integer");
    EXPECT_EQ(refusal_of_rest("orchestrator = []\n"),
              "@/x.toml:4: orchestrator must be a table, not a list");
    EXPECT_EQ(refusal_of_rest("[reducers]\nsql = \"a.sql\"\n"),
              "@/x.toml:5: reducers.sql must be a list of paths, not a string");
    EXPECT_EQ(refusal_of_rest("[reducers]\nsql = [1]\n"),
              "@/x.toml:5: reducers.sql must be a list of paths, not an integer");
    EXPECT_EQ(refusal_of_rest("[enrol]\nnetworks = \"10.0.0.0/8\""),
              "@/x.toml:5: enrol.networks must be a list of networks like \"10.1.0.0/16\", not a "
              "string");
    EXPECT_EQ(refusal_of_rest("[enrol]\nnetworks = [10]"),
              "@/x.toml:5: enrol.networks must be a list of networks like \"10.1.0.0/16\", not an "
              "integer");
    EXPECT_EQ(refusal_of_rest("[enrol]\nclient_dn = \"\""),
              "@/x.toml:5: enrol.client_dn must be a string that is not empty, not \"\"");
    EXPECT_EQ(refusal_of_rest("[enrol]\nnetwork = []"),
              "@/x.toml:5: unknown key \"enrol.network\"; did you mean \"networks\"?");
}

TEST_F(RefusalTest, WrongFlagsAndVariablesAreRefusedByTheirOwnNames) {
    EXPECT_EQ(
        refusal({{"--url", "host=h"}, {"--lease-ms", "5s"}}, {{"BATON_LOG", "JSON"}}),
        "--lease-ms: orchestrator.lease_ms must be an integer from 500 to 600000, not \"5s\"\n"
        "BATON_LOG: log.format must be \"human\" or \"json\", not \"JSON\"");
    EXPECT_EQ(refusal({{"--url", "mysql://u:secret@h/d"}}),
              "--url: connection.url must begin with postgresql:// or consist of key=value pairs");
    EXPECT_EQ(refusal({{"--url", "host=h"}}, {{"BATON_ENVIRONMENT", "Prod"}}),
              "BATON_ENVIRONMENT: the environment name \"Prod\" is not allowed; use 1 to 40 "
              "lower-case letters, "
              "digits and single hyphens between them, a letter first");
    EXPECT_EQ(refusal({{"--url", "host=h"}, {"--env", "/nowhere/x.toml"}}),
              "/nowhere/x.toml: cannot be read: No such file or directory");
}

TEST_F(RefusalTest, FileThatIsNoTomlIsRefusedWithItsLine) {
    write("x.toml", "name = \"x\"\nkind = \n");
    EXPECT_EQ(refusal({{"--env", "x"}}).substr(0, 12), "@/x.toml:2: ");
    EXPECT_EQ(refusal({{"--env", "x"}}).find('\n'), std::string::npos);
    EXPECT_EQ(refusal({{"--env", folder_.string()}}), "@: cannot be read: it is a folder");
    // Forgotten quotes: the parser's words must not show what was written there.
    write("x.toml", "name = \"x\"\nconnection.url = postgresql://u:secret@h/d\n");
    EXPECT_EQ(refusal({{"--env", "x"}}).find("secret"), std::string::npos);
    write("x.toml", "name = \"x\"\nconnection.url = \"postgresql://u:secret@h/d\n");
    EXPECT_EQ(refusal({{"--env", "x"}}).find("secret"), std::string::npos);
}

TEST_F(RefusalTest, AllProblemsOfAFileAreReportedTogetherInTheirOrder) {
    write("x.toml",
          "namme = \"x\"\nkind = \"prod\"\n[policy]\non_poison = 1\n[log]\nformat = "
          "2\n[orchestrator]\nlease_ms = 0\n");
    EXPECT_EQ(
        refusal({{"--env", "x"}}),
        "@/x.toml:1: unknown key \"namme\"; did you mean \"name\"?\n"
        "@/x.toml:2: kind must be \"production\", \"staging\" or \"development\", not \"prod\"\n"
        "@/x.toml:4: policy.on_poison must be \"halt\" or \"skip\", not an integer\n"
        "@/x.toml:6: log.format must be \"human\" or \"json\", not an integer\n"
        "@/x.toml:8: orchestrator.lease_ms must be an integer from 500 to 600000, not 0\n"
        "@/x.toml: name is missing\n"
        "no database is named: set DATABASE_URL, give --url, or write url under [connection] in "
        "@/x.toml");
}

}  // namespace
}  // namespace baton::environments

// The command line itself: what needs no database.
#include <gtest/gtest.h>

#include <sstream>

#include "tool.hpp"

namespace baton::testing {
namespace {

TEST(CommandLineTest, UnknownVerbNamesTheNearest) {
    const Tool tool;
    const Ran ran = tool.run({"statsu"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(
        ran.err,
        "baton: there is no verb \"statsu\"; did you mean stats?; see `baton --help` [BT027]\n");
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(tool.run({"environment", "instal"}).err,
              "baton: there is no verb \"instal\"; did you mean install?; see `baton environment "
              "--help` [BT027]\n");
}

TEST(CommandLineTest, MissingVerbIsSaid) {
    const Ran ran = Tool().run({});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.err, "baton: a verb is missing; see `baton --help` [BT027]\n");
}

TEST(CommandLineTest, UnknownOptionBeforeAVerbIsNamedInsteadOfTheVerb) {
    EXPECT_EQ(Tool().run({"--foo"}).err,
              "baton: there is no option \"--foo\"; see `baton --help` [BT027]\n");
    EXPECT_EQ(Tool().run({"--hlep"}).err,
              "baton: there is no option \"--hlep\"; did you mean --help?; see `baton --help` "
              "[BT027]\n");
}

TEST(CommandLineTest, NumberThatIsNoneIsRefusedWithItsBounds) {
    const Tool tool;
    const auto refusal = [&](const std::vector<std::string>& arguments) {
        const Ran ran = tool.run(arguments);
        EXPECT_EQ(ran.code, 2);
        return ran.err;
    };
    EXPECT_EQ(refusal({"log", "--after", "-1"}),
              "baton: --after must be a whole number of at least 0, not \"-1\" [BT027]\n");
    EXPECT_EQ(refusal({"log", "--limit", "x"}),
              "baton: --limit must be a whole number of at least 0, not \"x\" [BT027]\n");
    EXPECT_EQ(refusal({"wait", "99999999999999999999"}),
              "baton: EVENT_ID must be a whole number of at least 1, not "
              "\"99999999999999999999\" [BT027]\n");
    EXPECT_EQ(refusal({"dispatch", "--ndjson", "-", "--batch", "0"}),
              "baton: --batch must be a whole number from 1 to 1000000, not \"0\" [BT027]\n");
    EXPECT_EQ(refusal({"dead", "show", "v", "--position", "1.5"}),
              "baton: --position must be a whole number of at least 1, not \"1.5\" [BT027]\n");
    EXPECT_EQ(refusal({"wait", "1", "--timeout", "soon"}),
              "baton: --timeout must be a number of seconds from 0 to 86400, not \"soon\" "
              "[BT027]\n");
}

TEST(CommandLineTest, OptionWithoutAMeaningHereIsRefused) {
    const Tool tool;
    EXPECT_EQ(tool.run({"up", "--url", "postgresql:///x"}).err,
              "baton: --url does not go with up, which starts a Postgres of its own; see `baton "
              "orchestrate` [BT027]\n");
    EXPECT_EQ(tool.run({"dispatch", "a", "--batch", "5"}).err,
              "baton: --batch goes with --ndjson [BT027]\n");
    EXPECT_EQ(
        tool.run({"dispatch", "--ndjson", ""}).err,
        "baton: --ndjson is empty: give it a value, or leave it out; see `baton dispatch --help` "
        "[BT027]\n");
    const Ran after = tool.run({"environment", "install", "shop", "--print", "--after", "99"});
    EXPECT_EQ(after.err.find("baton: --after 99: the newest version that baton knows is "), 0U)
        << after.err;
    EXPECT_EQ(after.out, "");
}

TEST(CommandLineTest, UnknownOptionNamesTheNearest) {
    const Ran ran = Tool().run({"status", "--jsn"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.err,
              "baton: there is no option \"--jsn\"; did you mean --json?; see `baton status "
              "--help` [BT027]\n");
}

TEST(CommandLineTest, SurplusArgumentIsNamed) {
    const Ran ran = Tool().run({"status", "now"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.err, "baton: unexpected argument \"now\"; see `baton status --help` [BT027]\n");
}

TEST(CommandLineTest, MissingArgumentIsNamed) {
    const Ran ran = Tool().run({"view"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.err, "baton: NAME is required; see `baton view --help` [BT027]\n");
}

// The verbs that a --help lists, with those of the groups; a group stands for its verbs.
std::vector<std::vector<std::string>> verbs_of(const Tool& tool,
                                               const std::vector<std::string>& group = {}) {
    std::vector<std::string> asking = group;
    asking.emplace_back("--help");
    const std::string help = tool.run(asking).out;
    const std::size_t at = help.find("\nSubcommands:\n");
    if (at == std::string::npos) return {group};
    std::vector<std::vector<std::string>> verbs;
    std::istringstream lines(help.substr(at + 14));
    for (std::string line; std::getline(lines, line) && line.starts_with("  ");) {
        if (line[2] == ' ') continue;  // the rest of the line before
        std::vector<std::string> verb = group;
        verb.push_back(line.substr(2, line.find(' ', 2) - 2));
        for (auto& inner : verbs_of(tool, verb)) verbs.push_back(std::move(inner));
    }
    return verbs;
}

TEST(CommandLineTest, HelpOfEachVerbHasAnExampleAndTheExitCodes) {
    const Tool tool;
    const auto verbs = verbs_of(tool);
    EXPECT_GE(verbs.size(), 33U);
    for (std::vector<std::string> verb : verbs) {
        std::string name;
        for (const std::string& word : verb) name += " " + word;
        verb.emplace_back("--help");
        const Ran ran = tool.run(verb);
        EXPECT_EQ(ran.code, 0) << name;
        EXPECT_NE(ran.out.find("baton" + name), std::string::npos) << ran.out;
        EXPECT_NE(ran.out.find("Example: baton" + name), std::string::npos) << ran.out;
        EXPECT_NE(ran.out.find("Exit codes: 0 done"), std::string::npos) << ran.out;
        EXPECT_EQ(ran.err, "") << name;
    }
}

TEST(CommandLineTest, HelpSaysTheUnitAndTheDefaultOfEachSetting) {
    const std::string help = Tool().run({"orchestrate", "--help"}).out;
    for (const std::string words :
         {"how many milliseconds a leader that is not heard of keeps the others waiting: an "
          "integer "
          "from 500 to 600000 [BATON_LEASE_MS; orchestrator.lease_ms of the file; 5000]",
          "[BATON_AUTO_PROMOTE; policy.auto_promote of the file; false, in development true]",
          "[BATON_KIND; kind of the file; what the name begins with: prod, staging or dev]"}) {
        EXPECT_NE(help.find(words), std::string::npos) << words << "\n" << help;
    }
}

TEST(CommandLineTest, VersionIsPrinted) {
    const Ran ran = Tool().run({"version"});
    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, "baton 0.1.0\n");
    EXPECT_EQ(Tool().run({"--version"}).out, ran.out);
}

TEST(CommandLineTest, EachWrongSettingIsOneLine) {
    Tool tool;
    tool.set("BATON_LEASE_MS", "7");
    const Ran ran = tool.run({"status"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.err,
              "baton: no database is named: set DATABASE_URL, give --url, or write url under "
              "[connection] in environments/dev.toml [BT016]\n"
              "baton: BATON_LEASE_MS: orchestrator.lease_ms must be an integer from 500 to 600000, "
              "not \"7\" [BT016]\n");
}

TEST(CommandLineTest, UnreachableServerIsSaidWithoutThePassword) {
    const Ran ran =
        Tool().run({"status", "--url", "postgresql://me:hush@127.0.0.1:1/shop?connect_timeout=2"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_NE(ran.err.find("Connection refused"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("the url is postgresql://me:***@127.0.0.1:1/shop"), std::string::npos)
        << ran.err;
    EXPECT_EQ(ran.err.find("hush"), std::string::npos);
    EXPECT_EQ(ran.err.find('\n'), ran.err.size() - 1);
}

}  // namespace
}  // namespace baton::testing

// README.md's table of verbs names those that there are, and no other.
#include <gtest/gtest.h>

#include <cctype>
#include <regex>
#include <set>
#include <sstream>

#include "end_to_end/command.hpp"

namespace baton::testing {
namespace {

// Each row of the table of verbs, as words: "environment install\|upgrade", "dispatch --ndjson
// FILE"
std::vector<std::string> verbs_of_table() {
    std::vector<std::string> verbs;
    std::istringstream stream(text_of(BATON_SOURCE_DIR "/README.md"));
    const std::regex span("`([^`]+)`");
    bool is_inside = false;
    for (std::string line; std::getline(stream, line);) {
        if (line.starts_with("| verb |")) is_inside = true;
        if (line.empty()) is_inside = false;
        if (!is_inside) continue;
        const std::string cell = line.substr(0, line.find(" | "));
        for (std::sregex_iterator match(cell.begin(), cell.end(), span), end; match != end; ++match)
            verbs.push_back((*match)[1]);
    }
    return verbs;
}

std::string help_of(const std::vector<std::string>& verb) {
    ChildProcessOptions payments;
    payments.arguments = {BATON_BINARY_DIR "/examples/first_reducer/payments"};
    payments.arguments.insert(payments.arguments.end(), verb.begin(), verb.end());
    payments.arguments.emplace_back("--help");
    const Outcome outcome = run(payments);
    EXPECT_EQ(outcome.code, 0) << ::testing::PrintToString(verb) << outcome.error;
    return outcome.output;
}

TEST(ReadmeVerbsTest, VerbsOfTheTableAreKnown) {
    const std::vector<std::string> verbs = verbs_of_table();
    EXPECT_GT(verbs.size(), 10U);
    const auto is_listed = [](const std::string& help, const std::string& word) {
        return std::regex_search(help, std::regex("\n +" + word + "\\b"));
    };
    for (const std::string& verb : verbs) {
        std::istringstream words(std::regex_replace(verb, std::regex(R"(\\\|)"), "\n"));
        std::string name;
        words >> name;
        EXPECT_TRUE(is_listed(help_of({}), name)) << "payments knows no verb " << name;
        const std::string help = help_of({name});
        for (std::string word; words >> word;) {
            if (std::isupper(word[0]) != 0) continue;  // what the reader fills in
            EXPECT_TRUE(is_listed(help, word)) << "payments " << name << " knows no " << word;
        }
    }
}

// The verbs that a --help lists below its options.
std::vector<std::string> verbs_of_help(const std::string& help) {
    std::vector<std::string> verbs;
    const std::size_t begin = help.find("\nSubcommands:\n");
    if (begin == std::string::npos) return verbs;
    std::istringstream lines(help.substr(begin + 14));
    const std::regex listed(R"(^  ([a-z-]+) .*)");
    std::smatch match;
    for (std::string line; std::getline(lines, line);) {
        if (std::regex_match(line, match, listed)) verbs.push_back(match[1]);
    }
    return verbs;
}

TEST(ReadmeVerbsTest, VerbsThatThereAreStandInTheTable) {
    std::set<std::string> listed;
    for (const std::string& verb : verbs_of_table()) {
        std::istringstream words(std::regex_replace(verb, std::regex(R"(\\\|)"), "\n"));
        std::string name;
        words >> name;
        listed.insert(name);
        for (std::string word; words >> word;) listed.insert(name + " " + word);
    }
    const auto verbs = verbs_of_help(help_of({}));
    EXPECT_GT(verbs.size(), 10U);
    for (const std::string& verb : verbs) {
        EXPECT_TRUE(listed.contains(verb)) << verb;
        for (const std::string& inner : verbs_of_help(help_of({verb}))) {
            EXPECT_TRUE(listed.contains(verb + " " + inner)) << verb << " " << inner;
        }
    }
}

}  // namespace
}  // namespace baton::testing

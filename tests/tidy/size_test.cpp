// How long a function and a file may be, and that no file is there for nothing.
//
// A function is found by its layout, which clang-format makes: it ends with a line that is a brace,
// and begins with the line before that is indented as much. What SQL is measured by is its body.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tidy/files.hpp"

namespace baton {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t function_lines_max = 60;
constexpr std::size_t file_lines_max = 400;

// Each with the reason; one that is short by now is to be taken off.
using Exceptions = std::map<std::string, std::string>;

const Exceptions long_files = {
    {"sql/migrations/0001_log_and_views.sql", "the structure, one table a heading"},
    {"tests/cli/versions_test.cpp", "every verb of versions, in the order of a release"},
    {"tests/reducers/fold_test.cpp", "each thing that a fold does, on one set of reducers"},
    {"tests/sql/orchestrate_role_test.cpp", "each thing that one role must not do"},
};

const Exceptions long_functions = {
    {"check_machine", "one decision after the other, each with its own refusal"},
    {"add_event_partitions", "one lock, under which each step is checked again"},
    {"check_log", "one query a fault"},
    {"live_sets_after", "one query"},
    {"mend_log", "one statement a fault"},
    {"register_reducer", "one transaction's checks, in order"},
    {"share_view", "one transaction's checks, in order"},
    {"show_view", "the view's columns, one a line"},
    {"status", "one line a fact"},
    {"take_lead", "one transaction's steps, in order"},
    {"TEST(ConnectionServerTest, ShutDownUnknownCommitAndRecoveryAreTold) {",
     "one server's life, in order"},
    {"TEST_F(OrchestrateRoleTest, OverloadsAreNotCalledWithTheOwnersRights) {", "a table"},
    {"TEST_F(UninstallDependentsTest, EachEdgeFromOutsideRefusesByName) {", "a table"},
};

std::size_t indent_of(const std::string& line) { return line.find_first_not_of(' '); }

bool begins_a_function(const std::string& line) {
    static const std::regex other(
        " *(namespace|class|struct|enum|union|extern|if|for|while|switch|else|do|try|catch|case|"
        "default|return|const auto|constexpr|static const|auto|[}]|#|//|[{]).*");
    return !std::regex_match(line, other) && line.find('(') != std::string::npos;
}

struct Function {
    std::string name;
    std::size_t length;
};

// Where each line that closes a brace was opened: the nearest line before that is indented as much.
std::vector<Function> functions_of_cpp(const std::vector<std::string>& lines) {
    std::vector<Function> functions;
    std::map<std::size_t, std::size_t> last;  // by indent
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::size_t indent = indent_of(lines[i]);
        if (indent == std::string::npos || lines[i][indent] == '#') continue;
        if (lines[i].substr(indent) == "}" && last.contains(indent)) {
            const std::size_t begin = last[indent];
            if (begins_a_function(lines[begin])) {
                functions.push_back({lines[begin].substr(indent), i - begin + 1});
            }
        }
        last[indent] = i;
    }
    return functions;
}

std::vector<Function> functions_of_sql(const std::string& name,
                                       const std::vector<std::string>& lines) {
    static const std::regex body(R"(.*\$[a-z]*\$|begin atomic)");
    std::vector<Function> functions;
    std::optional<std::size_t> begin;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!begin && std::regex_match(lines[i], body)) {
            begin = i;
        } else if (begin && (lines[i].starts_with("$") || lines[i] == "end;")) {
            functions.push_back({fs::path(name).stem(), i - *begin - 1});
            if (lines[i].starts_with("$")) begin.reset();
        }
    }
    return functions;
}

// That `length` is within the bound, or `name` is an exception, and only if it has to be.
void expect_short(const std::string& where, const std::string& name, std::size_t length,
                  std::size_t length_max, const Exceptions& exceptions) {
    if (exceptions.contains(name)) return;
    EXPECT_LE(length, length_max) << where << ": " << name << ": what second thing does it do?";
}

void expect_needed(const Exceptions& exceptions, const std::map<std::string, std::size_t>& lengths,
                   std::size_t length_max) {
    for (const auto& [name, reason] : exceptions) {
        const auto found = lengths.find(name);
        EXPECT_TRUE(found != lengths.end() && found->second > length_max)
            << name << " is no longer too long: take it off the list of tests/tidy/size_test.cpp";
    }
}

TEST(SizeTest, FunctionsHaveAtMostSixtyLines) {
    std::map<std::string, std::size_t> lengths;
    std::size_t count = 0;
    for (const std::string& name : sources()) {
        const bool is_sql = name.ends_with(".sql");
        if (is_sql && name.find("/functions/") == std::string::npos) continue;
        const auto lines = lines_of(read(name));
        for (const Function& function :
             is_sql ? functions_of_sql(name, lines) : functions_of_cpp(lines)) {
            ++count;
            lengths[function.name] = std::max(lengths[function.name], function.length);
            expect_short(name, function.name, function.length, function_lines_max, long_functions);
        }
    }
    EXPECT_GT(count, 2000U) << "the layout has changed, and functions are not found";
    expect_needed(long_functions, lengths, function_lines_max);
}

TEST(SizeTest, FilesHaveAtMostFourHundredLines) {
    std::map<std::string, std::size_t> lengths;
    for (const std::string& name : sources()) {
        lengths[name] = lines_of(read(name)).size();
        expect_short(name, name, lengths[name], file_lines_max, long_files);
    }
    expect_needed(long_files, lengths, file_lines_max);
}

// Tools and people look for these by name.
bool is_known_by_its_name(const std::string& name) {
    static const std::set<std::string> known = {"README.md", "LICENSE", "CHANGELOG.md",
                                                "CMakeLists.txt", "CMakePresets.json"};
    return known.contains(fs::path(name).filename()) || name.starts_with(".");
}

// The build takes every source of these folders: libraries, programs of tests, benchmarks.
bool is_taken_by_the_build(const std::string& name) {
    static const std::regex globbed(
        "[a-z_]+/src/[a-z0-9_]+[.]cpp|tests/[a-z_]+/[a-z0-9_]+[.]cpp|bench/[a-z0-9_]+[.]cpp|"
        "sql/(migrations|views)/.*");
    return std::regex_match(name, globbed) && !name.starts_with("tests/fuzz/");
}

// What is neither must be named by another file: a header is included, a SQL function is called or
// granted, a script is said somewhere, a file of data is read.
TEST(SizeTest, EveryFileIsNamedByAnother) {
    std::vector<std::pair<std::string, std::string>> texts;
    for (const std::string& name : tracked()) texts.emplace_back(name, read(name));
    for (const std::string& name : tracked()) {
        if (is_known_by_its_name(name) || is_taken_by_the_build(name)) continue;
        const fs::path path(name);
        const bool has_stem =
            name.ends_with(".sql") || name.ends_with("_fuzz.cpp") || name.ends_with(".cmake");
        std::string wanted = has_stem ? path.stem() : path.filename();
        if (wanted.ends_with("_fuzz")) wanted.resize(wanted.size() - 5);
        EXPECT_TRUE(std::ranges::any_of(texts,
                                        [&](const auto& text) {
                                            return text.first != name &&
                                                   text.second.find(wanted) != std::string::npos;
                                        }))
            << name << ": nothing names it";
    }
}

}  // namespace
}  // namespace baton

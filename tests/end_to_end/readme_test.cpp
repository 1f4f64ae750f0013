// Everything shown in README.md is run. The README says how in a comment before each block:
//
//   file: PATH    the block is that file, to the letter
//   compile: N    its lines stand in examples/first_reducer/N.cpp, whose program is run
//   build         says where the programs are, which is where all others look for them
//   up            is run in the background for those that follow
//   up: both      likewise, with reducers of both kinds
//   sh psql python node   are run against it, each as the language's user would; all of psql in
//                 one session
//   own: N        is run in the background on a Postgres that is there already
//   tasks         is run by worker_test.cpp, beside a worker
//   rollout       is run beside the programs of `own: sql` and `own: next`
//
// What a reader has to fill in is filled in: the line that exports DATABASE_URL, and the folder of
// the build. Nothing else in a block is changed; each is run in the folder of the clone. Real
// processes, a real Postgres, the real `pg` of npm.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <regex>
#include <set>

#include "end_to_end/command.hpp"
#include "end_to_end/document.hpp"
#include "end_to_end/node_modules.hpp"
#include "support/cluster.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using std::chrono::seconds;
namespace fs = std::filesystem;

const std::string source_folder = BATON_SOURCE_DIR;
const std::string build_folder = BATON_BINARY_DIR;
const std::string example_folder = source_folder + "/examples/first_reducer";
const std::string release_folder = "$PWD/build/release";  // as README calls the build

const std::string& readme() {
    static const std::string text = text_of(source_folder + "/README.md");
    return text;
}

const std::vector<Block>& blocks() {
    static const std::vector<Block> all = blocks_of_document(readme());
    return all;
}

std::vector<Block> blocks_of(const std::string& how) {
    std::vector<Block> found;
    std::ranges::copy_if(blocks(), std::back_inserter(found),
                         [&](const Block& block) { return block.how == how; });
    return found;
}

// The one block of that kind. Throws, which fails the test, if there is none or several.
Block block_of(const std::string& how) {
    const std::vector<Block> found = blocks_of(how);
    if (found.size() != 1) {
        throw std::runtime_error("README.md has " + std::to_string(found.size()) + " blocks <!-- " +
                                 how + " -->, not one");
    }
    return found.front();
}

std::string with_url(const std::string& script, const std::string& url) {
    static const std::regex line(R"((^|\n)export DATABASE_URL=[^\n]*)");
    return std::regex_replace(script, line, "$1export DATABASE_URL='" + url + "'");
}

// PATH as the reader has it who did what README says.
std::string path_of_reader() {
    const std::string text = block_of("build").text;
    static const std::regex line(R"rx((^|\n)export PATH="([^"]*):\$PATH")rx");
    std::smatch match;
    if (!std::regex_search(text, match, line)) {
        throw std::runtime_error("README.md's build sets no PATH");
    }
    std::string path = match[2];
    for (std::size_t at = 0; (at = path.find(release_folder, at)) != std::string::npos;) {
        path.replace(at, release_folder.size(), build_folder);
    }
    const char* const others = std::getenv("PATH");
    return path + ":" + (others == nullptr ? "" : others);
}

// What a shell that has no DATABASE_URL of its own is given.
ChildProcessOptions shell(const std::string& script) {
    return {.arguments = {"bash", "-euo", "pipefail", "-c", script},
            .environment = {{"PATH", path_of_reader()},
                            {"DATABASE_URL", ""},
                            {"BATON_ENVIRONMENT", ""},
                            {"BATON_KIND", ""}},
            .working_directory = source_folder};
}

ChildProcessOptions program(std::vector<std::string> arguments, const std::string& url,
                            const std::string& input = "") {
    return {.arguments = std::move(arguments),
            .environment = {{"PATH", path_of_reader()},
                            {"DATABASE_URL", url},
                            {"BATON_ENVIRONMENT", ""},
                            {"BATON_KIND", ""}},
            .input = input,
            .working_directory = source_folder};
}

Outcome psql(const std::string& url, const std::string& script) {
    return run(
        program({"psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", url}, url, script));
}

void expect_success(const Outcome& outcome, const std::string& what) {
    EXPECT_EQ(outcome.code, 0) << what << " failed:\n" << outcome.output << outcome.error;
}

// `payments up` as README.md starts it in the block `how`, ended by Ctrl-C.
class Up {
public:
    explicit Up(const std::string& how) : process_(shell("exec " + block_of(how).text)) {
        static const std::regex printed(R"(postgresql://[^\s'"]+)");
        std::smatch match;
        std::string output;
        const bool is_up = eventually(seconds(60), [&] {
            output = process_.output();
            return output.find("Ctrl-C") != std::string::npos &&
                   std::regex_search(output, match, printed);
        });
        if (!is_up) {
            throw std::runtime_error("payments up printed no URL:\n" + output +
                                     process_.error_output());
        }
        url_ = match.str();
    }

    [[nodiscard]] const std::string& url() const { return url_; }
    // The server's folder, from the URL.
    [[nodiscard]] std::string folder() const {
        std::smatch match;
        std::regex_search(url_, match, std::regex("[?&]host=([^&]+)"));
        return match[1];
    }
    [[nodiscard]] std::optional<ExitStatus> press_control_c() {
        process_.kill(SIGINT);
        return process_.wait(seconds(60));
    }

private:
    ChildProcess process_;
    std::string url_;
};

void run_node(const std::string& url) {
    ChildProcessOptions node = program({"node", "-"}, url, block_of("node").text);
    node.environment["NODE_PATH"] = node_modules();
    expect_success(run(node), "README's Node");
}

TEST(ReadmeTest, EveryBlockSaysHowItIsChecked) {
    const std::regex known(
        "build|up|up: both|sh|psql|python|node|rollout|tasks|own: [a-z]+|file: .+|"
        "compile: [a-z_]+");
    EXPECT_GT(blocks().size(), 10U);
    for (const Block& block : blocks()) {
        if (block.language.empty()) continue;  // the two commands, of which LinksAndScripts… knows
        EXPECT_TRUE(std::regex_match(block.how, known))
            << "README.md:" << block.line << ": a block that no test runs: <!-- " << block.how
            << " -->";
    }
}

TEST(ReadmeTest, FilesShownAreTheFiles) {
    int count = 0;
    for (const Block& block : blocks()) {
        if (!block.how.starts_with("file: ")) continue;
        const std::string path = block.how.substr(6);
        EXPECT_EQ(block.text, text_of(source_folder + "/" + path))
            << "README.md:" << block.line << " is not " << path;
        ++count;
    }
    EXPECT_EQ(count, 2);
}

TEST(ReadmeTest, CppSnippetStandsInTheProgramThatIsRun) {
    for (const Block& block : blocks()) {
        if (!block.how.starts_with("compile: ")) continue;
        const std::string path = example_folder + "/" + block.how.substr(9) + ".cpp";
        EXPECT_TRUE(stand_in(plain_lines(block.text), text_of(path)))
            << "README.md:" << block.line << " does not stand in " << path;
    }
}

TEST(ReadmeTest, EventOfAFormerVersionArrivesInTheNewestShape) {
    block_of("compile: upcast");
    const Outcome ran =
        run(program({build_folder + "/examples/first_reducer/payments_upcast"}, ""));
    EXPECT_EQ(ran.output, "{\"alice\",\"alice\"}\n{\"EUR\",\"CHF\"}\n{12.50,1.25}\n");
}

TEST(ReadmeTest, WhatTheReaderTypesDoesWhatItSays) {
    Up up("up");
    const Outcome first = run(shell(with_url(block_of("sh").text, up.url())));
    expect_success(first, "README's first dispatch");
    const auto seen = plain_lines(first.output);
    EXPECT_EQ(std::ranges::count(seen, "alice 1 12.50"), 1) << first.output;

    std::string session;
    for (const Block& block : blocks_of("psql")) session += block.text;
    expect_success(psql(up.url(), session), "README's psql");
    // Debian's own, which has Debian's psycopg2.
    expect_success(run(program({"/usr/bin/python3", "-"}, up.url(), block_of("python").text)),
                   "README's Python (python3-psycopg2; run script/bootstrap if it is missing)");
    run_node(up.url());
    block_of("compile: dispatch");
    expect_success(
        run(program({build_folder + "/examples/first_reducer/payments_dispatch"}, up.url())),
        "README's C++");

    const std::set<std::string> wanted = {"alice 2 25.00", "bob 1 12.5", "carol 1 12.5",
                                          "dave 1 12.50"};
    std::string balance;
    EXPECT_TRUE(eventually(seconds(30), [&] {
        balance = run(program({"payments", "view", "balance"}, up.url())).output;
        const auto lines = plain_lines(balance);
        return std::ranges::all_of(
            wanted, [&](const std::string& row) { return std::ranges::count(lines, row) == 1; });
    })) << balance;
    EXPECT_EQ(psql(up.url(), "select count(*) from payment").output, "4\n");

    EXPECT_TRUE(fs::exists(up.folder()));
    EXPECT_EQ(up.press_control_c(), (ExitStatus{.code = 0, .signal = {}}));
    EXPECT_FALSE(fs::exists(up.folder())) << "the private Postgres is not gone";
}

TEST(ReadmeTest, PostgresOfOnesOwnIsServed) {
    const TestDatabase database;
    const ChildProcess orchestrator(
        shell(with_url(block_of("own: payments").text, database.url())));
    Outcome outcome;
    EXPECT_TRUE(
        eventually(seconds(60),
                   [&] {
                       outcome = run(program({"payments", "view", "balance"}, database.url()));
                       return outcome.code == 0;
                   }))
        << outcome.error << orchestrator.output() << orchestrator.error_output();
    expect_success(run(shell(with_url(block_of("sh").text, database.url()))), "dispatch");
    outcome = run(program({"payments", "view", "balance"}, database.url()));
    const auto lines = plain_lines(outcome.output);
    EXPECT_EQ(std::ranges::count(lines, "alice 1 12.50"), 1) << outcome.output;
}

TEST(ReadmeTest, ProgramsAreWhereTheBuildSaysTheyAre) {
    const Block build = block_of("build");
    for (const std::string name : {"baton", "payments"}) {
        const Outcome found = run(shell("command -v " + name));
        EXPECT_EQ(found.output.find(build_folder), 0U) << name << ": " << found.output;
    }
    // The presets that it names are there, and build where it says.
    const std::string presets = text_of(source_folder + "/CMakePresets.json");
    EXPECT_NE(build.text.find("cmake --preset release\n"), std::string::npos);
    EXPECT_NE(presets.find(R"("name": "release")"), std::string::npos);
    EXPECT_NE(presets.find("${sourceDir}/build/${presetName}"), std::string::npos);
}

TEST(ReadmeTest, OneProgramKeepsTheViewsOfBothKindsOfReducers) {
    Up up("up: both");
    expect_success(run(shell(with_url(block_of("sh").text, up.url()))), "README's first dispatch");
    EXPECT_EQ(psql(up.url(),
                   "select payments, total from baton_dev.payments_by_day;"
                   "select account, payments, total from baton_dev.balance")
                  .output,
              "1|12.50\nalice|1|12.50\n");
    EXPECT_EQ(up.press_control_c(), (ExitStatus{.code = 0, .signal = {}}));
}

TEST(ReadmeTest, SqlReducerRunsInTheStockProgram) {
    const TestDatabase database;
    const std::string& url = database.url();
    const ChildProcess orchestrator(shell(with_url(block_of("own: sql").text, url)));
    Outcome installed;
    EXPECT_TRUE(eventually(seconds(60), [&] {
        installed = run(program({"baton", "status", "--env", "dev-sql", "--check"}, url));
        return installed.code == 0;
    })) << installed.error;
    const std::vector<std::string> dispatch = {
        "baton", "dispatch", "payment/received", R"({"account": "alice", "amount": 12.50})",
        "--env", "dev-sql"};
    expect_success(run(program(dispatch, url)), "dispatch");
    expect_success(run(program(dispatch, url)), "dispatch");
    // Readers use the view of the reducer's name, in the environment's schema.
    Outcome outcome;
    EXPECT_TRUE(eventually(
        seconds(60),
        [&] {
            outcome = psql(url, "select payments, total from baton_dev_sql.payments_by_day");
            return outcome.output == "2|25.00\n";
        }))
        << outcome.output << outcome.error << orchestrator.error_output();
}

TEST(ReadmeTest, NewVersionGoesLiveAndBack) {
    const TestDatabase database;
    const std::string& url = database.url();
    const ChildProcess former(shell(with_url(block_of("own: sql").text, url)));
    const std::string view = "baton_dev_sql.payments_by_day";
    ASSERT_TRUE(eventually(seconds(60), [&] {
        return run(program({"baton", "status", "--env", "dev-sql", "--check"}, url)).code == 0 &&
               psql(url, "select count(*) from " + view).code == 0;
    })) << former.error_output();
    expect_success(run(program({"baton", "dispatch", "payment/received", R"({"amount": 12.50})",
                                "--env", "dev-sql", "--wait"},
                               url)),
                   "dispatch");
    const ChildProcess next(shell(with_url(block_of("own: next").text, url)));
    ChildProcessOptions rollout = shell(block_of("rollout").text);
    rollout.environment["DATABASE_URL"] = url;
    const Outcome outcome = run(rollout);
    expect_success(outcome, "README's rollout");
    const auto seen = plain_lines(outcome.output);
    EXPECT_EQ(std::ranges::count(seen, "payments_by_day is live at version 2 from position 1"), 1)
        << outcome.output << next.error_output();
    EXPECT_EQ(std::ranges::count(seen, "payments_by_day is live at version 1 from position 1"), 1)
        << outcome.output << former.error_output();
    EXPECT_EQ(psql(url, "select payments, total from " + view).output, "1|12.50\n");
}

TEST(ReadmeTest, LinksAndScriptsLeadToFiles) {
    const std::regex link(R"(\]\(([^):#]+)\)|(script/[a-z]+))");
    int count = 0;
    for (std::sregex_iterator match(readme().begin(), readme().end(), link), end; match != end;
         ++match, ++count) {
        const std::string path = (*match)[1].matched ? (*match)[1] : (*match)[2];
        EXPECT_TRUE(fs::exists(source_folder + "/" + path)) << "README.md names " << path;
    }
    EXPECT_GT(count, 5);
}

}  // namespace
}  // namespace baton::testing

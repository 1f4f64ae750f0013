// What `cmake --install` leaves is enough for somebody else's project: headers of all folders,
// libraries, and a package that finds what they need.
//
// The build under test is installed into a folder of its own, and tests/end_to_end/consumer is
// configured and built against that, away from the source tree, with the same compiler and flags (a
// library under a sanitizer needs a program under it). The folders are always the same, so that
// ccache knows the consumer's one file.

#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "baton/sql/connection.hpp"
#include "end_to_end/command.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using std::chrono::seconds;
namespace fs = std::filesystem;

const std::string source_folder = BATON_SOURCE_DIR;
const std::string build_folder = BATON_BINARY_DIR;

// How this build was configured, as arguments for another.
std::vector<std::string> same_settings() {
    static const std::regex line(
        R"(^(CMAKE_(BUILD_TYPE|CXX_COMPILER|CXX_COMPILER_LAUNCHER|CXX_FLAGS\w*)):\w+=(.*)$)");
    std::vector<std::string> arguments;
    std::istringstream cache(text_of(build_folder + "/CMakeCache.txt"));
    for (std::string text; std::getline(cache, text);) {
        std::smatch match;
        if (!std::regex_match(text, match, line)) continue;
        arguments.push_back("-D" + match[1].str() + "=" + match[3].str());
    }
    return arguments;
}

Outcome expect_success(const std::vector<std::string>& arguments) {
    Outcome outcome = run({.arguments = arguments}, seconds(240));
    EXPECT_EQ(outcome.code, 0) << ::testing::PrintToString(arguments) << "\n"
                               << outcome.output << outcome.error;
    return outcome;
}

class InstallTest : public ::testing::Test {
protected:
    // Installs and builds once; the tests look at what came of it.
    static void SetUpTestSuite() {
        fs::remove_all(folder);
        fs::create_directories(consumer);
        fs::copy(source_folder + "/tests/end_to_end/consumer", consumer);
        fs::copy(source_folder + "/examples/first_reducer/main.cpp", consumer);
        fs::copy(source_folder + "/examples/first_reducer/tested.cpp", consumer);
        expect_success({"cmake", "--install", build_folder, "--prefix", prefix});

        std::vector<std::string> configure = {
            "cmake",        "-S", consumer, "-B",
            consumer_build, "-G", "Ninja",  "-DCMAKE_PREFIX_PATH=" + prefix};
        const auto settings = same_settings();
        configure.insert(configure.end(), settings.begin(), settings.end());
        expect_success(configure);
        expect_success({"cmake", "--build", consumer_build});
    }

    static void TearDownTestSuite() { fs::remove_all(folder); }

    static inline const std::string folder = build_folder + "/install_test";
    static inline const std::string prefix = folder + "/prefix";
    static inline const std::string consumer = folder + "/consumer";
    static inline const std::string consumer_build = folder + "/build";
};

TEST_F(InstallTest, ConsumerIsTheWholeTool) {
    const Outcome help = expect_success({consumer_build + "/payments", "--help"});
    EXPECT_NE(help.output.find("orchestrate"), std::string::npos) << help.output;
    const Outcome version = expect_success({consumer_build + "/payments", "version"});
    EXPECT_TRUE(std::regex_search(version.output, std::regex(R"(\d+\.\d+\.\d+)")))
        << version.output;
}

TEST_F(InstallTest, ConsumerTestsItself) {
    const Outcome tests = expect_success({consumer_build + "/tested", "test", "balance"});
    EXPECT_EQ(tests.output, "1..1\nok 1 - a balance adds up\n");
}

TEST_F(InstallTest, StockProgramIsInstalled) { expect_success({prefix + "/bin/baton", "version"}); }

// Headers that the consumer does not happen to include, too.
TEST_F(InstallTest, HeadersOfEveryFolderAreInstalled) {
    int count = 0;
    for (const char* const name :
         {"base", "reducers", "environments", "sql", "orchestrator", "testing", "cli"}) {
        const fs::path include = source_folder + "/" + name + "/include";
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(include)) {
            if (entry.is_directory()) continue;
            const fs::path header =
                fs::path(prefix) / "include" / fs::relative(entry.path(), include);
            EXPECT_TRUE(fs::exists(header)) << header;
            ++count;
        }
    }
    EXPECT_GT(count, 20);
}

// The consumer's program with reducers in files of their own, in an environment where a version has
// one build.
class Ledger {
public:
    Ledger(std::string program, std::string source, std::string build)
        : program_(std::move(program)), source_(std::move(source)), build_(std::move(build)) {
        std::ofstream(file_) << "name = \"test\"\nkind = \"staging\"\nconnection.url = \""
                             << database_.url() << "\"\n";
        for (const char* const verb : {"install", "enrol"}) {
            const Outcome outcome = run(command({"environment", verb}));
            EXPECT_EQ(outcome.code, 0) << outcome.error;
        }
    }

    // Changes a file of the program's and builds it anew; what the build said.
    [[nodiscard]] std::string edit(const std::string& file, const std::string& from,
                                   const std::string& to) const {
        const std::string path = source_ + "/" + file;
        std::string text = text_of(path);
        EXPECT_NE(text.find(from), std::string::npos) << file;
        for (auto at = text.find(from); at != std::string::npos;
             at = text.find(from, at + to.size())) {
            text.replace(at, from.size(), to);
        }
        std::ofstream(path, std::ios::binary) << text;
        return expect_success({"cmake", "--build", build_, "--target", "ledger"}).output;
    }

    [[nodiscard]] std::unique_ptr<ChildProcess> start() const {
        return std::make_unique<ChildProcess>(command({"orchestrate"}));
    }
    // What it says where it does not start.
    [[nodiscard]] std::string refusal() const {
        const Outcome outcome = run(command({"orchestrate"}));
        EXPECT_EQ(outcome.code, 1) << outcome.error;
        return outcome.error;
    }
    [[nodiscard]] std::string ask(const std::string& query) {
        const sql::Result result = inside_.exec(query);
        return result.empty() ? "" : std::string(result[0].text(0));
    }
    [[nodiscard]] std::string build_of(const std::string& reducer) {
        return ask("select build from reducer_version where name || '@' || version = '" + reducer +
                   "'");
    }

private:
    [[nodiscard]] ChildProcessOptions command(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), program_);
        return {.arguments = std::move(arguments), .environment = {{"BATON_ENVIRONMENT", file_}}};
    }

    const std::string program_, source_, build_;
    const std::string file_ = source_ + "/test.toml";
    TestDatabase database_;
    sql::Connection inside_{database_.url(), in_test_schema()};
};

// A change inside reduce(), or in what it uses, is another build of the same version; what did not
// change keeps its build.
TEST_F(InstallTest, AnEditedReducerIsRefusedUntilItHasANewVersionAndTheOthersAreNot) {
    Ledger ledger(consumer_build + "/ledger", consumer, consumer_build);
    auto process = ledger.start();
    ASSERT_TRUE(eventually(seconds(30), [&] { return !ledger.build_of("bank@1").empty(); }))
        << process->error_output();
    process->kill(SIGTERM);
    ASSERT_TRUE(process->wait(seconds(30)));
    const std::string balance = ledger.build_of("balance@1");
    const std::string bank = ledger.build_of("bank@1");

    const std::string said = ledger.edit("balance.hpp", "payments += 1", "payments += 2");
    EXPECT_EQ(said.find("other.cpp"), std::string::npos) << "compiled for nothing: " << said;
    static const std::regex of_balance(
        "ledger: reducer balance@1 was registered with build (\\w+), this one is build (\\w+): "
        "give "
        "it a new version \\[BT012\\]\n");
    const std::string refused = ledger.refusal();
    std::smatch builds;
    ASSERT_TRUE(std::regex_search(refused, builds, of_balance)) << refused;
    EXPECT_EQ(builds[1], balance);
    EXPECT_NE(builds[2], balance);

    static_cast<void>(ledger.edit("balance.hpp", "version = 1", "version = 2"));
    static_cast<void>(ledger.edit("code.hpp", "substr(0, 2)", "substr(0, 4)"));
    const std::string of_code = ledger.refusal();
    EXPECT_NE(of_code.find("reducer bank@1 was registered with build " + bank), std::string::npos)
        << of_code;

    // As it was, but for the line ends, a comment and the layout.
    static_cast<void>(ledger.edit("code.hpp", "substr(0, 4)", "substr(0, 2)"));
    static_cast<void>(ledger.edit("code.hpp", "{ return", "{  // the bank's\n    return"));
    static_cast<void>(ledger.edit("code.hpp", "\n", "\r\n"));
    process = ledger.start();
    EXPECT_TRUE(eventually(seconds(30), [&] { return !ledger.build_of("balance@2").empty(); }))
        << process->error_output();
    EXPECT_EQ(ledger.build_of("bank@1"), bank);
}

// In development nobody needs to say anything: a program that was built anew builds its views anew.
TEST_F(InstallTest, InDevelopmentAnEditedReducerShowsItsOwnFiguresAtOnce) {
    const TestDatabase database;
    const std::string program = consumer_build + "/payments";
    const std::map<std::string, std::string> variables{{"DATABASE_URL", database.url()},
                                                       {"BATON_ENV", "dev"}};
    const auto verb = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), program);
        const Outcome outcome = run({.arguments = arguments, .environment = variables});
        EXPECT_EQ(outcome.code, 0) << outcome.error;
    };
    // Leads until the view shows a payment of 1 like this.
    const auto shows = [&](const std::string& row) {
        const ChildProcess process(
            {.arguments = {program, "orchestrate"}, .environment = variables});
        std::string shown;
        EXPECT_TRUE(eventually(seconds(30),
                               [&] {
                                   shown = run({.arguments = {program, "view", "balance", "--csv"},
                                                .environment = variables})
                                               .output;
                                   return shown.find(row) != std::string::npos;
                               }))
            << shown << process.error_output();
        return process.error_output();
    };
    verb({"environment", "install"});
    verb({"dispatch", "payment/received", R"({"account": "alice", "amount": 1})"});
    static_cast<void>(shows("alice,1,1"));

    const std::string path = consumer + "/main.cpp";
    const std::string text = text_of(path);
    const std::string edited =
        std::regex_replace(text, std::regex("payments \\+= 1"), "payments += 100");
    ASSERT_NE(edited, text);
    std::ofstream(path) << edited;
    expect_success({"cmake", "--build", consumer_build, "--target", "payments"});
    const std::string said = shows("alice,100,1");
    EXPECT_NE(said.find("view balance@1 is built anew from the log"), std::string::npos) << said;
}

// What README.md tells is what the consumer does.
TEST_F(InstallTest, ConsumerDoesWhatReadmeSays) {
    const std::string readme = text_of(source_folder + "/README.md");
    const std::string files = source_folder + "/tests/end_to_end/consumer/";
    const std::string project = text_of(files + "CMakeLists.txt") + text_of(files + "balance.hpp");
    for (const std::string line :
         {"find_package(baton REQUIRED)", "target_link_libraries(payments PRIVATE baton::cli)",
          "baton_reducer_sources(ledger balance balance.hpp)",
          "#include <baton/sources/balance.hpp>",
          "static constexpr std::string_view sources = baton::sources::balance;"}) {
        EXPECT_NE(readme.find(line), std::string::npos) << line;
        EXPECT_NE(project.find(line), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace baton::testing

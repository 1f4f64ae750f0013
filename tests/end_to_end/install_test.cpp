// What `cmake --install` leaves is enough for somebody else's project: headers of all folders,
// libraries, and a package that finds what they need.
//
// The build under test is installed into a folder of its own, and tests/end_to_end/consumer is
// configured and built against that, away from the source tree, with the same compiler and flags (a
// library under a sanitizer needs a program under it). The folders are always the same, so that
// ccache knows the consumer's one file.

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <regex>
#include <sstream>

#include "end_to_end/command.hpp"

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

TEST_F(InstallTest, StockProgramIsInstalled) { expect_success({prefix + "/bin/baton", "version"}); }

// Headers that the consumer does not happen to include, too.
TEST_F(InstallTest, HeadersOfEveryFolderAreInstalled) {
    int count = 0;
    for (const char* const name :
         {"base", "reducers", "environments", "sql", "orchestrator", "cli"}) {
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

// What README.md tells is what the consumer does.
TEST_F(InstallTest, ConsumerDoesWhatReadmeSays) {
    const std::string readme = text_of(source_folder + "/README.md");
    const std::string project =
        text_of(source_folder + "/tests/end_to_end/consumer/CMakeLists.txt");
    for (const std::string line :
         {"find_package(baton REQUIRED)", "target_link_libraries(payments PRIVATE baton::cli)"}) {
        EXPECT_NE(readme.find(line), std::string::npos) << line;
        EXPECT_NE(project.find(line), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace baton::testing

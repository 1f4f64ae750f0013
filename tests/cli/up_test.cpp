// baton up: all of it starts, works, and is gone at the end.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>

#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

// The processes whose command line names the folder.
std::vector<std::string> processes_in(const std::string& folder) {
    std::vector<std::string> found;
    std::error_code error;
    std::filesystem::directory_iterator entry("/proc", error);
    for (; entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        std::ifstream file(entry->path() / "cmdline");
        const std::string line(std::istreambuf_iterator<char>(file), {});
        if (line.find(folder) != std::string::npos) found.push_back(line);
    }
    return found;
}

bool is_greeted(const ChildProcess& up) {
    return eventually(60s,
                      [&] { return up.output().find("Ctrl-C stops it") != std::string::npos; });
}

// The second line of the greeting.
std::string url_of(const std::string& greeting) {
    const std::size_t begin = greeting.find("postgresql://");
    return greeting.substr(begin, greeting.find('\n', begin) - begin);
}

// The folder of the server whose socket the URL names.
std::string folder_of(const std::string& url) {
    const std::size_t begin = url.find("host=") + 5;
    const std::string socket = url.substr(begin, url.find('&', begin) - begin);
    return std::filesystem::path(socket).parent_path().string();
}

// The server in the folder; 0 where there is none.
pid_t postmaster_in(const std::string& folder) {
    pid_t pid = 0;
    std::ifstream(folder + "/data/postmaster.pid") >> pid;
    return pid;
}

TEST(UpTest, StartsWorksAndLeavesNothingBehind) {
    Tool tool;
    const std::string file = tool.write("category_sales.sql", category_sales());
    ChildProcess up(tool.options({"up", "--reducer", file, "--log-level", "warn"}));
    ASSERT_TRUE(is_greeted(up)) << up.error_output();
    const std::string url = url_of(up.output());
    const std::string folder = folder_of(url);
    EXPECT_NE(up.output().find("options=-csearch_path%3Dbaton_dev"), std::string::npos);
    EXPECT_FALSE(processes_in(folder).empty());

    tool.set("DATABASE_URL", url);
    const Ran dispatched = tool.run({"dispatch", "order/placed", order("Chairs"), "--wait"});
    EXPECT_EQ(dispatched.code, 0) << dispatched.err;
    EXPECT_EQ(tool.run({"view", "category_sales", "--csv"}).out,
              "category,lines,amount\nChairs,1,1.50\n");

    up.kill(SIGINT);
    EXPECT_EQ(up.wait(30s), (ExitStatus{0, {}})) << up.error_output();
    EXPECT_EQ(up.error_output(), "");
    EXPECT_FALSE(std::filesystem::exists(folder));
    EXPECT_TRUE(processes_in(folder).empty());
}

TEST(UpTest, StopsWhileItStillStarts) {
    const Tool tool;
    ChildProcess up(tool.options({"up", "--data", "kept"}));
    ASSERT_TRUE(eventually(30s, [&] { return std::filesystem::exists(tool.folder() / "kept"); }));
    up.kill(SIGTERM);
    EXPECT_EQ(up.wait(60s), (ExitStatus{0, {}})) << up.error_output();
    EXPECT_TRUE(processes_in((tool.folder() / "kept").string()).empty());
}

TEST(UpTest, SeveralSignalsAtOnceAreOneWish) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        const Tool tool;
        ChildProcess up(tool.options({"up", "--log-level", "warn"}));
        ASSERT_TRUE(is_greeted(up)) << up.error_output();
        const std::string folder = folder_of(url_of(up.output()));
        ::kill(-up.pid(), number);  // as a terminal does
        up.kill(number);
        up.kill(number);
        EXPECT_EQ(up.wait(60s), (ExitStatus{0, {}})) << up.error_output();
        EXPECT_FALSE(std::filesystem::exists(folder));
        EXPECT_TRUE(processes_in(folder).empty());
    }
}

TEST(UpTest, LaterSignalEndsItAtOnceAndLeavesNothingEither) {
    const Tool tool;
    ChildProcess up(tool.options({"up", "--log-level", "warn"}));
    ASSERT_TRUE(is_greeted(up)) << up.error_output();
    const std::string folder = folder_of(url_of(up.output()));
    // A server that does not stop: its postmaster stands still.
    const pid_t server = postmaster_in(folder);
    ASSERT_GT(server, 0);
    ::kill(server, SIGSTOP);
    up.kill(SIGTERM);
    EXPECT_EQ(up.wait(1500ms), std::nullopt) << up.error_output();
    up.kill(SIGTERM);
    EXPECT_EQ(up.wait(20s), (ExitStatus{128 + SIGTERM, {}})) << up.error_output();
    EXPECT_FALSE(std::filesystem::exists(folder));
    EXPECT_TRUE(eventually(10s, [&] { return processes_in(folder).empty(); }));
}

TEST(UpTest, EndsWhenItsServerWasKilled) {
    const Tool tool;
    ChildProcess up(tool.options({"up", "--log-level", "off"}));
    ASSERT_TRUE(is_greeted(up)) << up.error_output();
    const std::string folder = folder_of(url_of(up.output()));
    ::kill(postmaster_in(folder), SIGKILL);
    EXPECT_EQ(up.wait(30s), (ExitStatus{1, {}}));
    // libpq itself, which offers no hook for it, writes the last words of a server that ends while
    // a session of ours begins.
    std::string said = up.error_output();
    const std::string last_words =
        "FATAL:  terminating connection due to unexpected postmaster exit\n";
    while (said.starts_with(last_words)) said.erase(0, last_words.size());
    EXPECT_EQ(said,
              "baton: the private Postgres has ended, and not because of us; start again "
              "[BT017]\n");
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(UpTest, StopsAtSigtermWhereItsParentIgnoresTheOthers) {
    const Tool tool;
    ChildProcessOptions options = tool.options({});
    options.arguments = {
        "/bin/sh", "-c",
        "trap '' INT HUP; exec " + options.arguments.front() + " up --log-level warn"};
    ChildProcess up(options);
    ASSERT_TRUE(is_greeted(up)) << up.error_output();
    const std::string folder = folder_of(url_of(up.output()));
    up.kill(SIGHUP);
    up.kill(SIGINT);
    EXPECT_EQ(up.wait(500ms), std::nullopt);
    up.kill(SIGTERM);
    EXPECT_EQ(up.wait(30s), (ExitStatus{0, {}})) << up.error_output();
    EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(UpTest, RefusesABadReducerAndStopsItsServer) {
    const Tool tool;
    const std::string file = tool.write(
        "bad.sql", "--! reducer bad version 1\ncreate table elsewhere (id bigint primary key);\n");
    ChildProcess up(tool.options({"up", "--reducer", file, "--data", "kept"}));
    const auto status = up.wait(60s);
    EXPECT_EQ(status, (ExitStatus{1, {}}));
    EXPECT_NE(up.error_output().find("baton: SQL reducer bad@1: its file makes no table bad__v1"),
              std::string::npos)
        << up.error_output();
    EXPECT_TRUE(processes_in((tool.folder() / "kept").string()).empty());
}

}  // namespace
}  // namespace baton::testing

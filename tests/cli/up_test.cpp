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

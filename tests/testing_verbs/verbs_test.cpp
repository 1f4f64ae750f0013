// `test` and `selftest`, as a user runs them.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "baton/testing/golden.hpp"
#include "baton/testing/test_environment.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"

namespace baton::testing {
namespace {

using std::chrono::seconds;

struct Ran {
    int code = -1;
    std::string output;
    std::string error;
};

Ran run(const std::string& program, std::vector<std::string> arguments,
        std::map<std::string, std::string> environment = {}) {
    arguments.insert(arguments.begin(), std::string(BATON_BINARY_DIR) + "/" + program);
    ChildProcess process({.arguments = arguments, .environment = std::move(environment)});
    const auto end = process.wait(seconds(120));
    return {end ? end->code.value_or(-1) : -1, process.output(), process.error_output()};
}

const std::string tested = "examples/first_reducer/payments_tested";

TEST(TestVerbTest, RunsTheProgramsOwnTests) {
    const Ran ran = run(tested, {"test"});
    EXPECT_EQ(ran.code, 0) << ran.output << ran.error;
    EXPECT_EQ(ran.output,
              "1..4\n"
              "ok 1 - an environment takes the reducers and handlers\n"
              "ok 2 - a balance adds up\n"
              "ok 3 - there are no receipts of before\n"
              "ok 4 - each receipt is sent once, whoever dies\n");
    EXPECT_EQ(run(tested, {"test", "--list", "balance"}).output, "a balance adds up\n");
    const Ran none = run(tested, {"test", "nothing"});
    EXPECT_EQ(none.code, 2);
    EXPECT_NE(none.error.find("payments test --list"), std::string::npos) << none.error;
}

TEST(TestVerbTest, ComparesARecordedLogWithAGoldenFile) {
    const auto folder = std::filesystem::temp_directory_path();
    const std::string name = (folder / ("testkit_" + std::to_string(::getpid()))).string();
    const std::string events = name + ".ndjson";
    const std::string golden = name + ".golden";
    std::ofstream(events)
        << R"({"type":"payment/received","payload":{"account":"alice","amount":"12.50"},)"
        << R"("dispatched_at":"2026-03-09T12:00:00Z"})"
        << "\n";
    const std::vector<std::string> verb{"test", "recorded", "--events", events, "--golden", golden};

    const Ran missing = run(tested, verb);
    EXPECT_EQ(missing.code, 1) << missing.output;
    EXPECT_NE(missing.output.find("# there is no golden file"), std::string::npos)
        << missing.output;
    std::vector<std::string> writing = verb;
    writing[1] = "golden";
    writing.emplace_back("--write");
    EXPECT_EQ(run(tested, writing).code, 0);
    const Ran same = run(tested, verb);
    EXPECT_EQ(same.code, 0) << same.output << same.error;

    std::ofstream(golden, std::ios::app) << "  {\"account\":\"bob\"}\n";
    const Ran differs = run(tested, verb);
    EXPECT_EQ(differs.code, 1);
    EXPECT_NE(differs.output.find("\"bob\""), std::string::npos) << differs.output;

    std::ofstream(events, std::ios::app) << "no event\n";
    const Ran broken = run(tested, verb);
    EXPECT_EQ(broken.code, 1);
    EXPECT_NE(broken.output.find(".ndjson:2: this line is no event"), std::string::npos)
        << broken.output;
    std::filesystem::remove(events);
    std::filesystem::remove(golden);
}

class SelftestTest : public ::testing::Test {
protected:
    Ran selftest() {
        return run("cli/baton", {"selftest", "--env", "test"},
                   {{"DATABASE_URL", environment_.url()}});
    }
    std::string ask(const std::string& query) {
        return std::string(environment_.connection().exec(query)[0].text(0));
    }
    TestEnvironment environment_{{}, Cluster::instance()};
};

TEST_F(SelftestTest, PassesAndLeavesNothing) {
    const Ran ran = selftest();
    EXPECT_EQ(ran.code, 0) << ran.output << ran.error;
    EXPECT_EQ(ran.output.find("not ok"), std::string::npos) << ran.output;
    EXPECT_TRUE(ran.output.starts_with("1..16\nok 1 - ")) << ran.output;
    EXPECT_EQ(ask("select count(*) from event"), "0");
}

// Somebody has replaced a function.
TEST_F(SelftestTest, SaysWhichFunctionIsWrong) {
    ask("create or replace function versions() returns jsonb language sql as"
        " $$ select '{}'::jsonb $$; select 1");
    const Ran ran = selftest();
    EXPECT_EQ(ran.code, 1) << ran.output << ran.error;
    EXPECT_NE(ran.output.find("not ok 15 - versions() answers\n# it is not so: select"),
              std::string::npos)
        << ran.output;
}

}  // namespace
}  // namespace baton::testing

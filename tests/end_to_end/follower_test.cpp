// Followers as real processes, in C++ and over plain SQL: examples/follower, as docs/following.md
// says to run them, killed in the middle of their work.

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "baton/sql/connection.hpp"
#include "end_to_end/command.hpp"
#include "end_to_end/document.hpp"
#include "support/child_process.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class FollowerProcessTest : public ::testing::Test {
protected:
    void SetUp() override {
        connection_.exec(
            "create table public.statement_line (line bigint generated always as "
            "identity, account text, amount numeric)");
        connection_.exec("alter role all set search_path = baton_test, public");
        const Outcome enrolled = run(with_environment(
            {BATON_BINARY_DIR "/examples/follower/statements", "environment", "enrol", "test"}));
        ASSERT_EQ(enrolled.code, 0) << enrolled.error;
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] ChildProcessOptions with_environment(std::vector<std::string> arguments) const {
        return {.arguments = std::move(arguments),
                .environment = {{"DATABASE_URL", database_.url()},
                                {"XDG_CONFIG_HOME", folder_},
                                {"BATON_TOKEN_FILE", ""}}};
    }
    [[nodiscard]] ChildProcessOptions verb(const std::string& name,
                                           std::vector<std::string> more = {}) const {
        std::vector<std::string> arguments{BATON_BINARY_DIR "/examples/follower/statements",
                                           name,
                                           "--env",
                                           "test",
                                           "--kind",
                                           "development"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return with_environment(arguments);
    }
    [[nodiscard]] ChildProcessOptions node() const {
        return verb("node", {"--node-lease-ms", "1000"});
    }
    void pay(int first, int last) {
        connection_.exec(
            "select dispatch('payment/received', jsonb_build_object('account', i::text, 'amount', "
            "1)) from generate_series(" +
            std::to_string(first) + ", " + std::to_string(last) + ") i");
    }
    std::int64_t lines() {
        return connection_.exec("select count(*) from public.statement_line").only().integer(0);
    }
    void expect_each_once_in_order(int count) {
        EXPECT_EQ(lines(), count);
        EXPECT_EQ(
            connection_
                .exec(
                    "select count(*) from (select account::bigint - lag(account::bigint, 1, "
                    "0) over (order by line) as step from public.statement_line) s where step <> 1")
                .only()
                .integer(0),
            0);
    }

    TestDatabase database_{environment_template()};
    sql::Connection connection_{database_.url(), in_test_schema()};
    std::string folder_ = [] {
        std::string folder = "/tmp/baton_follower_XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
        return folder;
    }();
};

TEST_F(FollowerProcessTest, TwoNodesTakeOverFromEachOtherAndEachEventIsThereOnce) {
    const ChildProcess orchestrator(verb("orchestrate"));
    auto first = std::make_unique<ChildProcess>(node());
    auto second = std::make_unique<ChildProcess>(node());
    int paid = 0;
    for (int round = 0; round < 3; ++round) {
        for (int burst = 0; burst < 10; ++burst, paid += 100) pay(paid + 1, paid + 100);
        ASSERT_TRUE(eventually(60s, [&] { return lines() > paid - 900; }))
            << first->error_output() << second->error_output();
        first->kill(SIGKILL);
        std::swap(first, second);
        second = std::make_unique<ChildProcess>(node());
    }
    EXPECT_TRUE(eventually(60s, [&] { return lines() >= paid; })) << first->error_output();
    expect_each_once_in_order(paid);
    const Outcome listed = run(with_environment(
        {BATON_BINARY_DIR "/examples/follower/statements", "bookmarks", "list", "--env", "test"}));
    EXPECT_NE(listed.output.find("statement  followed"), std::string::npos)
        << listed.output << listed.error;
}

TEST_F(FollowerProcessTest, InPlainSqlItGoesOnWhereAKilledOneWas) {
    const auto follower = [&](bool until_idle) {
        std::vector<std::string> arguments{
            "/usr/bin/python3", BATON_SOURCE_DIR "/examples/follower/follower.py", "test"};
        if (until_idle) arguments.emplace_back("--until-idle");
        return with_environment(arguments);
    };
    const ChildProcess orchestrator(verb("orchestrate"));
    pay(1, 500);
    {
        ChildProcess doomed(follower(false));
        ASSERT_TRUE(eventually(60s, [&] { return lines() == 500; })) << doomed.error_output();
        pay(501, 700);  // it is rung
        ASSERT_TRUE(eventually(60s, [&] { return lines() > 500; })) << doomed.error_output();
        const Outcome other = run(follower(true));
        EXPECT_EQ(other.code, 1);
        EXPECT_NE(other.error.find("follows from this bookmark"), std::string::npos) << other.error;
        doomed.kill(SIGKILL);
        ASSERT_TRUE(doomed.wait(10s));
    }
    // Rather than wait for its lease.
    connection_.exec("update node set alive_at = alive_at - interval '1 hour'");
    pay(701, 800);
    ASSERT_TRUE(eventually(60s, [&] {
        const Outcome ended = run(follower(true));
        EXPECT_EQ(ended.code, 0) << ended.error;
        connection_.exec("update node set alive_at = alive_at - interval '1 hour'");
        return lines() == 800;
    }));
    expect_each_once_in_order(800);
}

TEST_F(FollowerProcessTest, TheDocumentShowsTheProgram) {
    bool is_shown = false;
    for (const Block& block : blocks_of_document(text_of(BATON_SOURCE_DIR "/docs/following.md"))) {
        if (!block.how.starts_with("file: ")) continue;
        is_shown = true;
        EXPECT_EQ(block.text, text_of(BATON_SOURCE_DIR "/" + block.how.substr(6)));
    }
    EXPECT_TRUE(is_shown);
}

}  // namespace
}  // namespace baton::testing

// Views that come later than the events, and what may register (ORD-3, BT012, BT013).
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

const std::string sql_file = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

bool all_follow(World& world, const std::string& count, milliseconds deadline = seconds(60)) {
    return world.comes_true(
        "(select count(*) from view_state where state = 'following') = " + count, deadline);
}

void end(ChildProcess& process, int signal) {
    process.kill(signal);
    ASSERT_TRUE(process.wait(seconds(10)));
}

TEST(CatchUpTest, AReducerAddedToALongLogFollowsAfterAWhileAlsoIfKilledOnTheWay) {
    World world;
    auto process = world.start({.node = "before", .options = {"--without-marks"}});
    ASSERT_TRUE(world.leads("before"));
    dispatch_flood(world, 50'000);
    ASSERT_TRUE(world.settles());
    end(*process, SIGTERM);

    Writers writers(world.url(), 2);
    process = world.start({.node = "killed",
                           .options = {"--sql", sql_file, "--batch-max", "1000"},
                           .fault = "before_commit:9:kill"});
    ASSERT_TRUE(process->wait(seconds(30))) << process->error_output();
    process = world.start({.node = "killed again",
                           .options = {"--sql", sql_file, "--batch-max", "1000"},
                           .fault = "after_reduce:20:kill"});
    ASSERT_TRUE(process->wait(seconds(30))) << process->error_output();
    EXPECT_EQ(world.ask("select state from view_state where view = 'sql_totals'"), "behind");

    process = world.start({.node = "after", .options = {"--sql", sql_file}});
    ASSERT_TRUE(all_follow(world, "3")) << process->error_output();
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
}

// Starts a process that must refuse to work, and returns the one line that it says.
std::string refusal(const World& world, const std::vector<std::string>& options) {
    const auto process = world.start({.node = "refused", .options = options});
    const auto end = process->wait(seconds(20));
    EXPECT_TRUE(end) << process->error_output();
    EXPECT_EQ(end.value_or(ExitStatus{}).code, 3) << process->error_output();
    const std::string said = process->error_output();
    const auto line = said.find("orchestrator_program: ");
    return line == std::string::npos ? said : said.substr(line + 22);
}

TEST(RegistrationTest, AProgramThatCannotKeepTheLiveViewsIsRefusedInOneLine) {
    World world;
    auto process = world.start({.node = "first"});
    ASSERT_TRUE(all_follow(world, "2"));
    end(*process, SIGTERM);

    const std::string lacking = refusal(world, {"--without-marks"});
    EXPECT_EQ(lacking,
              "BT013 view mark_totals@1 is live here and this process does not carry it: start one"
              " that does, or drop the view\n");
    const std::string other = refusal(world, {"--other-build"});
    EXPECT_TRUE(other.starts_with("BT012 reducer account_totals@1 was registered with build one"))
        << other;
    EXPECT_EQ(std::count(other.begin(), other.end(), '\n'), 1);

    process = world.start({.node = "second"});
    EXPECT_TRUE(world.leads("second")) << process->error_output();
}

TEST(RegistrationTest, ASqlReducerThatCannotWorkIsRefusedAndLeavesNothing) {
    World world;
    const std::string file = ::testing::TempDir() + "reducer.sql";
    const auto refused = [&](const std::string& text) {
        std::ofstream(file) << text;
        return refusal(world, {"--sql", file});
    };
    const std::string heading = "--! reducer bad version 1\n";
    const std::string table =
        "create table bad__v1 (k text primary key, position bigint not null);";
    const std::string function =
        "create function bad__v1() returns void language sql as 'select null::void';";
    EXPECT_TRUE(refused("select 1").starts_with("BT013")) << "no heading";
    EXPECT_TRUE(refused(heading + function).starts_with("BT013")) << "no table";
    EXPECT_TRUE(refused(heading + "create table bad__v1 (k text primary key);" + function)
                    .starts_with("BT013"))
        << "no position";
    EXPECT_TRUE(refused(heading + "create table bad__v1 (position bigint not null);" + function)
                    .starts_with("BT013"))
        << "no key";
    EXPECT_TRUE(refused(heading + table).starts_with("BT019")) << "no function";
    EXPECT_TRUE(refused(heading + "select nonsense").starts_with("BT019")) << "not SQL";
    EXPECT_TRUE(refused(heading + table +
                        "create function bad__v1() returns void language plpgsql as"
                        " $$ begin perform nothing from batch_event; end $$;")
                    .starts_with("BT019"))
        << "a fold that cannot be planned";
    EXPECT_EQ(world.ask("select count(*) from reducer_version where name = 'bad'"), "0");
    EXPECT_EQ(world.ask("select to_regclass('bad__v1') is null"), "t");

    std::ofstream(file) << heading << table << function;
    const auto process = world.start({.node = "good", .options = {"--sql", file}});
    ASSERT_TRUE(all_follow(world, "3")) << process->error_output();
    end(*process, SIGTERM);
    EXPECT_TRUE(refused(heading + table + function + "-- changed").starts_with("BT012"));
}

}  // namespace
}  // namespace baton::testing

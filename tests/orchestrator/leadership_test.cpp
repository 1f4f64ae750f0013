// Who leads, when leaders hang, die, resign, or lie.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <iostream>

#include "baton/sql/leadership.hpp"
#include "orchestrator/world.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

const std::vector<std::string> short_lease{"--lease", "600", "--poll", "200"};

bool says(const ChildProcess& process, const std::string& text) {
    return eventually(seconds(20),
                      [&] { return process.error_output().find(text) != std::string::npos; });
}

// A leader that hangs at `point` is deposed; awake again, it writes nothing and stands by.
class StoppedLeaderTest : public ::testing::TestWithParam<const char*> {};

TEST_P(StoppedLeaderTest, IsDeposedAndSaysSo) {
    World world;
    Writers writers(world.url(), 2);
    const auto old = world.start(
        {.node = "old", .options = short_lease, .fault = std::string(GetParam()) + ":5:stop"});
    ASSERT_TRUE(world.leads("old")) << old->error_output();
    const auto standby = world.start({.node = "new", .options = short_lease});
    ASSERT_TRUE(world.leads("new")) << standby->error_output();
    const std::string before = world.ask("select count(*) from batch where epoch = 1");
    ASSERT_TRUE(world.comes_true("(select count(*) from batch where epoch = 2) > 5"));

    old->kill(SIGCONT);
    EXPECT_TRUE(says(*old, "deposed")) << old->error_output();
    EXPECT_TRUE(says(*old, "standing by")) << old->error_output();
    ASSERT_TRUE(world.comes_true("(select count(*) from batch where epoch = 2) > 20"));
    EXPECT_EQ(world.ask("select count(*) from batch where epoch = 1"), before);
    EXPECT_EQ(world.ask("select node || epoch from leader"), "new2");

    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, StoppedLeaderTest,
                         ::testing::Values("after_read", "after_reduce", "before_checkpoint",
                                           "before_commit", "after_commit"));

// Kills whoever leads and starts it again, `kills` times, each time once it has recorded a batch.
void kill_leaders(World& world, std::vector<std::unique_ptr<ChildProcess>>& processes, int kills) {
    std::string killed_epoch = "0";
    for (int kill = 0; kill < kills; ++kill) {
        ASSERT_TRUE(world.comes_true("(select max(epoch) from batch) > " + killed_epoch))
            << "after " << kill << " kills";
        const std::string leader = world.ask("select epoch || ' ' || node from leader");
        killed_epoch = leader.substr(0, leader.find(' '));
        const std::string node = leader.substr(leader.find(' ') + 1);
        std::unique_ptr<ChildProcess>& process = processes.at(std::stoul(node));
        process->kill(SIGKILL);
        ASSERT_TRUE(process->wait(seconds(5)));
        process = world.start({.node = node, .options = short_lease});
    }
    ASSERT_TRUE(world.comes_true("(select max(epoch) from batch) > " + killed_epoch));
}

TEST(LeadershipTest, FiveStartedAtOnceAndTheLeaderKilledAgainAndAgainKeepOneHistory) {
    World world;
    Writers writers(world.url(), 2);
    std::vector<std::unique_ptr<ChildProcess>> processes;
    for (int i = 0; i < 5; ++i) {
        processes.push_back(world.start({.node = std::to_string(i), .options = short_lease}));
    }
    ASSERT_NO_FATAL_FAILURE(kill_leaders(world, processes, 50));
    writers.stop();
    ASSERT_TRUE(world.settles());
    EXPECT_GE(std::stoi(world.ask("select count(distinct epoch) from batch")), 51);
    world.expect_exact();
    world.expect_accounts_agree();
}

// Those that the leader once took. See also SessionTest, for each call by itself.
TEST(LeadershipTest, WithTheLocksTakenByAStrangerOneStillLeads) {
    World world;
    sql::Connection stranger(world.url(), in_test_schema("stranger"));
    stranger.exec(
        "select pg_advisory_lock(hashtextextended('baton leader of ' || "
        "current_schema(), 0) + n) from generate_series(0, 9) as n");
    Writers writers(world.url(), 2);
    std::vector<std::unique_ptr<ChildProcess>> processes;
    for (int i = 0; i < 3; ++i) {
        processes.push_back(world.start({.node = std::to_string(i), .options = short_lease}));
    }
    ASSERT_NO_FATAL_FAILURE(kill_leaders(world, processes, 4));
    const std::string epoch = world.ask("select epoch from leader");
    stranger.exec("select pg_advisory_unlock_all()");
    const std::string count = world.ask("select count(*) from batch");
    ASSERT_TRUE(world.comes_true("(select count(*) from batch) > 300 + " + count));
    EXPECT_EQ(world.ask("select epoch from leader"), epoch);
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST(LeadershipTest, ABatchOfAnEpochThatIsOverIsRefused) {
    World world;
    const auto process = world.start({.node = "leader"});
    ASSERT_TRUE(world.leads("leader"));
    dispatch_flood(world, 10);
    ASSERT_TRUE(world.settles());

    sql::Connection liar(world.url(), in_test_schema("liar"));
    const auto record = [&](const std::string& epoch) {
        liar.exec("select record_batch(epoch => " + epoch +
                  ", first_position => 11, count => 1, window_number => 1, after_id => 10,"
                  " last_id => 11, started_at => now())");
    };
    const auto refused = [&](const std::string& epoch) {
        try {
            record(epoch);
            return false;
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), ErrorCode::deposed) << error.what();
            return error.code() == ErrorCode::deposed;
        }
    };
    EXPECT_TRUE(refused("0"));
    EXPECT_TRUE(refused("2"));
    EXPECT_EQ(world.ask("select sum(count) from batch"), "10");
}

// Seconds, by the server's clock, from `since` to the first batch of `epoch`.
double seconds_to_first_batch(World& world, const std::string& since, int epoch) {
    const std::string number = std::to_string(epoch);
    EXPECT_TRUE(world.comes_true("exists (select from batch where epoch = " + number + ")"));
    return std::stod(world.ask("select extract(epoch from min(recorded_at) - '" + since +
                               "'::timestamptz) from batch where epoch = " + number));
}

TEST(LeadershipTest, SigtermInAFloodHandsOverAtOnceWithoutAGap) {
    World world;
    Writers writers(world.url(), 2, milliseconds(0));
    double longest = 0;
    for (int epoch = 1; epoch <= 3; ++epoch) {
        auto leader = world.start({.node = "leader " + std::to_string(epoch)});
        ASSERT_TRUE(world.leads("leader " + std::to_string(epoch)));
        const auto standby = world.start({.node = "leader " + std::to_string(epoch + 1)});
        ASSERT_TRUE(says(*standby, "standing by"));
        ASSERT_TRUE(world.comes_true(
            "exists (select from batch where epoch = (select epoch from leader))"));
        const std::string since = world.ask("select clock_timestamp()");
        const int next = std::stoi(world.ask("select epoch + 1 from leader"));
        leader->kill(SIGTERM);
        longest = std::max(longest, seconds_to_first_batch(world, since, next));
        const auto end = leader->wait(seconds(10));
        ASSERT_TRUE(end);
        EXPECT_EQ(end->code, 0) << leader->error_output();
        standby->kill(SIGTERM);
        ASSERT_TRUE(standby->wait(seconds(10)));
    }
    std::cout << "hand-over after SIGTERM: at most " << longest << " s\n";
    EXPECT_LT(longest, 2.0);
    writers.stop();
    const auto last = world.start({.node = "last"});
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
}

TEST(LeadershipTest, KillHandsOverWithinSeconds) {
    World world;
    Writers writers(world.url(), 2);
    double longest = 0;
    auto leader = world.start({.node = "0"});
    ASSERT_TRUE(world.leads("0"));
    for (int i = 1; i <= 3; ++i) {
        auto standby = world.start({.node = std::to_string(i)});
        ASSERT_TRUE(says(*standby, "standing by"));
        const std::string since = world.ask("select clock_timestamp()");
        const int next = std::stoi(world.ask("select epoch + 1 from leader"));
        leader->kill(SIGKILL);
        longest = std::max(longest, seconds_to_first_batch(world, since, next));
        leader = std::move(standby);
    }
    std::cout << "hand-over after kill -9: at most " << longest << " s\n";
    EXPECT_LT(longest, 3.0);
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
}

}  // namespace
}  // namespace baton::testing

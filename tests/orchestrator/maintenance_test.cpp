// Where no node sees to maintain(), the leader does.
#include <gtest/gtest.h>

#include <csignal>

#include "orchestrator/world.hpp"

namespace baton::testing {
namespace {

TEST(MaintenanceTest, WithoutANodeTheLeaderSeesToIt) {
    World world;
    const auto leader = world.start({.node = "leader"});
    ASSERT_TRUE(world.leads("leader"));
    EXPECT_EQ(world.ask("select is_unmaintained()"), "f") << "there is nothing to see to";

    world.ask(
        "select schedule('marks', 'every second', event_type => 'mark/made',"
        " payload => '{\"account\": \"a\", \"fault\": \"\"}')");
    EXPECT_TRUE(world.comes_true("(select count(*) from event) >= 3")) << leader->error_output();
    world.ask("select pause_schedule('marks', 'enough')");
    EXPECT_TRUE(world.settles());

    leader->kill(SIGTERM);
    EXPECT_TRUE(leader->wait(std::chrono::seconds(5))) << leader->error_output();
    EXPECT_TRUE(world.comes_true("is_unmaintained()"));
    world.ask("select coalesce(bool_or(is_behind), false) from maintain()");
    EXPECT_EQ(world.ask("select is_unmaintained()"), "f");
    world.ask(
        "update maintenance set passed_at = clock_timestamp() + interval '1 hour'"
        " returning true");
    EXPECT_EQ(world.ask("select is_unmaintained()"), "t") << "a clock was set back";
}

}  // namespace
}  // namespace baton::testing

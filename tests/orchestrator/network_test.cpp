// The network between the orchestrators and a healthy server fails.
#include <gtest/gtest.h>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"
#include "support/proxy.hpp"

namespace baton::testing {
namespace {

class NetworkTest : public ::testing::Test {
protected:
    std::unique_ptr<ChildProcess> start(const std::string& node, const Proxy& proxy) {
        return world.start(
            {.node = node, .options = {"--lease", "700", "--poll", "200"}, .url = proxy.url()});
    }

    // Whether a batch is recorded that was not there when this was called.
    [[nodiscard]] bool goes_on() {
        return world.comes_true("(select max(first_position) from batch) > " +
                                world.ask("select coalesce(max(first_position), 0) from batch"));
    }

    void expect_everything_once() {
        writers.stop();
        ASSERT_TRUE(world.settles());
        world.expect_exact();
        world.expect_accounts_agree();
    }

    World world;
    Writers writers{world.url(), 2};
};

TEST_F(NetworkTest, EachConnectionThatIsCutInMidStreamComesBackAndNothingIsTwice) {
    Proxy proxy(world.url());
    const auto process = start("one", proxy);
    ASSERT_TRUE(world.leads("one"));
    for (int round = 0; round < 2; ++round) {
        for (const char* const session :
             {"baton reader", "baton orchestrator", "baton listener", ""}) {
            SCOPED_TRACE(std::string(session) + " in round " + std::to_string(round));
            ASSERT_TRUE(eventually(seconds(20), [&] { return proxy.connection_count() == 3; }));
            ASSERT_TRUE(goes_on()) << process->error_output();
            proxy.cut(session);
            ASSERT_TRUE(goes_on()) << process->error_output();
        }
        for (const AtCommit loss : {AtCommit::drop_request, AtCommit::drop_reply}) {
            const int before = proxy.commits_dropped();
            proxy.at_next_commit(loss);
            ASSERT_TRUE(eventually(seconds(20), [&] { return proxy.commits_dropped() > before; }));
            ASSERT_TRUE(goes_on()) << process->error_output();
        }
    }
    EXPECT_NE(process->error_output().find("leadership interrupted"), std::string::npos);
    expect_everything_once();
}

// Nobody is told that the leader's packets are lost: only its lease says so.
TEST_F(NetworkTest, ALeaderThatNobodyHearsIsReplacedAndStandsByWhenItIsBack) {
    Proxy proxy(world.url());
    const auto old = start("old", proxy);
    ASSERT_TRUE(world.leads("old"));
    Proxy other(world.url());
    const auto standby = start("new", other);
    ASSERT_TRUE(goes_on());
    proxy.blackhole(true);
    ASSERT_TRUE(world.leads("new")) << standby->error_output();
    ASSERT_TRUE(goes_on()) << standby->error_output();
    proxy.blackhole(false);
    ASSERT_TRUE(eventually(seconds(20), [&] {
        return old->error_output().find("standing by") != std::string::npos;
    })) << old->error_output();
    EXPECT_EQ(world.ask("select node || epoch from leader"), "new2");
    // And back, when the new one is cut off for good.
    other.blackhole(true);
    ASSERT_TRUE(world.leads("old")) << old->error_output();
    ASSERT_TRUE(goes_on()) << old->error_output();
    other.blackhole(false);
    expect_everything_once();
}

}  // namespace
}  // namespace baton::testing

// A listener hears what is sent, is woken from anywhere, and never waits on a dead session.

#include "baton/sql/listener.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <future>
#include <string>

#include "baton/base/error.hpp"
#include "support/cluster.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class ListenerTest : public ::testing::Test {
protected:
    testing::TestDatabase database_;
    const std::string url_ = database_.url();
};

TEST_F(ListenerTest, NotificationsThatCameMeanwhileAreOneWakeUp) {
    Listener listener(url_, {}, "door");
    Connection sender(url_);
    sender.exec("notify other; notify door; notify door, 'again'");
    EXPECT_TRUE(listener.wait(10s));
    EXPECT_FALSE(listener.wait(0ms));
    EXPECT_FALSE(listener.wait(30ms));
}

TEST_F(ListenerTest, NotificationEndsTheWait) {
    Listener listener(url_, {}, "door");
    auto came = std::async(std::launch::async, [&] { return listener.wait(30s); });
    Connection(url_).exec("notify door");
    EXPECT_TRUE(came.get());
}

TEST_F(ListenerTest, ChannelNeedsNoQuotingByTheCaller) {
    Listener listener(url_, {}, "Do\"or x");
    Connection(url_).exec("notify \"Do\"\"or x\"");
    EXPECT_TRUE(listener.wait(10s));
}

TEST_F(ListenerTest, WakeEndsThisWaitOrTheNext) {
    Listener listener(url_, {}, "door");
    listener.wake();
    listener.wake();
    const auto start = Clock::now();
    EXPECT_FALSE(listener.wait(60s));
    auto came = std::async(std::launch::async, [&] {
        listener.wake();
        return true;
    });
    EXPECT_FALSE(listener.wait(60s));
    EXPECT_LT(Clock::now() - start, 30s);
    EXPECT_FALSE(listener.wait(20ms)) << "a wake-up counts once";
}

Listener* woken_by_signal = nullptr;

TEST_F(ListenerTest, SignalHandlerMayWake) {
    Listener listener(url_, {}, "door");
    woken_by_signal = &listener;
    const auto former = std::signal(SIGUSR1, [](int) { woken_by_signal->wake(); });
    (void)std::raise(SIGUSR1);
    const auto start = Clock::now();
    EXPECT_FALSE(listener.wait(60s));
    EXPECT_LT(Clock::now() - start, 30s);
    (void)std::signal(SIGUSR1, former);
}

TEST_F(ListenerTest, EndedSessionIsAnErrorAtOnceAndEachTime) {
    Listener listener(url_, {}, "door");
    auto ended = std::async(std::launch::async, [&] {
        const auto start = Clock::now();
        for (int i = 0; i < 2; ++i) {
            try {
                (void)listener.wait(60s);
                return std::string("no error");
            } catch (const Error& error) {
                if (error.code() != ErrorCode::connection_lost) return std::string(error.what());
            }
        }
        return std::string(Clock::now() - start < 30s ? "lost" : "late");
    });
    Connection(url_).exec("select pg_terminate_backend(" + std::to_string(listener.backend_pid()) +
                          ", 10000)");
    EXPECT_EQ(ended.get(), "lost");
}

TEST_F(ListenerTest, PooledConnectionIsRefused) {
    try {
        const Listener listener(url_, {.pooled = true}, "door");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::settings_invalid);
    }
}

}  // namespace
}  // namespace baton::sql

// One script for the clients of each language: docs/local_bus_wire.md, as a child lives it.
#include "local_bus/conformance.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "baton/base/error.hpp"
#include "baton/local_bus/bus.hpp"
#include "end_to_end/node_modules.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct Client {
    std::string name;
    std::vector<std::string> words;
};

class ConformanceTest : public ::testing::TestWithParam<Client> {
protected:
    void SetUp() override {
        if (GetParam().name == "node") ::setenv("NODE_PATH", node_modules().c_str(), 1);
    }

    [[nodiscard]] static FanOutOptions options(int threads) {
        FanOutOptions options{.threads = threads, .processes = {GetParam().words}};
        if (GetParam().name == "node") options.variables = {"NODE_PATH"};
        return options;
    }
};

TEST_P(ConformanceTest, DoesWorkPublishesHearsAndEnds) {
    Bus bus;
    std::vector<std::int64_t> heard;
    auto numbers = bus.subscribe<Number>(
        {.depth = 512}, [&](const Number& number) { heard.push_back(number.number); });
    Inbox<Scale> scaled = bus.inbox<Scale>({.topic = "scaled"});
    auto pool = bus.fan_out<Piece, Sum>(options(0));

    // Work, in order, many at once.
    std::int64_t total = 0;
    for (std::int64_t i = 1; i <= 100; ++i) ASSERT_TRUE(pool.push({"sum", {i, 1}}));
    for (int i = 1; i <= 100; ++i) {
        const auto done = pool.next(20s);
        ASSERT_TRUE(done && done->value) << (done ? done->failure : "nothing came");
        total += done->value->total;
    }
    EXPECT_EQ(total, 5150);

    // What it publishes, in its order, before its answer.
    Piece publish{"publish", {}};
    for (std::int64_t i = 0; i < 300; ++i) publish.numbers.push_back(i);
    ASSERT_TRUE(pool.push(publish));
    const auto published = pool.next(20s);
    ASSERT_TRUE(published && published->value);
    ASSERT_TRUE(numbers.wait_for(20s));
    EXPECT_EQ(heard, publish.numbers);

    // What it subscribed to.
    EXPECT_TRUE(bus.publish(Scale{7}).is_whole());
    const auto answer = scaled.take(20s);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->number, 7);
    ASSERT_TRUE(pool.push({"sum", {1, 2}}));
    EXPECT_EQ(pool.next(20s).value().value.value().total, 21);

    // What it fails to do is tried again, by whoever there is, and then said.
    ASSERT_TRUE(pool.push({"fail", {}}));
    const auto failed = pool.next(20s);
    ASSERT_TRUE(failed && !failed->value);
    EXPECT_NE(failed->failure.find("told to fail"), std::string::npos) << failed->failure;
    EXPECT_EQ(pool.stats().retried, 1U);
    ASSERT_TRUE(pool.push({"log", {}}));
    EXPECT_TRUE(pool.next(20s).value().value);

    const ProcessStats stats = pool.processes().at(0);
    EXPECT_EQ(stats.started, 1U);
    EXPECT_EQ(stats.malformed, 0U);
    EXPECT_EQ(stats.subscriptions, 1U);
    EXPECT_EQ(stats.published, 301U);
    const auto begun = std::chrono::steady_clock::now();
    pool.end();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
    EXPECT_NE(::kill(stats.pid, 0), 0);
}

TEST_P(ConformanceTest, HearsThatNobodyWantsItAnyMore) {
    Bus bus;
    Inbox<Number> numbers = bus.inbox<Number>();
    auto pool = bus.fan_out<Piece, Sum>(options(0));
    ASSERT_TRUE(pool.push({"loop", {}}));
    const auto begun = numbers.take(20s);
    ASSERT_TRUE(begun && begun->number == 1);
    pool.cancel();
    EXPECT_TRUE(pool.wait_for(20s));
    EXPECT_EQ(pool.stats().discarded, 1U);
    const auto stopped = numbers.take(20s);
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->number, 2);
}

TEST_P(ConformanceTest, WhatItDiesOfIsGivenToAnotherOnceAndItIsStartedAnew) {
    Bus bus;
    auto pool = bus.fan_out<Piece, Sum>(options(0));
    ASSERT_TRUE(pool.push({"sum", {1}}));
    EXPECT_EQ(pool.next(20s).value().value.value().total, 1);
    ASSERT_TRUE(pool.push({"exit", {}}));
    const auto dead = pool.next(20s);
    ASSERT_TRUE(dead && !dead->value);
    EXPECT_NE(dead->failure.find(" ended with exit code 3"), std::string::npos) << dead->failure;
    EXPECT_EQ(pool.stats().retried, 1U);
    ASSERT_TRUE(pool.push({"sum", {2}}));
    EXPECT_EQ(pool.next(20s).value().value.value().total, 2);
    EXPECT_EQ(pool.processes().at(0).started, 3U);
}

INSTANTIATE_TEST_SUITE_P(
    Clients, ConformanceTest,
    ::testing::Values(
        Client{"cpp", {BATON_BUS_CHILD}},
        Client{"python", {"/usr/bin/python3", BATON_SOURCE_DIR "/tests/local_bus/conformance.py"}},
        Client{"node", {"node", BATON_SOURCE_DIR "/tests/local_bus/conformance.js"}}),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace baton::testing

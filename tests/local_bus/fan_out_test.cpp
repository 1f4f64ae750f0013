// Work in many pieces: bounded on both sides, each piece done once, or tried by two and told.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <thread>

#include "baton/base/error.hpp"
#include "baton/local_bus/bus.hpp"
#include "local_bus/messages.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

void expect_accounted(const bus::FanOutStats& stats) {
    EXPECT_EQ(stats.pushed, stats.done + stats.failed + stats.discarded + stats.in_flight);
}

TEST(FanOutTest, EveryItemIsDoneOnceAndGathered) {
    Bus bus;
    auto pool = bus.fan_out<std::int64_t>({.threads = 4, .depth = 16},
                                          [](std::int64_t number) { return number * 2; });
    std::set<std::uint64_t> items;
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < 20'000; ++i) EXPECT_TRUE(pool.push(i));
    while (const auto result = pool.next()) {
        EXPECT_TRUE(items.insert(result->item).second);
        EXPECT_EQ(*result->value, static_cast<std::int64_t>(result->item) * 2);
        sum += *result->value;
    }
    EXPECT_EQ(items.size(), 20'000U);
    EXPECT_EQ(sum, 20'000LL * 19'999);
    EXPECT_TRUE(pool.wait_for(0ms));
    EXPECT_EQ(pool.stats().done, 20'000U);
    expect_accounted(pool.stats());
}

TEST(FanOutTest, ResultsComeInOrderIfAskedFor) {
    Bus bus;
    auto pool = bus.fan_out<std::int64_t>({.threads = 4, .depth = 8, .in_order = true},
                                          [](std::int64_t number) {
                                              if (number % 97 == 0) std::this_thread::yield();
                                              if (number % 1000 == 1)
                                                  throw std::runtime_error("one");
                                              return number;
                                          });
    std::thread pusher([&] {
        for (std::int64_t i = 0; i < 5000; ++i) pool.push(i);
    });
    for (std::uint64_t i = 0; i < 5000; ++i) {
        auto result = pool.next();
        while (!result) result = pool.next();  // nothing has been pushed yet
        EXPECT_EQ(result->item, i);
        EXPECT_EQ(result->failure, i % 1000 == 1 ? "one" : "");
    }
    pusher.join();
    EXPECT_EQ(pool.stats().failed, 5U);
    EXPECT_EQ(pool.stats().retried, 5U);
}

TEST(FanOutTest, AFailedItemIsGivenToAnotherWorkerOnce) {
    Bus bus;
    std::mutex mutex;
    std::vector<std::thread::id> tried;
    auto pool = bus.fan_out<std::int64_t>({.threads = 3}, [&](std::int64_t number) {
        const std::lock_guard lock(mutex);
        tried.push_back(std::this_thread::get_id());
        if (number == 1 || tried.size() == 1) throw std::runtime_error("no");
        return number;
    });
    pool.push(0);
    EXPECT_EQ(*pool.next()->value, 0);
    ASSERT_EQ(tried.size(), 2U);
    EXPECT_NE(tried[0], tried[1]);
    pool.push(1);
    const auto failed = pool.next();
    EXPECT_FALSE(failed->value);
    EXPECT_EQ(failed->failure, "no");
    EXPECT_EQ(failed->item, 1U);
    EXPECT_EQ(tried.size(), 4U);
    EXPECT_NE(tried[2], tried[3]);
    EXPECT_EQ(pool.stats().failed, 1U);
    EXPECT_EQ(pool.stats().retried, 2U);
}

TEST(FanOutTest, AnOnlyWorkerTriesAgainItself) {
    Bus bus;
    int tries = 0;
    auto pool = bus.fan_out<std::int64_t>({.threads = 1}, [&](std::int64_t) {
        if (++tries == 1) throw std::runtime_error("no");
    });
    pool.push(0);
    EXPECT_TRUE(pool.wait_for(60s));
    EXPECT_EQ(tries, 2);
    EXPECT_EQ(pool.stats().done, 1U);
    EXPECT_FALSE(pool.next());
}

TEST(FanOutTest, PushWaitsAtTheMarkAndGoesOn) {
    Gate gate;
    Bus bus;
    auto pool =
        bus.fan_out<std::int64_t>({.threads = 1, .depth = 2}, [&](std::int64_t) { gate.pass(); });
    pool.push(0);
    gate.await_visitor();
    pool.push(1);
    pool.push(2);
    std::atomic<bool> is_through{false};
    std::thread pusher([&] {
        EXPECT_TRUE(pool.push(3));
        is_through = true;
    });
    EXPECT_FALSE(eventually(50ms, [&] { return is_through.load(); }));
    EXPECT_EQ(pool.stats().in_flight, 3U);
    gate.open();
    pusher.join();
    EXPECT_TRUE(pool.wait_for(60s));
}

TEST(FanOutTest, PushHonoursCancellation) {
    std::atomic<bool> is_cancelled{false};
    Gate gate;
    Bus bus([&] { return is_cancelled.load(); });
    auto pool = bus.fan_out<std::int64_t>({.threads = 1, .depth = 1},
                                          [&](std::int64_t, const CancelScope& scope) {
                                              gate.pass();
                                              EXPECT_TRUE(scope.cancelled());
                                          });
    pool.push(0);
    gate.await_visitor();
    pool.push(1);
    std::thread pusher([&] { EXPECT_FALSE(pool.push(2)); });
    is_cancelled = true;
    pusher.join();
    gate.open();
    EXPECT_TRUE(pool.wait_for(60s));
    EXPECT_EQ(pool.stats().done, 1U);
    EXPECT_EQ(pool.stats().discarded, 1U);
    expect_accounted(pool.stats());
}

TEST(FanOutTest, ADeadlineCancelsWhatIsNotDone) {
    Bus bus;
    auto pool = bus.fan_out<std::int64_t>({.threads = 2, .deadline = 20ms},
                                          [](std::int64_t, const CancelScope& scope) {
                                              while (!scope.cancelled()) std::this_thread::yield();
                                          });
    for (int i = 0; i < 10; ++i) pool.push(i);
    EXPECT_TRUE(pool.wait_for(60s));
    EXPECT_EQ(pool.stats().discarded, 8U);
    EXPECT_FALSE(bus.scope().cancelled());
}

TEST(FanOutTest, WhoPushesAndNeverGathersIsTold) {
    Bus bus;
    auto pool = bus.fan_out<std::int64_t>({.threads = 2, .depth = 4, .results = 8},
                                          [](std::int64_t number) { return number; });
    try {
        for (int i = 0; i < 1000; ++i) pool.push(i);
        FAIL() << "it took them all";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::bus_misused);
        // 8, and what each worker had in hand when the last place was taken.
        const std::string said = error.what();
        EXPECT_TRUE(said.starts_with("8 ") || said.starts_with("9 ") || said.starts_with("10 "))
            << said;
        EXPECT_TRUE(said.ends_with(
            " results of a fan_out() wait for next(), so its workers do: gather between "
            "one push() and another"))
            << said;
    }
    int gathered = 0;
    while (pool.next()) ++gathered;
    EXPECT_EQ(gathered, static_cast<int>(pool.stats().done));
}

TEST(FanOutTest, ItEndsWithItsBus) {
    for (int round = 0; round < 100; ++round) {
        std::optional<Bus> bus(std::in_place);
        auto pool =
            bus->fan_out<std::int64_t>({.threads = 2, .depth = 4}, [&](std::int64_t number) {
                bus->publish(Count{0, number});
                if (number % 3 == 0) throw std::runtime_error("");
                return number;
            });
        std::thread pusher([&] {
            for (std::int64_t i = 0; pool.push(i); ++i) {
            }
        });
        std::thread gatherer([&] {
            for (int i = 0; i < round; ++i) static_cast<void>(pool.next(1ms));
        });
        gatherer.join();
        bus->close();
        pusher.join();
        EXPECT_FALSE(pool.push(0));
        expect_accounted(pool.stats());
        EXPECT_EQ(pool.stats().in_flight, 0U);
        bus.reset();
    }
}

TEST(FanOutTest, WhatCannotBeIsRefused) {
    Bus bus;
    const auto work = [](std::int64_t) {};
    for (const FanOutOptions& options : {FanOutOptions{.threads = 0}, FanOutOptions{.threads = 257},
                                         FanOutOptions{.depth = 0}, FanOutOptions{.results = 0}}) {
        EXPECT_THROW(static_cast<void>(bus.fan_out<std::int64_t>(options, work)), Error);
    }
    bus.close();
    EXPECT_THROW(static_cast<void>(bus.fan_out<std::int64_t>({}, work)), Error);
}

}  // namespace
}  // namespace baton::testing

// How subscriptions and buses end: who waits goes on, nothing runs any more, everything is counted,
// and nobody waits for himself.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>

#include "baton/base/error.hpp"
#include "baton/local_bus/bus.hpp"
#include "local_bus/messages.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

void expect_accounted(const SubscriptionStats& stats) {
    EXPECT_EQ(stats.published, stats.delivered + stats.dropped + stats.discarded + stats.in_flight);
}

TEST(EndTest, RemovingASubscriberWakesWhoWaitsForIt) {
    Bus bus;
    std::optional<Inbox<Count>> inbox = bus.inbox<Count>({.depth = 1, .when_full = Block{600s}});
    bus.publish(Count{0, 1});
    std::atomic<bool> is_through{false};
    std::thread publisher([&] {
        const Published published = bus.publish(Count{0, 2});
        EXPECT_EQ(published.accepted + published.timed_out, 0U);  // it is nobody's any more
        is_through = true;
    });
    EXPECT_FALSE(eventually(50ms, [&] { return is_through.load(); }));
    inbox.reset();
    publisher.join();
    const SubscriptionStats ended = bus.stats().ended;
    EXPECT_EQ(ended.published, 1U);
    EXPECT_EQ(ended.discarded, 1U);
    expect_accounted(ended);
}

TEST(EndTest, ACallbackDoesNotRunOnceItsSubscriptionHasEnded) {
    for (int round = 0; round < 200; ++round) {
        Bus bus;
        std::latch begun(1);
        bool is_running = false;  // not atomic: ThreadSanitizer would see the callback touch it
        std::optional<Subscription> subscription = bus.subscribe<Count>({}, [&](const Count&) {
            is_running = true;
            if (!begun.try_wait()) begun.count_down();
            is_running = false;
        });
        for (int i = 0; i < 10; ++i) bus.publish(Count{0, i});
        begun.wait();
        subscription.reset();
        EXPECT_FALSE(is_running);
        expect_accounted(bus.stats().ended);
        EXPECT_EQ(bus.stats().ended.published, 10U);
        EXPECT_EQ(bus.stats().ended.in_flight, 0U);
    }
}

TEST(EndTest, ASubscriptionMayEndWithinItsOwnCallback) {
    Bus bus;
    std::atomic<int> calls{0};
    std::latch is_set(1);
    std::optional<Subscription> subscription;
    subscription = bus.subscribe<Count>({}, [&](const Count&) {
        is_set.wait();
        ++calls;
        subscription.reset();
    });
    for (int i = 0; i < 5; ++i) bus.publish(Count{0, i});
    is_set.count_down();
    EXPECT_TRUE(eventually(60s, [&] { return bus.stats().ended.discarded == 4; }));
    bus.close();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(bus.stats().ended.delivered, 1U);
}

// Whoever a callback took with it ends with it, also a subscription, or its own.
TEST(EndTest, WhatACallbackHoldsEndsWithIt) {
    Bus bus;
    auto other = std::make_shared<Inbox<Count>>(bus.inbox<Count>());
    auto own = std::make_shared<Subscription>();
    const std::weak_ptr<Inbox<Count>> other_is_there = other;
    const std::weak_ptr<Subscription> own_is_there = own;
    *own = bus.subscribe<RegionDone>({}, [other, own](const RegionDone&) { own->end(); });
    other.reset();
    own.reset();
    bus.publish(RegionDone{"north", 1});
    EXPECT_TRUE(eventually(60s, [&] { return other_is_there.expired(); }));
    EXPECT_TRUE(eventually(60s, [&] { return own_is_there.expired(); }));
    EXPECT_TRUE(eventually(60s, [&] { return bus.stats().subscriptions.empty(); }));
    EXPECT_EQ(bus.publish(Count{0, 1}).accepted, 0U);
}

TEST(EndTest, OneCanWaitUntilAllIsDelivered) {
    Gate gate;
    Bus bus;
    std::atomic<bool> own{true};
    std::atomic<int> calls{0};
    Subscription subscription;
    subscription = bus.subscribe<Count>({}, [&](const Count&) {
        gate.pass();
        own = subscription.wait_for(600s);  // not within the callback
        ++calls;
    });
    for (int i = 0; i < 5; ++i) bus.publish(Count{0, i});
    EXPECT_FALSE(subscription.wait_for(10ms));
    gate.open();
    EXPECT_TRUE(subscription.wait_for(60s));
    EXPECT_EQ(calls, 5);
    EXPECT_FALSE(own);
}

TEST(EndTest, PublishingToOnesOwnFullRingDoesNotWait) {
    Bus bus;
    std::latch is_done(1);
    Published own;
    const Subscription subscription =
        bus.subscribe<Count>({.depth = 1, .when_full = Block{600s}}, [&](const Count& count) {
            if (count.number != 1) return;
            bus.publish(Count{0, 2});
            own = bus.publish(Count{0, 3});
            is_done.count_down();
        });
    bus.publish(Count{0, 1});
    is_done.wait();
    EXPECT_EQ(own.circular, 1U);
    EXPECT_EQ(subscription.lost(), 1U);
}

// Each publishes to the other, whose ring is full: one of them is told, and the other gets room.
TEST(EndTest, TwoSubscribersThatWaitForEachOtherAreTold) {
    Bus bus;
    std::latch both(2);
    std::atomic<std::uint32_t> circular{0};
    const auto answer = [&](const char* other) {
        return [&, other](const Count& count) {
            if (count.number != 0) return;
            both.arrive_and_wait();
            for (int i = 1; i <= 2; ++i)
                circular += bus.publish(Count{0, i}, {.topic = other}).circular;
        };
    };
    const SubscribeOptions small{.depth = 1, .when_full = Block{600s}};
    SubscribeOptions left = small;
    left.topic = "left";
    SubscribeOptions right = small;
    right.topic = "right";
    const Subscription one = bus.subscribe<Count>(left, answer("right"));
    const Subscription two = bus.subscribe<Count>(right, answer("left"));
    bus.publish(Count{0, 0}, {.topic = "left"});
    bus.publish(Count{0, 0}, {.topic = "right"});
    EXPECT_TRUE(
        eventually(60s, [&] { return one.stats().in_flight + two.stats().in_flight == 0; }));
    EXPECT_EQ(circular, one.lost() + two.lost());
    EXPECT_LE(circular, 1U);
}

TEST(EndTest, ABusEndsWithAllThatIsOnIt) {
    for (int round = 0; round < 100; ++round) {
        std::optional<Bus> bus(std::in_place);
        std::atomic<bool> is_over{false};
        std::vector<Subscription> subscriptions;
        Inbox<Count> inbox = bus->inbox<Count>({.depth = 1, .when_full = Block{600s}});
        for (int i = 0; i < 3; ++i) {
            subscriptions.push_back(
                bus->subscribe<Count>({.depth = 2, .when_full = Block{600s}}, [&](const Count&) {
                    EXPECT_FALSE(is_over);
                    if (round % 2 == 0) throw std::runtime_error("no");
                }));
        }
        std::latch blocked(2);
        std::thread publisher([&] {
            bus->publish(Count{0, 1});
            blocked.count_down();
            bus->publish(Count{0, 2});
        });
        Inbox<RegionDone> silent = bus->inbox<RegionDone>();
        std::thread taker([&] {
            blocked.count_down();
            EXPECT_EQ(silent.take(600s), nullptr);
        });
        blocked.wait();
        const auto begun = std::chrono::steady_clock::now();
        bus->close();
        is_over = true;
        publisher.join();
        taker.join();
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
        const BusStats stats = bus->stats();
        EXPECT_TRUE(stats.subscriptions.empty());
        expect_accounted(stats.ended);
        EXPECT_EQ(stats.ended.in_flight, 0U);
        EXPECT_TRUE(bus->publish(Count{0, 3}).closed);
        bus.reset();  // its handles outlive it
        EXPECT_EQ(inbox.take(), nullptr);
    }
}

TEST(EndTest, ABusThatHasEndedTakesNoSubscriber) {
    Bus bus;
    bus.close();
    try {
        static_cast<void>(bus.inbox<Count>());
        FAIL() << "it took one";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::bus_misused);
        EXPECT_STREQ(error.what(), "the bus has ended");
    }
}

TEST(EndTest, ACancelledScopeLetsNobodyWait) {
    std::atomic<bool> is_cancelled{false};
    Bus bus([&] { return is_cancelled.load(); });
    Inbox<Count> inbox = bus.inbox<Count>();
    std::latch waits(1);
    std::thread taker([&] {
        waits.count_down();
        EXPECT_EQ(inbox.take(600s), nullptr);
    });
    waits.wait();
    is_cancelled = true;
    taker.join();
    bus.publish(Count{0, 1});
    EXPECT_EQ(inbox.take(600s)->number, 1);  // what was published is delivered all the same
    EXPECT_TRUE(bus.scope().inside().cancelled());
}

TEST(CancelScopeTest, WhatIsInsideIsCancelledAndWhatIsOutsideIsNot) {
    CancelScope outer;
    CancelScope inner = outer.inside();
    CancelScope innermost = inner.inside();
    CancelScope other = outer.inside();
    inner.cancel();
    EXPECT_TRUE(innermost.cancelled());
    EXPECT_FALSE(other.cancelled());
    EXPECT_FALSE(outer.cancelled());
    outer.cancel();
    EXPECT_TRUE(other.cancelled());
}

}  // namespace
}  // namespace baton::testing

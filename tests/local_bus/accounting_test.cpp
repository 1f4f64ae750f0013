// Every message is accounted for, at every instant: random topics, patterns and policies;
// publishers on several threads; subscribers that come, go, stall and throw. A watcher reads the
// counts all the while, and at the end they are compared with what publishers and subscribers saw
// themselves.
//
// BATON_SEED draws the same lives again (threads take their own turns).
#include <gtest/gtest.h>

#include <atomic>
#include <list>
#include <optional>
#include <random>
#include <thread>

#include "baton/local_bus/bus.hpp"
#include "local_bus/messages.hpp"
#include "support/eventually.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

bool is_accounted(const SubscriptionStats& stats) {
    return stats.published == stats.delivered + stats.dropped + stats.discarded + stats.in_flight;
}

// What the publishers were told.
struct Told {
    std::atomic<std::uint64_t> decided{0};
    std::atomic<std::uint64_t> dropped{0};
    void add(const Published& published) {
        decided +=
            published.accepted + published.refused + published.timed_out + published.circular;
        dropped +=
            published.displaced + published.refused + published.timed_out + published.circular;
    }
};

class Life {
public:
    explicit Life(std::uint32_t seed) : random_(seed) {}

    void run() {
        std::atomic<bool> is_over{false};
        std::thread watcher([&] {
            while (!is_over) watch();
        });
        std::vector<std::thread> publishers;
        for (int i = 0; i < 3; ++i) {
            publishers.emplace_back([this, i, seed = draw()] { publish_many(i, seed); });
        }
        for (int i = 0; i < 40; ++i) change();
        for (std::thread& publisher : publishers) publisher.join();
        gate_.open();
        // A last one, so that something is seen to wait when the bus ends.
        inboxes_.push_back(bus_.inbox<Count>({.topic = "**"}));
        told_.add(bus_.publish(Count{9, 1}));
        bus_.close();
        is_over = true;
        watcher.join();
    }

    void check() const {
        const BusStats stats = bus_.stats();
        EXPECT_TRUE(stats.subscriptions.empty());
        EXPECT_EQ(stats.published, 3U * messages + 1);
        EXPECT_TRUE(is_accounted(stats.ended));
        EXPECT_EQ(stats.ended.in_flight, 0U);
        EXPECT_GE(stats.ended.discarded, 1U);
        EXPECT_EQ(stats.ended.published, told_.decided);
        EXPECT_EQ(stats.ended.dropped, told_.dropped);
        EXPECT_EQ(stats.ended.delivered, seen_);
        EXPECT_EQ(stats.ended.failed, thrown_);
        EXPECT_EQ(unbalanced_, 0);
    }

private:
    static constexpr int messages = 150;

    std::uint32_t draw() { return static_cast<std::uint32_t>(random_()); }

    template <class T>
    T one_of(std::mt19937& random, std::initializer_list<T> values) {
        return *(values.begin() + random() % values.size());
    }

    SubscribeOptions options() {
        return {.topic = one_of<std::string_view>(random_, {"**", "a/*", "a/b", "*/c", "a/**"}),
                .depth = one_of<std::size_t>(random_, {1, 2, 3, 40}),
                .when_full = one_of<WhenFull>(random_, {Block{0ms}, Block{1ms}, DropOldest{},
                                                        DropNewest{}, Conflate{"publisher"}})};
    }

    void publish_many(int publisher, std::uint32_t seed) {
        std::mt19937 random(seed);
        for (int i = 0; i < messages; ++i) {
            const auto topic = one_of<std::string_view>(random, {"a/b", "a/c", "b/c", "a", "c"});
            told_.add(bus_.publish(Count{publisher, i}, {.topic = topic}));
        }
    }

    void on_message(std::int64_t number, bool may_stall) {
        if (may_stall) gate_.pass();
        ++seen_;
        if (number % 7 == 0) {
            ++thrown_;
            throw std::runtime_error("every seventh");
        }
    }

    void subscribe() {
        const bool may_stall = random_() % 4 == 0;
        subscriptions_.push_back(bus_.subscribe<Count>(
            options(),
            [this, may_stall](const Count& count) { on_message(count.number, may_stall); }));
    }

    void take_some() {
        for (Inbox<Count>& inbox : inboxes_) {
            while (random_() % 3 != 0 && inbox.take() != nullptr) ++seen_;
        }
    }

    void change() {
        switch (random_() % 6) {
            case 0:
            case 1:
                return subscribe();
            case 2:
                return inboxes_.push_back(bus_.inbox<Count>(options()));
            case 3:
                if (!subscriptions_.empty()) {
                    gate_.open();  // else to end one that stalls would be to wait for it
                    subscriptions_.pop_front();
                }
                return;
            case 4:
                if (!inboxes_.empty()) inboxes_.pop_front();
                return;
            default:
                random_() % 2 == 0 ? gate_.open() : gate_.close();
                return take_some();
        }
    }

    void watch() {
        const BusStats stats = bus_.stats();
        if (!is_accounted(stats.ended)) ++unbalanced_;
        for (const SubscriptionStats& one : stats.subscriptions) {
            if (!is_accounted(one)) ++unbalanced_;
        }
    }

    std::mt19937 random_;
    Gate gate_;
    Told told_;
    std::atomic<std::uint64_t> seen_{0};
    std::atomic<std::uint64_t> thrown_{0};
    std::atomic<int> unbalanced_{0};
    Bus bus_;
    std::list<Subscription> subscriptions_;
    std::list<Inbox<Count>> inboxes_;
};

TEST(AccountingTest, EveryMessageIsDeliveredDroppedDiscardedOrInFlight) {
    for (std::uint32_t run = 0; run < 25 && !HasFailure(); ++run) {
        SCOPED_TRACE("run " + std::to_string(run));
        Life life(static_cast<std::uint32_t>(seed()) + run);
        life.run();
        life.check();
    }
}

// What may wait, and what the subscriber has in hand, is exact where the ring is small.
TEST(AccountingTest, AStalledSubscriberHoldsWhatItDeclaredAndOneMore) {
    Gate gate;
    Bus bus;
    const Subscription subscription = bus.subscribe<Count>({.depth = 4, .when_full = DropNewest{}},
                                                           [&](const Count&) { gate.pass(); });
    bus.publish(Count{0, 0});
    gate.await_visitor();
    std::uint32_t accepted = 0;
    for (int i = 1; i <= 100; ++i) accepted += bus.publish(Count{0, i}).accepted;
    EXPECT_EQ(accepted, 4U);
    const SubscriptionStats stats = subscription.stats();
    EXPECT_EQ(stats.in_flight, 5U);
    EXPECT_EQ(stats.dropped, 96U);
    EXPECT_EQ(stats.most_waiting, 4U);
    gate.open();
}

// A larger ring is emptied by several at once. Of those that the callback's thread has in hand when
// the subscription ends, the callback gets the one that it is at.
TEST(AccountingTest, WhatIsInHandAtTheEndIsDiscarded) {
    Gate first;
    Gate second;
    Bus bus;
    int calls = 0;
    std::optional<Subscription> subscription =
        bus.subscribe<Count>({.depth = 64}, [&](const Count& count) {
            ++calls;
            if (count.number == 0) first.pass();
            if (count.number == 1) second.pass();
        });
    bus.publish(Count{0, 0});
    first.await_visitor();
    for (int i = 1; i <= 8; ++i) bus.publish(Count{0, i});
    first.open();
    second.await_visitor();  // with 1 to 4 in hand
    EXPECT_EQ(subscription->stats().delivered, 1U);
    EXPECT_EQ(subscription->stats().in_flight, 8U);
    std::thread ender([&] { subscription.reset(); });
    EXPECT_TRUE(eventually(60s, [&] { return bus.stats().ended.discarded == 4; }));
    second.open();
    ender.join();
    const SubscriptionStats ended = bus.stats().ended;
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(ended.delivered, 2U);
    EXPECT_EQ(ended.discarded, 7U);
    EXPECT_EQ(ended.in_flight, 0U);
}

TEST(AccountingTest, OneStuckSubscriberOfTwentyDelaysNobody) {
    constexpr int messages = 2000;
    Gate gate;
    Bus bus;
    std::atomic<int> seen{0};
    const Subscription stuck = bus.subscribe<Count>({.depth = 16, .when_full = DropOldest{}},
                                                    [&](const Count&) { gate.pass(); });
    std::vector<Subscription> others;
    for (int i = 0; i < 19; ++i) {
        others.push_back(bus.subscribe<Count>({.depth = messages}, [&](const Count&) { ++seen; }));
    }
    bus.publish(Count{0, 0});
    gate.await_visitor();
    for (int i = 1; i < messages; ++i) EXPECT_EQ(bus.publish(Count{0, i}).accepted, 20U);
    EXPECT_TRUE(eventually(60s, [&] { return seen == 19 * messages; }));
    EXPECT_EQ(stuck.stats().delivered, 0U);
    EXPECT_EQ(stuck.stats().in_flight, 17U);
    EXPECT_EQ(stuck.lost(), messages - 17U);
    gate.open();
}

}  // namespace
}  // namespace baton::testing

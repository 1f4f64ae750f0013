// Publishing and subscribing: what is delivered, by whom, in which order, and what becomes of a
// message that finds no room.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <latch>
#include <thread>

#include "baton/base/error.hpp"
#include "baton/local_bus/bus.hpp"
#include "local_bus/messages.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

template <class E>
std::vector<E> all_of(Inbox<E>& inbox) {
    std::vector<E> all;
    while (const auto message = inbox.take()) all.push_back(*message);
    return all;
}

std::vector<std::int64_t> numbers_of(Inbox<Count>& inbox) {
    std::vector<std::int64_t> numbers;
    for (const Count& count : all_of(inbox)) numbers.push_back(count.number);
    return numbers;
}

std::string error_of(const std::function<void()>& act) {
    try {
        act();
        return "";
    } catch (const Error& error) {
        return with_code(error.code(), error.what());
    }
}

TEST(PublishTest, ASubscriberGetsItsTypeOnItsTopicInOrder) {
    Bus bus;
    std::vector<std::string> regions;
    std::latch all(3);
    const Subscription subscription = bus.subscribe<RegionDone>({}, [&](const RegionDone& done) {
        regions.push_back(done.region);
        all.count_down();
    });
    bus.publish(RegionStarted{"north"});
    bus.publish(RegionStarted{"north"}, {.topic = "region/done"});  // another type
    for (const char* const region : {"north", "south", "west"}) {
        EXPECT_TRUE(bus.publish(RegionDone{region, 1}).is_whole());
    }
    all.wait();
    EXPECT_EQ(regions, (std::vector<std::string>{"north", "south", "west"}));
    EXPECT_EQ(bus.stats().published, 5U);
    EXPECT_EQ(bus.stats().unheard, 2U);
}

TEST(PublishTest, AnEventIsAMessageOfItsType) {
    Bus bus;
    Inbox<MonthComputed> inbox = bus.inbox<MonthComputed>();
    bus.publish(MonthComputed{7});
    EXPECT_EQ(inbox.take()->month, 7);
}

TEST(PublishTest, WhoeverTakesAllMessagesSeesTopicTypeAndNumber) {
    Bus bus;
    Inbox<Message> inbox = bus.inbox<Message>({.topic = "region/**"});
    bus.publish(Count{0, 1});
    bus.publish(RegionDone{"north", 5});
    const auto message = inbox.take();
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(message->topic(), "region/done");
    EXPECT_EQ(message->sequence(), 2U);
    EXPECT_EQ(message->as<RegionDone>()->sales, 5);
    EXPECT_EQ(message->as<RegionStarted>(), nullptr);
    EXPECT_EQ(message->json(), R"({"region":"north","sales":5})");
}

TEST(PublishTest, EveryoneSharesOneObject) {
    Bus bus;
    Inbox<RegionDone> one = bus.inbox<RegionDone>();
    Inbox<RegionDone> two = bus.inbox<RegionDone>();
    bus.publish(RegionDone{"north", 1});
    EXPECT_EQ(one.take().get(), two.take().get());
}

TEST(PublishTest, DropOldestKeepsTheNewest) {
    Bus bus;
    Inbox<Count> inbox = bus.inbox<Count>({.depth = 3, .when_full = DropOldest{}});
    for (int i = 1; i <= 3; ++i) EXPECT_TRUE(bus.publish(Count{0, i}).is_whole());
    EXPECT_EQ(bus.publish(Count{0, 4}).displaced, 1U);
    EXPECT_EQ(bus.publish(Count{0, 5}).displaced, 1U);
    EXPECT_EQ(inbox.lost(), 2U);
    EXPECT_EQ(numbers_of(inbox), (std::vector<std::int64_t>{3, 4, 5}));
}

TEST(PublishTest, DropNewestKeepsTheOldest) {
    Bus bus;
    Inbox<Count> inbox = bus.inbox<Count>({.depth = 3, .when_full = DropNewest{}});
    for (int i = 1; i <= 3; ++i) EXPECT_TRUE(bus.publish(Count{0, i}).is_whole());
    const Published published = bus.publish(Count{0, 4});
    EXPECT_EQ(published.refused, 1U);
    EXPECT_EQ(published.accepted, 0U);
    EXPECT_EQ(inbox.lost(), 1U);
    EXPECT_EQ(numbers_of(inbox), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST(PublishTest, BlockWaitsUntilItsDeadlineAndNoLonger) {
    Bus bus;
    Inbox<Count> inbox = bus.inbox<Count>({.depth = 1, .when_full = Block{30ms}});
    bus.publish(Count{0, 1});
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(bus.publish(Count{0, 2}).timed_out, 1U);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 30ms);
    EXPECT_EQ(inbox.lost(), 1U);
    EXPECT_EQ(numbers_of(inbox), (std::vector<std::int64_t>{1}));
}

TEST(PublishTest, BlockGoesOnWhenThereIsRoom) {
    Bus bus;
    Inbox<Count> inbox = bus.inbox<Count>({.depth = 2, .when_full = Block{60s}});
    std::thread publisher([&] {
        for (int i = 1; i <= 1000; ++i) EXPECT_TRUE(bus.publish(Count{0, i}).is_whole());
    });
    for (int i = 1; i <= 1000; ++i) EXPECT_EQ(inbox.take(60s)->number, i);
    publisher.join();
    EXPECT_LE(inbox.stats().most_waiting, 2U);
}

TEST(PublishTest, OthersAreServedBeforeAPublisherWaits) {
    Bus bus;
    Inbox<Count> full = bus.inbox<Count>({.depth = 1, .when_full = Block{20s}});
    Inbox<Count> free = bus.inbox<Count>({.depth = 9});
    bus.publish(Count{0, 1});
    std::thread publisher([&] { EXPECT_TRUE(bus.publish(Count{0, 2}).is_whole()); });
    EXPECT_NE(free.take(5s), nullptr);
    EXPECT_NE(free.take(5s), nullptr);  // while the publisher waits for the other
    EXPECT_EQ(full.take()->number, 1);
    publisher.join();
}

TEST(PublishTest, ConflateKeepsTheNewestOfEachKeyInItsPlace) {
    Bus bus;
    Inbox<RegionDone> inbox = bus.inbox<RegionDone>({.depth = 2, .when_full = Conflate{"region"}});
    bus.publish(RegionDone{"north", 1});
    bus.publish(RegionDone{"south", 1});
    EXPECT_EQ(bus.publish(RegionDone{"north", 2}).displaced, 1U);
    EXPECT_EQ(bus.publish(RegionDone{"north", 3}).displaced, 1U);
    EXPECT_EQ(inbox.take()->sales, 3);
    bus.publish(RegionDone{"north", 4});                          // nothing of it waits any more
    EXPECT_EQ(bus.publish(RegionDone{"west", 1}).displaced, 1U);  // the oldest: south
    const std::vector<RegionDone> rest = all_of(inbox);
    ASSERT_EQ(rest.size(), 2U);
    EXPECT_EQ(rest[0].region + std::to_string(rest[0].sales), "north4");
    EXPECT_EQ(rest[1].region, "west");
    EXPECT_EQ(inbox.lost(), 3U);
}

TEST(PublishTest, ConflateWithoutAFieldGoesByTopic) {
    Bus bus;
    Inbox<Message> inbox = bus.inbox<Message>({.when_full = Conflate{}});
    for (int i = 1; i <= 3; ++i) {
        bus.publish(Count{0, i}, {.topic = "a"});
        bus.publish(Count{0, i}, {.topic = "b"});
    }
    EXPECT_EQ(inbox.take()->as<Count>()->number, 3);
    EXPECT_EQ(inbox.take()->topic(), "b");
    EXPECT_EQ(inbox.take(), nullptr);
}

TEST(PublishTest, WhatCannotBeDeclaredIsRefused) {
    Bus bus;
    EXPECT_EQ(error_of([&] { static_cast<void>(bus.inbox<Count>({.depth = 0})); }),
              "a depth of 0 is not in 1 to 1048576 [BT046]");
    EXPECT_EQ(error_of([&] { static_cast<void>(bus.inbox<Count>({.depth = 1048577})); }),
              "a depth of 1048577 is not in 1 to 1048576 [BT046]");
    EXPECT_EQ(error_of([&] { static_cast<void>(bus.inbox<Count>({.when_full = Block{-1ms}})); }),
              "Block has a deadline of -1 ms, which is not in 0 to 600000 [BT046]");
    EXPECT_EQ(
        error_of([&] { static_cast<void>(bus.inbox<Count>({.when_full = Conflate{"colour"}})); }),
        "Conflate{\"colour\"}: the message has no such field [BT046]");
}

TEST(PublishTest, WhoComesLateGetsTheLastValuesFirst) {
    Bus bus;
    bus.publish(RegionDone{"north", 1}, {.topic = "done/north", .retain = true});
    bus.publish(RegionDone{"south", 1}, {.topic = "done/south", .retain = true});
    bus.publish(RegionDone{"north", 2}, {.topic = "done/north", .retain = true});
    bus.publish(RegionDone{"west", 1}, {.topic = "done/west"});
    Inbox<RegionDone> inbox = bus.inbox<RegionDone>({.topic = "done/*"});
    Inbox<Count> other = bus.inbox<Count>({.topic = "done/*"});
    bus.publish(RegionDone{"east", 1}, {.topic = "done/east"});
    std::vector<std::string> regions;
    for (const RegionDone& done : all_of(inbox)) {
        regions.push_back(done.region + std::to_string(done.sales));
    }
    EXPECT_EQ(regions, (std::vector<std::string>{"south1", "north2", "east1"}));
    EXPECT_EQ(other.take(), nullptr);
    EXPECT_EQ(bus.stats().retained, 2U);
}

TEST(PublishTest, AThrowingSubscriberStopsNobodyAndIsCounted) {
    Bus bus;
    std::latch all(4);
    const Subscription bad = bus.subscribe<Count>({}, [&](const Count& count) {
        all.count_down();
        if (count.number == 1) throw std::runtime_error("no");
        throw 17;
    });
    const Subscription good = bus.subscribe<Count>({}, [&](const Count&) { all.count_down(); });
    bus.publish(Count{0, 1});
    bus.publish(Count{0, 2});
    all.wait();
    EXPECT_TRUE(eventually(60s, [&] { return bad.stats().failed == 2; }));
    EXPECT_EQ(bad.stats().delivered, 2U);
    EXPECT_EQ(good.stats().failed, 0U);
}

// BATON_BUS_SUBSCRIBES=1000000 is the long form.
TEST(PublishTest, ASubscriptionIsInForceWhenSubscribeReturns) {
    const char* const said = std::getenv("BATON_BUS_SUBSCRIBES");  // NOLINT(concurrency-mt-unsafe)
    const int rounds = said == nullptr ? 100'000 : std::max(std::atoi(said), 1);
    Bus bus;
    std::atomic<int> round{0};
    // Another thread publishes whenever it is told that there is a subscription.
    std::thread publisher([&] {
        for (int i = 1; i <= rounds; ++i) {
            while (round.load(std::memory_order_acquire) < i) std::this_thread::yield();
            bus.publish(Count{0, i});
            round.store(-i, std::memory_order_release);
            while (round.load(std::memory_order_acquire) == -i) std::this_thread::yield();
        }
    });
    int lost = 0;
    for (int i = 1; i <= rounds; ++i) {
        Inbox<Count> inbox = bus.inbox<Count>({.topic = i % 2 == 0 ? "count" : "**"});
        round.store(i, std::memory_order_release);
        while (round.load(std::memory_order_acquire) != -i) std::this_thread::yield();
        const auto message = inbox.take();
        lost += message == nullptr || message->number != i ? 1 : 0;
        round.store(0, std::memory_order_release);
    }
    publisher.join();
    EXPECT_EQ(lost, 0);
    EXPECT_EQ(bus.stats().unheard, 0U);
}

TEST(PublishTest, OrderIsKeptForEachPublisher) {
    constexpr std::ptrdiff_t publishers = 4;
    constexpr std::ptrdiff_t count = 20'000;
    Bus bus;
    std::vector<std::int64_t> last(publishers, 0);
    std::atomic<int> wrong{0};
    std::latch all(publishers * count);
    const Subscription subscription =
        bus.subscribe<Count>({.depth = 64, .when_full = Block{600s}}, [&](const Count& message) {
            auto& before = last[static_cast<std::size_t>(message.publisher)];
            if (message.number != before + 1) ++wrong;
            before = message.number;
            all.count_down();
        });
    std::vector<std::thread> threads;
    for (std::ptrdiff_t publisher = 0; publisher < publishers; ++publisher) {
        threads.emplace_back([&, publisher] {
            for (std::ptrdiff_t i = 1; i <= count; ++i) bus.publish(Count{publisher, i});
        });
    }
    for (std::thread& thread : threads) thread.join();
    all.wait();
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(subscription.lost(), 0U);
}

}  // namespace
}  // namespace baton::testing

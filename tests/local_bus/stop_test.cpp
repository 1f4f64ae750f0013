// A thousand ends at random instants, with everything under way: publishers that wait, callbacks
// that throw, workers, questions. Each ends soon, and leaves no thread, no descriptor, no message
// unaccounted for.
//
// BATON_SEED draws the same instants again.
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
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

struct Echo {
    static constexpr std::string_view topic = "echo";
    using Reply = Echo;
    std::int64_t number = 0;
    BATON_FIELDS(number)
};

std::ptrdiff_t entries_of(const char* folder) {
    return std::distance(std::filesystem::directory_iterator(folder), {});
}

void end_at_some_instant(std::mt19937& random) {
    std::optional<Bus> bus(std::in_place);
    std::optional<Subscription> slow =
        bus->subscribe<Count>({.depth = 1, .when_full = Block{600s}}, [](const Count& count) {
            std::this_thread::yield();
            if (count.number % 3 == 0) throw std::runtime_error("every third");
        });
    const Subscription server =
        bus->answer<Echo>({.depth = 2}, [](const Echo& question) { return question; });
    auto pool = bus->fan_out<std::int64_t>({.threads = 2, .depth = 2}, [&](std::int64_t number) {
        bus->publish(Count{0, number});
        if (number % 5 == 0) throw std::runtime_error("every fifth");
        return bus->ask(Echo{number}).state == Asked::answered;
    });
    std::thread pusher([&] {
        for (std::int64_t i = 0; pool.push(i); ++i) {
        }
    });
    std::thread gatherer([&] {
        while (pool.next() || !bus->scope().cancelled()) {
        }
    });
    Inbox<Count> inbox = bus->inbox<Count>({.depth = 1, .when_full = Block{600s}});
    std::thread taker([&] {
        while (inbox.take(600s) != nullptr) {
        }
    });
    for (auto turns = random() % 200; turns > 0; --turns) std::this_thread::yield();
    if (random() % 4 == 0) slow.reset();  // one that others may wait for
    const auto begun = std::chrono::steady_clock::now();
    bus->close();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
    pusher.join();
    gatherer.join();
    taker.join();
    const BusStats stats = bus->stats();
    EXPECT_TRUE(stats.subscriptions.empty());
    EXPECT_EQ(stats.ended.in_flight, 0U);
    EXPECT_EQ(stats.ended.published,
              stats.ended.delivered + stats.ended.dropped + stats.ended.discarded);
    EXPECT_EQ(pool.stats().in_flight, 0U);
}

TEST(StopTest, AThousandEndsAtRandomInstants) {
    std::mt19937 random(static_cast<std::uint32_t>(seed()));
    end_at_some_instant(random);
    const std::ptrdiff_t threads = entries_of("/proc/self/task");
    const std::ptrdiff_t descriptors = entries_of("/proc/self/fd");
    for (int time = 1; time < 1000 && !HasFailure(); ++time) end_at_some_instant(random);
    EXPECT_TRUE(eventually(60s, [&] { return entries_of("/proc/self/task") == threads; }));
    EXPECT_EQ(entries_of("/proc/self/fd"), descriptors);
}

}  // namespace
}  // namespace baton::testing

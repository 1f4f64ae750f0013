// Child processes that die, stall, and say what they must not; and what is left when they, or the
// program that started them, ended. BATON_BUS_STARTS=1000 is the long form.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <random>
#include <thread>

#include "baton/base/error.hpp"
#include "baton/local_bus/bus.hpp"
#include "baton/local_bus/ipc_folder.hpp"
#include "local_bus/conformance.hpp"
#include "local_bus/messages.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/processes.hpp"
#include "support/seed.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Words = std::vector<std::string>;

Words hostile(const std::string& mode, const Words& more = {}) {
    Words words{"/usr/bin/python3", BATON_SOURCE_DIR "/tests/local_bus/hostile.py", mode};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

FanOutOptions processes(const Words& words, int count = 1) {
    return {.threads = 0, .processes = std::vector<Words>(static_cast<std::size_t>(count), words)};
}

std::ptrdiff_t entries_of(const fs::path& folder) {
    return std::distance(fs::directory_iterator(folder), {});
}

/// The folders of this process's sockets.
std::ptrdiff_t folders_of(pid_t pid) {
    const std::string start = std::to_string(pid) + "-";
    return std::ranges::count_if(fs::directory_iterator(bus::ipc_root()), [&](const auto& each) {
        return each.path().filename().string().starts_with(start);
    });
}

void expect_balance(const SubscriptionStats& stats) {
    EXPECT_EQ(stats.published, stats.delivered + stats.dropped + stats.discarded + stats.in_flight);
}

/// Why its process does nothing, after it had items until it was given up.
std::string failure_of(const FanOutOptions& options) {
    Bus bus;
    auto pool = bus.fan_out<Piece, Sum>(options);
    std::string failure;
    for (int i = 0; i < 200 && !failure.starts_with("no worker is left: "); ++i) {
        EXPECT_TRUE(pool.push({"sum", {1}}));
        const auto done = pool.next(30s);
        failure = done ? done->failure : "nothing came";
    }
    return failure;
}

TEST(ChildTest, WhoDoesNotBeginAsItShouldIsGivenUpAndTheItemSaysWhy) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"no_hello", "did not begin with hello"},
        {"garbage", "did not begin with hello, but with something else than an array"},
        {"wrong_secret", "has not the secret that it was given"},
        {"wrong_version", "speaks version 2 of the wire, and this program version 1"},
        {"exit", "ended with exit code 0"},
    };
    for (const auto& [mode, reason] : cases) {
        const std::string failure = failure_of(processes(hostile(mode)));
        EXPECT_NE(failure.find("the process \"/usr/bin/python3\" " + reason), std::string::npos)
            << mode << ": " << failure;
    }
}

TEST(ChildTest, WhatCannotBeStartedIsRefusedAtOnce) {
    Bus bus;
    const auto refusal = [&](const FanOutOptions& options) {
        try {
            static_cast<void>(bus.fan_out<Piece, Sum>(options));
        } catch (const Error& error) {
            return with_code(error.code(), error.what());
        }
        return std::string("none");
    };
    EXPECT_NE(refusal(processes({"no_such_program"})).find("there is no program \"no_such"),
              std::string::npos);
    EXPECT_NE(refusal(processes({"./none"})).find("[BT053]"), std::string::npos);
    EXPECT_NE(refusal(processes({})).find("[BT046]"), std::string::npos);
    EXPECT_NE(refusal({.threads = 1, .processes = {{"cat"}}}).find("[BT046]"), std::string::npos);
    EXPECT_NE(refusal({.threads = 0}).find("[BT046]"), std::string::npos);
    EXPECT_NE(refusal(processes({"cat"}, 65)).find("processes of a fan_out() are 65"),
              std::string::npos);
    FanOutOptions elsewhere = processes({"cat"});
    elsewhere.folder = "/none";
    EXPECT_NE(refusal(elsewhere).find("there is no folder /none"), std::string::npos);
    elsewhere = processes({"cat"});
    elsewhere.variables = {"BATON_NO_SUCH_VARIABLE"};
    EXPECT_NE(refusal(elsewhere).find("is not set [BT053]"), std::string::npos);
    struct Opaque {
        int number = 0;
    };
    EXPECT_THROW(static_cast<void>(bus.fan_out<Piece>({.threads = 1, .processes = {{"cat"}}},
                                                      [](const Piece&) { return Opaque{}; })),
                 Error);
    EXPECT_EQ(folders_of(::getpid()), 0);
}

TEST(ChildTest, MalformedFramesAreCountedAndDroppedAndManyEndIt) {
    Bus bus;
    auto pool = bus.fan_out<Piece, Sum>(processes(hostile("malformed")));
    ASSERT_TRUE(eventually(20s, [&] { return pool.processes().at(0).malformed == 16; }));
    ASSERT_TRUE(pool.push({"sum", {1}}));
    const auto done = pool.next(20s);
    ASSERT_TRUE(done && done->value) << (done ? done->failure : "nothing came");
    EXPECT_EQ(done->value->total, 16) << done->value->what;  // it was told of each
    EXPECT_NE(done->value->what.find("nested too deeply"), std::string::npos) << done->value->what;
    EXPECT_EQ(pool.processes().at(0).started, 1U);
    EXPECT_EQ(bus.stats().published, 0U);

    const std::string failure = failure_of(processes(hostile("malformed_often")));
    EXPECT_NE(failure.find("it sent more than 16 malformed frames in a second"), std::string::npos)
        << failure;
}

TEST(ChildTest, FramesBeyondTheBoundAreRefusedAndFarBeyondItEndTheConnection) {
    Bus bus;
    auto pool = bus.fan_out<Piece, Sum>(processes(hostile("large")));
    ASSERT_TRUE(eventually(20s, [&] { return pool.processes().at(0).malformed == 1; }));
    ASSERT_TRUE(pool.push({"sum", {1}}));
    EXPECT_EQ(pool.next(20s).value().value.value().what, "a frame of more than 1 MiB");
    EXPECT_EQ(bus.stats().published, 0U);
    const std::string failure = failure_of(processes(hostile("huge")));
    EXPECT_NE(failure.find("closed its connection"), std::string::npos) << failure;

    // The other way: an item that no frame has room for fails by itself.
    ASSERT_TRUE(pool.push({std::string(2U << 20U, 'x'), {}}));
    const auto large = pool.next(20s);
    ASSERT_TRUE(large);
    EXPECT_NE(large->failure.find("bytes, and a frame to a process at most"), std::string::npos);
}

TEST(ChildTest, HasAQuotaOfSubscriptionsAndBoundsOnEach) {
    Bus bus;
    Inbox<Number> ready = bus.inbox<Number>({.topic = "ready"});
    auto pool = bus.fan_out<Piece, Sum>(processes(hostile("quota")));
    ASSERT_TRUE(ready.take(20s));
    ASSERT_TRUE(pool.push({"sum", {1}}));
    const auto done = pool.next(20s);
    ASSERT_TRUE(done && done->value);
    EXPECT_EQ(done->value->what,
              "a process has at most 64 subscriptions\na process has at most 64 subscriptions\n"
              "there is a subscription 0 already\n"
              "pattern \"a//b\" has an empty level: leave out a '/'\n"
              "a depth of 0 is not in 1 to 65536\na depth of 65537 is not in 1 to 65536\n"
              "a publisher waits for a process at most 10000 ms");
    EXPECT_EQ(pool.processes().at(0).subscriptions, 59U);
}

TEST(ChildTest, WhatItPublishesIsOfEachTypeThatItFits) {
    Bus bus;
    Inbox<Number> numbers = bus.inbox<Number>();
    Inbox<Message> all = bus.inbox<Message>();
    Inbox<Number> ready = bus.inbox<Number>({.topic = "ready"});
    auto pool = bus.fan_out<Piece, Sum>(processes(hostile("types")));
    ASSERT_TRUE(ready.take(20s));
    ASSERT_TRUE(pool.push({"sum", {1}}));
    const auto done = pool.next(20s);
    ASSERT_TRUE(done && done->value);
    EXPECT_EQ(done->value->total, 2) << done->value->what;
    EXPECT_NE(done->value->what.find("a subscriber of topic \"number\" did not get a message: "
                                     "field \"number\": expected an integer, found a string"),
              std::string::npos)
        << done->value->what;
    for (const std::int64_t expected : {1, 2}) EXPECT_EQ(numbers.take(1s)->number, expected);
    EXPECT_EQ(numbers.take(), nullptr);
    EXPECT_EQ(all.take(1s)->json(), R"({"number":"no number"})");
    EXPECT_EQ(all.take(1s)->json(), R"({"number":1})");
    EXPECT_EQ(all.take(1s)->json(), R"({"number":2,"more":[1.500000,null,"bytes"]})");
    // The last one was retained, for who comes later.
    EXPECT_EQ(bus.inbox<Number>().take(1s)->number, 2);
    EXPECT_EQ(bus.stats().published, 4U);
}

// What is published as soon as the process knows that its subscription is in force comes to it.
// Others have the bus most of the time: who told the process too soon would mostly be too late.
// BATON_BUS_SUBSCRIBES=1000000 is the long form.
TEST(ChildTest, WhatIsPublishedRightAfterItSubscribedIsNotLost) {
    const char* const said = std::getenv("BATON_BUS_SUBSCRIBES");  // NOLINT(concurrency-mt-unsafe)
    const std::int64_t rounds = said == nullptr ? 40 : std::max(std::atoll(said), 1LL);
    std::array<int, 2> told{};
    ASSERT_EQ(::pipe2(told.data(), O_CLOEXEC), 0);
    const std::string way = "/proc/" + std::to_string(::getpid()) + "/fd/";
    Bus bus;
    for (int topic = 0; topic < 10'000; ++topic) {
        bus.publish(Number{topic}, {.topic = "kept/" + std::to_string(topic), .retain = true});
    }
    const std::jthread others([&](const std::stop_token& stop) {
        // Whoever subscribes has the bus until each retained value was looked at.
        while (!stop.stop_requested()) static_cast<void>(bus.inbox<Number>({.topic = "other"}));
    });
    auto pool =
        bus.fan_out<Piece, Sum>(processes(hostile("anew", {way + std::to_string(told[1])})));
    for (std::int64_t round = 0; round < rounds; ++round) {
        char in_force = 0;
        pollfd waiting{.fd = told[0], .events = POLLIN, .revents = 0};
        ASSERT_TRUE(::poll(&waiting, 1, 20'000) == 1 && ::read(told[0], &in_force, 1) == 1);
        ASSERT_EQ(bus.publish(Number{round}).accepted, 1U) << "round " << round << " was lost";
    }
    for (const int end : told) ::close(end);
}

TEST(ChildTest, LinesForTheLogHaveAQuota) {
    Bus bus;
    auto pool = bus.fan_out<Piece, Sum>(processes(hostile("log")));
    ASSERT_TRUE(pool.push({"sum", {1}}));
    ASSERT_TRUE(pool.next(20s).value().value);
    EXPECT_GE(pool.processes().at(0).unlogged, 400U);  // in three seconds at most
}

// It waits, as long as its subscribers make publishers wait, and nothing of it is lost.
TEST(ChildTest, WhoPublishesTooFastWaits) {
    Bus bus;
    Gate gate;
    auto slow = bus.subscribe<Number>({.depth = 4, .when_full = Block{600s}},
                                      [&](const Number&) { gate.pass(); });
    auto pool = bus.fan_out<Piece, Sum>(processes(hostile("flood")));
    gate.await_visitor();
    ASSERT_TRUE(eventually(20s, [&] { return slow.stats().in_flight == 5; }));
    const std::uint64_t published = bus.stats().published;
    EXPECT_LE(published, 6U);
    expect_balance(slow.stats());
    EXPECT_EQ(slow.lost(), 0U);
    gate.open();
    EXPECT_TRUE(eventually(20s, [&] { return slow.stats().delivered > 1000; }));
    EXPECT_EQ(slow.lost(), 0U);
    const auto begun = std::chrono::steady_clock::now();
    pool.end();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST(ChildTest, WhoStallsLosesWhatItDeclaredAndHoldsUpNobody) {
    for (const std::string policy : {"drop_oldest", "drop_newest", "conflate"}) {
        Bus bus;
        Inbox<Number> ready = bus.inbox<Number>({.topic = "ready"});
        auto pool = bus.fan_out<Piece, Sum>(processes(hostile("stall", {"8", policy})));
        ASSERT_TRUE(ready.take(20s));
        const auto of_child = [&] {
            for (const SubscriptionStats& each : bus.stats().subscriptions) {
                if (each.topic == "number") return each;
            }
            return bus.stats().ended;
        };
        for (std::int64_t i = 1; i <= 3; ++i) {
            bus.publish(Number{i});
            ASSERT_TRUE(i == 3 || eventually(20s, [&] { return of_child().in_flight == 0; }));
        }
        const auto begun = std::chrono::steady_clock::now();
        for (std::int64_t i = 4; i <= 1000; ++i) {
            bus.publish(Number{i});
            expect_balance(of_child());
        }
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
        SubscriptionStats stats = of_child();
        EXPECT_EQ(stats.delivered, 2U);
        EXPECT_LE(stats.in_flight, 9U);
        EXPECT_EQ(stats.published, 1000U);
        // Killed: what was with it was not delivered.
        ASSERT_EQ(::kill(pool.processes().at(0).pid, SIGKILL), 0);
        ASSERT_TRUE(eventually(20s, [&] { return pool.processes().at(0).subscriptions == 0; }));
        ASSERT_TRUE(eventually(20s, [&] { return bus.stats().subscriptions.size() == 1; }));
        ASSERT_TRUE(eventually(20s, [&] { return bus.stats().ended.in_flight == 0; }));
        stats = bus.stats().ended;
        EXPECT_EQ(stats.delivered, 2U);
        EXPECT_EQ(stats.published, stats.delivered + stats.dropped + stats.discarded);
    }
}

TEST(ChildTest, AKilledOnesItemGoesToAnother) {
    Bus bus;
    Inbox<Number> numbers = bus.inbox<Number>();
    auto pool = bus.fan_out<Piece, Sum>(processes({BATON_BUS_CHILD}, 2));
    ASSERT_TRUE(pool.push({"loop", {}}));
    ASSERT_TRUE(numbers.take(20s));
    for (const std::size_t victim : {0, 1}) {
        if (pool.stats().retried > 0) break;
        ASSERT_EQ(::kill(pool.processes().at(victim).pid, SIGKILL), 0);
        static_cast<void>(eventually(1s, [&] { return pool.stats().retried > 0; }));
    }
    EXPECT_EQ(pool.stats().retried, 1U);
    const auto again = numbers.take(20s);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->number, 1);
}

TEST(ChildTest, DoesWorkBesideThreadsAndAllOfItIsDoneOnce) {
    Bus bus;
    std::atomic<std::int64_t> by_threads = 0;
    const FanOutOptions options{.threads = 1, .in_order = true, .processes = {{BATON_BUS_CHILD}}};
    auto pool = bus.fan_out<Piece>(options, [&](const Piece& piece) {
        ++by_threads;
        return Sum{piece.what, piece.numbers.at(0)};
    });
    constexpr std::int64_t count = 20'000;
    std::thread pusher([&] {
        for (std::int64_t i = 0; i < count; ++i) pool.push({"sum", {i}});
    });
    std::int64_t gathered = 0;
    while (gathered < count && !HasFailure()) {
        const auto done = pool.next(30s);
        if (!done) continue;  // all that was pushed so far is gathered
        EXPECT_TRUE(done->value) << done->failure;
        EXPECT_EQ(done->value.value_or(Sum{}).total, gathered++);
    }
    pusher.join();
    EXPECT_EQ(by_threads + static_cast<std::int64_t>(pool.processes().at(0).answered), count);
    EXPECT_GT(pool.processes().at(0).answered, 0U);
}

// The folder was opened to all, and still: the kernel says who connects.
TEST(ChildTest, AnotherUserIsNotHeardEvenWithTheSecret) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
    std::string runtime = "/tmp/baton-run-XXXXXX";
    ASSERT_NE(::mkdtemp(runtime.data()), nullptr);
    ::chmod(runtime.c_str(), 0755);
    ::setenv("XDG_RUNTIME_DIR", runtime.c_str(), 1);
    {
        Bus bus;
        auto pool = bus.fan_out<Piece, Sum>(processes(hostile("stranger")));
        ASSERT_TRUE(pool.push({"sum", {1}}));
        const auto done = pool.next(20s);
        ASSERT_TRUE(done && done->value) << (done ? done->failure : "nothing came");
        EXPECT_EQ(pool.processes().at(0).started, 1U);
    }
    ::unsetenv("XDG_RUNTIME_DIR");
    fs::remove_all(runtime);
}

TEST(ChildTest, ManyStartsAndStopsLeaveNothing) {
    const char* const starts = std::getenv("BATON_BUS_STARTS");
    const int count = starts != nullptr ? std::atoi(starts) : 15;
    std::mt19937 random(static_cast<std::uint32_t>(seed()));
    const auto start_and_stop = [&] {
        Bus bus;
        auto pool = bus.fan_out<Piece, Sum>(processes({BATON_BUS_CHILD}, 2));
        for (auto items = random() % 4; items > 0; --items) pool.push({"publish", {1, 2}});
        if (random() % 2 == 0) static_cast<void>(pool.next(20s));
        if (random() % 4 == 0) pool.push({"exit", {}});
        if (random() % 3 == 0) pool.cancel();
        const auto begun = std::chrono::steady_clock::now();
        bus.close();
        EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
        EXPECT_EQ(pool.stats().in_flight, 0U);
    };
    start_and_stop();
    const std::ptrdiff_t threads = entries_of("/proc/self/task");
    const std::ptrdiff_t descriptors = entries_of("/proc/self/fd");
    for (int time = 1; time < count && !::testing::Test::HasFailure(); ++time) start_and_stop();
    EXPECT_TRUE(eventually(20s, [&] { return entries_of("/proc/self/task") == threads; }));
    EXPECT_EQ(entries_of("/proc/self/fd"), descriptors);
    EXPECT_EQ(folders_of(::getpid()), 0);
}

// kill -9 of the program with the bus: its children, and what they started, are gone in a second,
// and the next program removes its folder.
TEST(ChildTest, NothingOutlivesAKilledProgram) {
    const std::string sleep = own_sleep();
    ChildProcess agent({.arguments = {BATON_BUS_CHILD, "agent", sleep}});
    const pid_t pid = agent.pid();
    ASSERT_TRUE(
        eventually(20s, [&] { return agent.output() == "ready\n" && processes_with(sleep) == 7; }))
        << agent.error_output() << processes_with(sleep);
    EXPECT_EQ(folders_of(pid), 1);
    agent.kill(SIGKILL);
    ASSERT_TRUE(agent.wait(10s));
    EXPECT_TRUE(eventually(1s, [&] { return processes_with(sleep) == 0; }))
        << processes_with(sleep);
    ChildProcess next({.arguments = {BATON_BUS_CHILD, "agent", sleep}});
    ASSERT_TRUE(eventually(20s, [&] { return next.output() == "ready\n"; }));
    EXPECT_EQ(folders_of(pid), 0);
    next.kill(SIGTERM);
    ASSERT_TRUE(next.wait(10s));
    EXPECT_EQ(folders_of(next.pid()), 0);
}

}  // namespace
}  // namespace baton::testing

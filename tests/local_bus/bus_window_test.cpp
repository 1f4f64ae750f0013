// A window on the buses of a process: who looks sees what he asked for, holds nobody up, and is
// told what he missed and that the process has ended.
#include "baton/local_bus/bus_window.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <optional>
#include <thread>

#include "baton/local_bus/bus_visitor.hpp"
#include "local_bus/messages.hpp"
#include "local_bus/runtime_folder.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class BusWindowTest : public ::testing::Test {
protected:
    static WindowRequest tail(const std::string& topic = "**",
                              const std::optional<std::string>& level = std::nullopt) {
        return {.want = "tail", .topic = topic, .level = level};
    }
    static std::string refusal_of(const std::function<void()>& call) {
        try {
            call();
        } catch (const Error& error) {
            return with_code(error.code(), error.what());
        }
        return "";
    }

    RuntimeFolder folder_;
};

TEST_F(BusWindowTest, WhoLooksSeesTheTopicsThatHeAskedFor) {
    BusWindow window("shop \x1b[2J", "dev");
    Bus early({}, {.task = 17, .attempt = 2});
    auto shown = window.show(early);
    BusVisitor visitor(window_of(""), tail("region/*"));
    EXPECT_EQ(visitor.hello().node, "shop \x1b[2J");
    EXPECT_EQ(visitor.hello().process, ::getpid());
    early.publish(Count{1, 1});
    EXPECT_EQ(early.publish(RegionDone{"north", 5}).accepted, 0U);
    BusVisitor::Seen seen = visitor.next(10s);
    ASSERT_TRUE(seen.frame.message);
    EXPECT_EQ(seen.frame.message->topic, "region/done");
    EXPECT_EQ(seen.frame.message->number, 2);
    EXPECT_EQ(seen.frame.message->task, 17);
    EXPECT_EQ(seen.frame.message->content.text(), R"({"region":"north","sales":5})");

    Bus late({}, {.task = 18, .attempt = 1});
    auto late_shown = window.show(late);
    late.publish(RegionStarted{"south"}, {.topic = "region/x"});
    seen = visitor.next(10s);
    ASSERT_TRUE(seen.frame.message);
    EXPECT_EQ(seen.frame.message->task, 18);
    EXPECT_EQ(seen.frame.message->own_topic(), "region/started");
    late_shown.reset();
    late.publish(RegionStarted{"south"});
    EXPECT_EQ(visitor.next(1ms).state, BusVisitor::State::nothing_yet);
    EXPECT_EQ(early.stats().subscriptions.size(), 0U);
}

TEST_F(BusWindowTest, LinesAreFormattedForWhoAsksForTheirLevel) {
    BusWindow window("a", "dev");
    Bus bus;
    const auto shown = window.show(bus);
    BusVisitor visitor(window_of("a"), tail("log/*", "warn"));
    bus.log(Level::info, "no");
    bus.log(Level::error, "yes");
    const BusVisitor::Seen seen = visitor.next(10s);
    ASSERT_TRUE(seen.frame.message);
    EXPECT_EQ(seen.frame.message->topic, "log/error");
    EXPECT_EQ(bus.stats().published, 1U);
}

// It is not read at all: what waits is bounded, the publisher goes on, and all is accounted for.
TEST_F(BusWindowTest, WhoIsSlowLosesAndIsToldHowMany) {
    constexpr std::uint64_t messages = 20'000;
    BusWindow window("a", "dev");
    Bus bus;
    const auto shown = window.show(bus);
    BusVisitor visitor(window_of("a"), tail());
    for (std::uint64_t i = 0; i < messages; ++i) {
        EXPECT_TRUE(bus.publish(RegionDone{std::string(200, 'x'), 1}).is_whole());
    }
    std::uint64_t got = 0;
    std::uint64_t lost = 0;
    while (got + lost < messages) {
        const BusVisitor::Seen seen = visitor.next(30s);
        ASSERT_EQ(seen.state, BusVisitor::State::frame) << got << " and " << lost;
        if (seen.frame.message) ++got;
        lost += static_cast<std::uint64_t>(seen.frame.lost.value_or(0));
    }
    EXPECT_EQ(got + lost, messages);
    EXPECT_GT(lost, 0U);
    EXPECT_LT(got, 12'000U);  // the sockets' buffers, 1 MiB and 1,024 messages
    bus.publish(Count{1, 1});
    EXPECT_EQ(visitor.next(10s).frame.message->topic, "count");
}

TEST_F(BusWindowTest, StatsAccountForEachMessage) {
    BusWindow window("a", "dev");
    {
        Bus over;
        const auto shown = window.show(over);
        over.publish(Count{1, 1});
    }
    Bus bus({}, {.task = 17, .attempt = 2});
    const auto shown = window.show(bus);
    auto inbox = bus.inbox<Count>({.depth = 2, .when_full = DropNewest{}});
    for (int i = 0; i < 5; ++i) bus.publish(Count{1, i});
    static_cast<void>(inbox.take());
    BusVisitor visitor(window_of("a"), {.want = "stats"});
    const auto stats = visitor.next(10s).frame.stats;
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->ended_buses, 1);
    EXPECT_EQ(stats->ended_published, 1);
    ASSERT_EQ(stats->buses.size(), 1U);
    EXPECT_EQ(stats->buses[0].task, 17);
    const WatchedSubscription& one = stats->buses[0].subscriptions.at(0);
    EXPECT_EQ(one.published, 5);
    EXPECT_EQ(one.delivered, 1);
    EXPECT_EQ(one.dropped, 3);
    EXPECT_EQ(one.in_flight, 1);
    EXPECT_EQ(visitor.next(10s).state, BusVisitor::State::ended);
}

TEST_F(BusWindowTest, WhichNodeIsSaidWhereThereAreSeveral) {
    EXPECT_EQ(refusal_of([] { static_cast<void>(window_of("")); }),
              "no node of this user runs on this machine; `baton node` starts one [BT053]");
    BusWindow a("a", "dev");
    std::optional<BusWindow> b;
    b.emplace("b", "dev");
    EXPECT_EQ(window_of("b").hello.node, "b");
    EXPECT_EQ(refusal_of([] { static_cast<void>(window_of("")); }),
              "several nodes run on this machine: a, b; say which by --node NAME, or --node and "
              "its process's number [BT027]");
    EXPECT_EQ(refusal_of([] { static_cast<void>(window_of("c")); }),
              "no node \"c\" of this user runs on this machine, but: a, b [BT053]");
    const OpenWindow before = window_of("b");
    b.reset();
    EXPECT_EQ(window_of("").hello.node, "a");
    EXPECT_NE(refusal_of([&] { BusVisitor visitor(before, {}); }).find("cannot be reached"),
              std::string::npos);
}

TEST_F(BusWindowTest, WhatIsNoRequestIsRefused) {
    BusWindow window("a", "dev");
    const OpenWindow open = window_of("a");
    EXPECT_EQ(
        refusal_of([&] { BusVisitor visitor(open, tail("a/**/b")); }).find("the node refuses"), 0U);
    const auto raw = [&](const std::string& bytes) {
        const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(&address.sun_path[0], open.path.c_str(), sizeof(address.sun_path) - 1);
        EXPECT_EQ(
            ::connect(socket.number(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
        EXPECT_GT(::send(socket.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
        std::string answer(1000, '\0');
        answer.resize(static_cast<std::size_t>(
            std::max<ssize_t>(0, ::recv(socket.number(), answer.data(), answer.size(), 0))));
        return answer;
    };
    EXPECT_NE(raw("GET / HTTP/1.0\r\n\r\n").find("a frame is too large"), std::string::npos);
    EXPECT_NE(raw(std::string("\4\0\0\0zzzzabcd", 12)).find("a frame is damaged"),
              std::string::npos);
    std::list<BusVisitor> visitors;
    for (int i = 0; i < 16; ++i) visitors.emplace_back(open, tail());
    EXPECT_EQ(refusal_of([&] { BusVisitor visitor(open, tail()); }),
              "the node refuses: 16 others look at this node already [BT053]");
    visitors.pop_front();
    EXPECT_TRUE(eventually(
        60s, [&] { return refusal_of([&] { BusVisitor visitor(open, tail()); }).empty(); }));
}

TEST_F(BusWindowTest, WhoLooksSeesThatTheProcessWasKilled) {
    int ready[2];
    ASSERT_EQ(::pipe(&ready[0]), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const BusWindow window("doomed", "dev");
        [[maybe_unused]] const ssize_t told = ::write(ready[1], "x", 1);
        while (true) ::pause();
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    BusVisitor visitor(window_of("doomed"), tail());
    ::kill(child, SIGKILL);
    EXPECT_EQ(visitor.next(30s).state, BusVisitor::State::ended);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(open_windows().empty());
    BusWindow next("next", "dev");  // and its folder goes
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path() / "baton"),
                            std::filesystem::directory_iterator()),
              1);
    ::close(ready[0]);
    ::close(ready[1]);
}

// Buses come and go, and so do those who look, while others publish: run under TSan.
TEST_F(BusWindowTest, BusesAndVisitorsComeAndGo) {
    BusWindow window("a", "dev");
    const OpenWindow open = window_of("a");
    std::atomic<bool> is_over{false};
    std::vector<std::jthread> tasks;
    for (int i = 0; i < 2; ++i) {
        tasks.emplace_back([&, i] {
            for (int task = 0; !is_over; ++task) {
                Bus bus({}, {.task = task, .attempt = i});
                const auto shown = window.show(bus);
                for (int count = 0; count < 20; ++count) bus.publish(Count{i, count});
                bus.log(Level::info, "one of {}", task);
            }
        });
    }
    for (int i = 0; i < 30; ++i) {
        BusVisitor visitor(open, i % 3 == 0 ? WindowRequest{.want = "stats"} : tail());
        EXPECT_EQ(visitor.next(30s).state, BusVisitor::State::frame);
    }
    is_over = true;
}

}  // namespace
}  // namespace baton::testing

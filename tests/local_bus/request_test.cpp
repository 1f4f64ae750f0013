// Questions and answers: each question has an answer, or a reason why not, within its deadline.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "baton/base/error.hpp"
#include "baton/local_bus/bus.hpp"
#include "local_bus/messages.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct Total {
    std::int64_t sales = 0;
    BATON_FIELDS(sales)
};

struct GetTotal {
    static constexpr std::string_view topic = "region/total";
    using Reply = Total;
    std::string region;
    BATON_FIELDS(region)
};

struct GetNothing {
    static constexpr std::string_view topic = "region/total";
    using Reply = Total;
    BATON_FIELDS()
};

TEST(RequestTest, AQuestionIsAnswered) {
    Bus bus;
    const Subscription server = bus.answer<GetTotal>({}, [](const GetTotal& question) {
        return Total{static_cast<std::int64_t>(question.region.size())};
    });
    const Answer<Total> answer = bus.ask(GetTotal{"north"});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer.state, Asked::answered);
    EXPECT_EQ(answer.value->sales, 5);
    EXPECT_TRUE(eventually(60s, [&] { return server.stats().delivered == 1; }));
}

TEST(RequestTest, WhereNobodyAnswersIsSaid) {
    Bus bus;
    EXPECT_EQ(bus.ask(GetTotal{"north"}).state, Asked::nobody);
    const Subscription server = bus.answer<GetTotal>({}, [](const GetTotal&) { return Total{1}; });
    EXPECT_EQ(bus.ask(GetNothing{}).state, Asked::nobody);  // another type
    EXPECT_EQ(bus.ask(GetTotal{"north"}, {.topic = "elsewhere"}).state, Asked::nobody);
    EXPECT_THROW(
        static_cast<void>(bus.answer<GetTotal>({}, [](const GetTotal&) { return Total{2}; })),
        Error);
}

TEST(RequestTest, WhatTheAnswererThrowsIsTheReason) {
    Bus bus;
    const Subscription server = bus.answer<GetTotal>(
        {}, [](const GetTotal&) -> Total { throw std::runtime_error("no such region"); });
    const Answer<Total> answer = bus.ask(GetTotal{"north"});
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.state, Asked::failed);
    EXPECT_EQ(answer.reason, "no such region");
}

TEST(RequestTest, ADeadlineIsKeptAndNobodyBeginsAfterIt) {
    Gate gate;
    Bus bus;
    std::atomic<int> begun{0};
    const Subscription server = bus.answer<GetTotal>({}, [&](const GetTotal&) {
        ++begun;
        gate.pass();
        return Total{1};
    });
    std::thread first([&] { EXPECT_TRUE(bus.ask(GetTotal{"north"}, {.deadline = 600s})); });
    gate.await_visitor();
    EXPECT_EQ(bus.ask(GetTotal{"south"}, {.deadline = 20ms}).state, Asked::timed_out);
    gate.open();
    first.join();
    EXPECT_TRUE(eventually(60s, [&] { return server.stats().delivered == 2; }));
    EXPECT_EQ(begun, 1);
}

TEST(RequestTest, TooManyQuestionsAreRefused) {
    Gate gate;
    Bus bus;
    const Subscription server = bus.answer<GetTotal>({.depth = 1}, [&](const GetTotal&) {
        gate.pass();
        return Total{1};
    });
    std::thread first([&] { EXPECT_TRUE(bus.ask(GetTotal{"north"}, {.deadline = 600s})); });
    gate.await_visitor();
    std::thread second([&] { EXPECT_TRUE(bus.ask(GetTotal{"north"}, {.deadline = 600s})); });
    EXPECT_TRUE(eventually(60s, [&] { return server.stats().in_flight == 2; }));
    EXPECT_EQ(bus.ask(GetTotal{"south"}).state, Asked::refused);
    gate.open();
    first.join();
    second.join();
}

TEST(RequestTest, AQuestionToOneselfIsNotWaitedFor) {
    Bus bus;
    Asked own = Asked::answered;
    const Subscription server = bus.answer<GetTotal>({}, [&](const GetTotal&) {
        own = bus.ask(GetTotal{"again"}, {.deadline = 600s}).state;
        return Total{1};
    });
    EXPECT_TRUE(bus.ask(GetTotal{"north"}, {.deadline = 600s}));
    EXPECT_EQ(own, Asked::circular);
}

TEST(RequestTest, WhoWaitsIsToldWhenTheAnswererEnds) {
    Gate gate;
    Bus bus;
    std::optional<Subscription> server = bus.answer<GetTotal>({}, [&](const GetTotal&) {
        gate.pass();
        return Total{1};
    });
    std::thread first([&] { EXPECT_TRUE(bus.ask(GetTotal{"north"}, {.deadline = 600s})); });
    gate.await_visitor();
    Asked state = Asked::answered;
    std::thread second([&] { state = bus.ask(GetTotal{"south"}, {.deadline = 600s}).state; });
    EXPECT_TRUE(eventually(60s, [&] { return server->stats().in_flight == 2; }));
    std::thread ender([&] { server.reset(); });
    second.join();
    EXPECT_EQ(state, Asked::nobody);
    gate.open();
    first.join();
    ender.join();
}

TEST(RequestTest, WhoWaitsIsToldWhenTheBusEnds) {
    Gate gate;
    Bus bus;
    const Subscription server = bus.answer<GetTotal>({}, [&](const GetTotal&) {
        gate.pass();
        return Total{1};
    });
    Asked state = Asked::answered;
    std::thread asker([&] { state = bus.ask(GetTotal{"north"}, {.deadline = 600s}).state; });
    gate.await_visitor();
    std::thread closer([&] { bus.close(); });
    asker.join();
    EXPECT_EQ(state, Asked::cancelled);
    gate.open();
    closer.join();
    EXPECT_EQ(bus.ask(GetTotal{"north"}).state, Asked::nobody);
}

}  // namespace
}  // namespace baton::testing

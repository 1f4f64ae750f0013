// Signals within one thread: who is called, in spite of what throws, comes and goes meanwhile
// (F57).
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "baton/local_bus/signal.hpp"

namespace baton::testing {
namespace {

TEST(SignalTest, SlotsAreCalledInTheirOrder) {
    Signal<int> changed("changed");
    std::vector<int> seen;
    const SlotConnection one = changed.connect([&](int value) { seen.push_back(value); });
    const SlotConnection two = changed.connect([&](int value) { seen.push_back(value * 10); });
    const Emitted emitted = changed.emit(7);
    EXPECT_EQ(emitted.called, 2U);
    EXPECT_EQ(seen, (std::vector<int>{7, 70}));
}

TEST(SignalTest, AThrowingSlotStopsNoOther) {
    Signal<> changed("changed");
    std::vector<int> called;
    std::vector<SlotConnection> connections;
    for (int slot = 1; slot <= 5; ++slot) {
        connections.push_back(changed.connect([&called, slot] {
            called.push_back(slot);
            if (slot == 2) throw std::runtime_error("the second");
            if (slot == 4) throw 17;
        }));
    }
    for (int time = 0; time < 3; ++time) {
        const Emitted emitted = changed.emit();
        EXPECT_EQ(emitted.called, 5U);
        EXPECT_EQ(emitted.failed, 2U);
    }
    EXPECT_EQ(called, (std::vector<int>{1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5}));
}

TEST(SignalTest, ASlotEndsWithItsConnection) {
    Signal<> changed("changed");
    int calls = 0;
    {
        SlotConnection connection = changed.connect([&] { ++calls; });
        changed.emit();
        SlotConnection moved = std::move(connection);
        EXPECT_TRUE(moved.connected());
        changed.emit();
    }
    EXPECT_EQ(changed.emit().called, 0U);
    EXPECT_EQ(calls, 2);
}

TEST(SignalTest, ASlotEndsWithItsOwner) {
    Signal<> changed("changed");
    auto owner = std::make_shared<int>(0);
    changed.connect(owner, [counter = owner.get()] { ++*counter; });
    changed.emit();
    EXPECT_EQ(*owner, 1);
    owner.reset();
    EXPECT_EQ(changed.emit().called, 0U);
}

// The second of three ends the third, which is destroyed with all that its slot refers to.
TEST(SignalTest, WhatIsDisconnectedBeforeItsTurnIsNotCalled) {
    Signal<> changed("changed");
    std::optional<SlotConnection> third;
    auto state = std::make_unique<int>(0);
    const SlotConnection first = changed.connect([] {});
    const SlotConnection second = changed.connect([&] {
        third.reset();
        state.reset();
    });
    third = changed.connect([&] { ++*state; });
    EXPECT_EQ(changed.emit().called, 2U);
}

TEST(SignalTest, ASlotMayEndItselfAndMayConnectAnotherForTheNextTime) {
    Signal<> changed("changed");
    std::optional<SlotConnection> own;
    SlotConnection more;
    int later = 0;
    own = changed.connect([&] {
        more = changed.connect([&] { ++later; });
        own.reset();
    });
    EXPECT_EQ(changed.emit().called, 1U);
    EXPECT_EQ(later, 0);
    EXPECT_EQ(changed.emit().called, 1U);
    EXPECT_EQ(later, 1);
}

TEST(SignalTest, ASlotMayDestroyItsSignal) {
    auto changed = std::make_unique<Signal<>>("changed");
    int after = 0;
    const SlotConnection first = changed->connect([&] {
        changed.reset();
        throw std::runtime_error("and fail");
    });
    const SlotConnection second = changed->connect([&] { ++after; });
    EXPECT_EQ(changed->emit().failed, 1U);
    EXPECT_FALSE(first.connected());
}

TEST(SignalTest, AnotherThreadIsRefused) {
    Signal<> changed("month/changed");
    const SlotConnection connection = changed.connect([] {});
    std::string refusal;
    std::thread([&] {
        try {
            changed.emit();
        } catch (const Error& error) {
            refusal = with_code(error.code(), error.what());
        }
    }).join();
    EXPECT_EQ(
        refusal,
        "signal \"month/changed\" is of another thread: tell other threads over a Bus [BT046]");
}

TEST(SignalDeathTest, AConnectionThatEndsOnAnotherThreadEndsTheProcess) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            Signal<> changed("changed");
            SlotConnection connection = changed.connect([] {});
            std::thread([&] { connection.disconnect(); }).join();
        },
        "thread_ == std::this_thread::get_id");
}

}  // namespace
}  // namespace baton::testing

// A store: messages of any thread change its state in one, and nothing else does.
#include "baton/local_bus/store.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "baton/local_bus/middleware.hpp"
#include "local_bus/messages.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

// What the README shows.
namespace readme {

struct RegionDone {
    static constexpr std::string_view topic = "region/done";
    std::string region;
    baton::Decimal sales;
    BATON_FIELDS(region, sales)
};

// clang-format off
struct Progress {
    std::int64_t regions = 0;
    baton::Decimal total;
    void reduce(const RegionDone& region) { ++regions; total += region.sales; }
    BATON_FIELDS(regions, total)
};

template <class Tell>
std::string total_of(baton::Bus& bus, std::int64_t wanted, Tell tell,
                     const std::function<void()>& begin) {
    const std::jthread beginner([&] { begin(); });
    baton::LocalStore<Progress> store("month");
    store.on<RegionDone>();  // by state.reduce(); or on<RegionDone>(reduce)
    store.follow(bus, {.topic = "region/**", .depth = 1024});  // what any thread says from now on
    auto watch = store.select([](const Progress& state) { return state.regions; },
                              [&](std::int64_t regions) { tell(regions); });  // when it has changed
    while (!store.condition([&](const Progress& now) { return now.regions == wanted; }, 100ms)) {
        if (store.scope().cancelled() || store.lost() > 0) return "regions are missing";
    }
    return store.state().total.text();
}
// clang-format on

}  // namespace readme

TEST(LocalStoreTest, TheExampleOfTheReadmeFoldsWhatAnotherThreadSays) {
    Bus bus;
    std::atomic<bool> is_over = false;
    std::vector<std::int64_t> told;
    const std::string total = readme::total_of(
        bus, 3, [&](std::int64_t regions) { told.push_back(regions); },
        [&] {
            while (!is_over &&
                   bus.publish(readme::RegionDone{"north", Decimal::parse("1.5")}).accepted == 0) {
                std::this_thread::yield();
            }
            for (int i = 0; i < 2; ++i) {
                bus.publish(readme::RegionDone{"south", Decimal::parse("2")});
            }
        });
    is_over = true;
    EXPECT_EQ(total, "5.5");
    EXPECT_EQ(told, (std::vector<std::int64_t>{1, 2, 3}));
}

struct Sums {
    std::int64_t sum = 0;
    std::int64_t regions = 0;
    BATON_FIELDS(sum, regions)
    friend bool operator==(const Sums&, const Sums&) = default;
};

class StoreTest : public ::testing::Test {
protected:
    StoreTest() {
        store_.on<Count>([](Sums& sums, const Count& count) { sums.sum += count.number; });
        store_.on<RegionDone>([](Sums& sums, const RegionDone&) { ++sums.regions; });
    }
    Bus bus_;
    LocalStore<Sums> store_{"sums", {}, {.history = 3}};
};

std::string refusal_of(const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::bus_misused);
        return error.what();
    }
    return "";
}

TEST_F(StoreTest, ASelectorIsToldOnlyWhenItsValueChanged) {
    std::vector<std::int64_t> sums;
    int failures = 0;
    const auto first = store_.select([](const Sums& state) { return state.sum; },
                                     [&](const std::int64_t&) {
                                         ++failures;
                                         throw std::runtime_error("no");
                                     });
    auto second = store_.select([](const Sums& state) { return state.sum; },
                                [&](std::int64_t sum) { sums.push_back(sum); });
    store_.dispatch(Count{0, 2});
    store_.dispatch(Count{0, 0});
    store_.dispatch(RegionDone{"north", 1});
    store_.dispatch(Count{0, 3});
    EXPECT_EQ(sums, (std::vector<std::int64_t>{2, 5}));
    EXPECT_EQ(failures, 2);
    second.disconnect();
    store_.dispatch(Count{0, 1});
    EXPECT_EQ(sums.size(), 2U);
    EXPECT_EQ(store_.state(), (Sums{6, 1}));
}

// Whoever is told may dispatch: the newest value is what everybody ends with.
TEST_F(StoreTest, WhoIsToldMayDispatchButAReducerMayNot) {
    std::vector<std::int64_t> sums;
    const auto more = store_.select([](const Sums& state) { return state.sum; },
                                    [&](std::int64_t sum) {
                                        if (sum < 3) store_.dispatch(Count{0, 1});
                                    });
    const auto watch = store_.select([](const Sums& state) { return state.sum; },
                                     [&](std::int64_t sum) { sums.push_back(sum); });
    store_.dispatch(Count{0, 1});
    EXPECT_EQ(store_.state().sum, 3);
    EXPECT_EQ(sums, (std::vector<std::int64_t>{3}));
    store_.on<RegionStarted>([&](Sums&, const RegionStarted&) { store_.dispatch(Count{0, 1}); });
    EXPECT_EQ(refusal_of([&] { store_.dispatch(RegionStarted{"north"}); }),
              "store \"sums\": a reducer changes the state, and calls the store no more");
    EXPECT_EQ(store_.stats().failed, 1U);
    store_.dispatch(Count{0, 1});  // it goes on
    EXPECT_EQ(store_.state().sum, 4);
}

TEST_F(StoreTest, TheMiddlewareSeesMessagesInItsOrderAndMayKeepThemBack) {
    std::string seen;
    store_.use([&](const Message& message, const Next& next) {
        seen += "a" + std::string(message.topic()) + " ";
        next();
        seen += "/a ";
    });
    store_.use(one_in<Count>(2));
    store_.use(least_level(Level::info));
    std::vector<std::int64_t> promoted;
    store_.use(promoting<Count>([&](const Count& count) { promoted.push_back(count.number); }));
    for (int i = 1; i <= 4; ++i) store_.dispatch(Count{0, i});
    store_.dispatch(LogLine{}, "log/debug");
    store_.dispatch(LogLine{}, "log/warn");
    EXPECT_EQ(promoted, (std::vector<std::int64_t>{1, 3}));
    EXPECT_EQ(store_.state().sum, 4);
    EXPECT_EQ(store_.stats().folded, 3U);
    EXPECT_EQ(store_.stats().kept_back, 3U);
    EXPECT_EQ(store_.stats().unreduced, 1U);
    EXPECT_TRUE(seen.starts_with("acount /a acount /a ")) << seen;
    store_.use([](const Message&, const Next& next) {
        next();
        next();
    });
    EXPECT_EQ(refusal_of([&] { store_.dispatch(RegionDone{}); }),
              "store \"sums\": a middleware passed a message on twice");
    EXPECT_EQ(store_.state().regions, 1);
}

TEST_F(StoreTest, TakeGivesTheNextThatFitsAndFoldsWhatComesBefore) {
    store_.follow(bus_);
    bus_.publish(Count{0, 1});
    bus_.publish(RegionStarted{"north"});
    bus_.publish(Count{0, 2});
    bus_.publish(Count{0, 4});
    const auto taken = store_.take<Count>(10s, [](const Count& count) { return count.number > 1; });
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->number, 2);
    EXPECT_EQ(store_.state().sum, 3);
    EXPECT_EQ(store_.catch_up(), 1U);
    EXPECT_EQ(store_.state().sum, 7);
    EXPECT_EQ(store_.take<RegionDone>(1ms), nullptr);
    EXPECT_EQ(store_.take<Count>(-1h), nullptr);
    ASSERT_EQ(store_.history().size(), 3U);
    EXPECT_EQ(store_.history().front()->topic(), "region/started");
    EXPECT_EQ(store_.history().back()->sequence(), 4U);
}

TEST_F(StoreTest, WhoWaitsGoesOnWhenHisScopeIsCancelled) {
    store_.follow(bus_);
    const CancelScope one = store_.scope().inside();
    const std::jthread canceller([&] { CancelScope(one).cancel(); });
    EXPECT_EQ(store_.take<Count>(600s, one), nullptr);
    bus_.publish(Count{0, 1});
    EXPECT_TRUE(store_.take<Count>(600s));
    const std::jthread ender([&] { bus_.close(); });
    EXPECT_FALSE(store_.condition([](const Sums& state) { return state.sum == 9; },
                                  std::chrono::milliseconds::max()));
}

TEST_F(StoreTest, AnotherThreadIsRefused) {
    std::thread([&] {
        const std::string expected =
            "store \"sums\" is of another thread: tell it over a Bus that it follows";
        EXPECT_EQ(refusal_of([&] { store_.dispatch(Count{0, 1}); }), expected);
        EXPECT_EQ(refusal_of([&] { static_cast<void>(store_.state()); }), expected);
        EXPECT_EQ(refusal_of([&] { static_cast<void>(store_.take<Count>(1s)); }), expected);
        EXPECT_EQ(refusal_of([&] { store_.catch_up(); }), expected);
    }).join();
    EXPECT_EQ(store_.state(), Sums{});
}

TEST_F(StoreTest, MistakesAreRefused) {
    EXPECT_EQ(refusal_of([&] { store_.on<Count>([](Sums&, const Count&) {}); }),
              "store \"sums\" has a reducer for \"count\" already");
    EXPECT_EQ(refusal_of([&] { static_cast<void>(store_.take<Count>(1s)); }),
              "store \"sums\" follows no bus, so nothing would come");
    store_.follow(bus_);
    EXPECT_EQ(refusal_of([&] { store_.follow(bus_); }), "store \"sums\" follows a bus already");
    EXPECT_EQ(refusal_of([] { LocalStore<Sums>("s", {}, {.history = 100'001}); }),
              "store \"s\": a history of 100001 is not in 0 to 100000");
    EXPECT_EQ(refusal_of([] { static_cast<void>(one_in<Count>(0)); }), "one_in(0): count from 1");
}

// The owner folds while four threads publish: run under TSan.
TEST_F(StoreTest, PublishersOfManyThreadsNeedNoLock) {
    constexpr int each = 500;
    store_.follow(bus_, {.depth = 64, .when_full = Block{60s}});
    std::vector<std::jthread> publishers;
    for (int publisher = 0; publisher < 4; ++publisher) {
        publishers.emplace_back([&, publisher] {
            for (int i = 1; i <= each; ++i) bus_.publish(Count{publisher, i});
        });
    }
    EXPECT_TRUE(store_.condition(
        [](const Sums& state) { return state.sum == 4 * each * (each + 1) / 2; }, 60s));
    EXPECT_EQ(store_.lost(), 0U);
    EXPECT_EQ(store_.stats().folded, 4U * each);
}

}  // namespace
}  // namespace baton::testing

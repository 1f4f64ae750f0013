// Backoff: grows, is capped, starts again, and is never the same for everybody.

#include "baton/base/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace baton {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, PausesGrowToTheLongestAndNoFurther) {
    Backoff backoff(milliseconds(100), milliseconds(400));
    for (const int bound : {100, 200, 400, 400, 400}) {
        const milliseconds pause = backoff.next();
        EXPECT_GE(pause, milliseconds(bound / 2));
        EXPECT_LE(pause, milliseconds(bound));
    }
}

TEST(BackoffTest, ResetStartsFromTheFirstPause) {
    Backoff backoff(milliseconds(10), milliseconds(1000));
    for (int i = 0; i < 8; ++i) static_cast<void>(backoff.next());
    backoff.reset();
    EXPECT_LE(backoff.next(), milliseconds(10));
}

TEST(BackoffTest, PausesAreSpread) {
    std::set<milliseconds> pauses;
    for (int i = 0; i < 20; ++i) {
        Backoff backoff(milliseconds(100'000), milliseconds(100'000));
        pauses.insert(backoff.next());
    }
    EXPECT_GT(pauses.size(), 10U);
}

}  // namespace
}  // namespace baton

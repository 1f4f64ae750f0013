// Waiting in tests: for a condition with a deadline, never for a time. This is the one file of the
// tests that sleeps.
//
// Threads: no state is kept.
#pragma once

#include <chrono>
#include <thread>

namespace baton::testing {

/// Asks `condition` again and again until it holds; false if it does not within `deadline`.
template <typename Condition>
[[nodiscard]] bool eventually(std::chrono::milliseconds deadline, Condition condition) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace baton::testing

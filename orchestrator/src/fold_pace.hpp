// How many events may be folded at once, so that no fold comes near the lease, within which the
// leader cannot ask for more time. It begins with one event and goes by what folds took.
//
// Threads: the leader's.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace baton::orchestrator {

class FoldPace {
public:
    explicit FoldPace(std::chrono::milliseconds lease) : share_(lease / 8) {}

    [[nodiscard]] std::size_t limit() const { return limit_; }

    /// Takes note of a fold of `events` events, at least one.
    void folded(std::size_t events, std::chrono::duration<double> took) {
        const double each = std::max(took.count() / static_cast<double>(events), 1e-9);
        const double affordable = std::min(share_.count() / each, 1e9);
        // Step by step: the events to come may be other ones.
        limit_ = std::clamp<std::size_t>(static_cast<std::size_t>(affordable), 1, limit_ * 8);
    }

private:
    std::chrono::duration<double> share_;
    std::size_t limit_ = 1;
};

}  // namespace baton::orchestrator

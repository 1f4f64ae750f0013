// The orders that still have to be placed, for all clients to take from.
//
// Threads: any thread may call any function.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "events.hpp"

namespace superstore {

enum class Ending { commit, roll_back };

/// An order, and what is to become of its transaction.
struct Placement {
    const OrderPlaced* order;
    Ending ending;
};

class OrderQueue {
public:
    explicit OrderQueue(std::deque<Placement> placements) : placements_(std::move(placements)) {}

    /// The next, or nothing when all are taken.
    [[nodiscard]] std::optional<Placement> take() {
        const std::lock_guard lock(mutex_);
        if (placements_.empty()) return std::nullopt;
        const Placement next = placements_.front();
        placements_.pop_front();
        return next;
    }
    /// Puts one at the end. Whoever does this goes on taking, so it is not forgotten.
    void put_back(const Placement& placement) {
        const std::lock_guard lock(mutex_);
        placements_.push_back(placement);
    }
    /// Leaves nothing to take.
    void clear() {
        const std::lock_guard lock(mutex_);
        placements_.clear();
    }

private:
    std::mutex mutex_;
    std::deque<Placement> placements_;  // guarded by mutex_
};

}  // namespace superstore

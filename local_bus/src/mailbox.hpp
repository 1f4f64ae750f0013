// Mailbox: the bounded ring of one subscription. It decides what becomes of each message, and
// counts it.
//
// Threads: any number offer and take; everything is guarded by the mutex, but for the one count
// that the delivery thread moves between two visits.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "baton/local_bus/cancel.hpp"
#include "baton/local_bus/message.hpp"
#include "baton/local_bus/policy.hpp"

namespace baton::bus {

using Clock = std::chrono::steady_clock;

/// What tells messages from each other that conflate, beside the topic.
using ConflationKey = std::function<std::string(const Message&)>;

class Mailbox {
public:
    enum class Offer : std::uint8_t {
        accepted,
        displaced,  ///< accepted, and an older one was dropped
        refused,    ///< dropped
        full,       ///< Block: nothing has been decided yet
        closed,
    };

    /// Throws Error(bus_misused) for a depth or a deadline that cannot be.
    /// `lingers`: whether the delivery thread yields before it sleeps. That makes a stream of
    /// messages cheaper, and one that waits for an answer each time slower.
    Mailbox(std::size_t depth, const WhenFull& when_full, ConflationKey key, bool lingers);

    /// `is_last`: the caller needs the message no more if it is accepted. (So the counts of who
    /// shares it do not go to and fro between two cores.)
    [[nodiscard]] Offer offer(MessagePtr& message, bool is_last);
    /// Waits for room until then. Refused: none came.
    [[nodiscard]] Offer offer_until(const MessagePtr& message, Clock::time_point deadline);
    /// Decides against a message for which offer() found it full.
    void refuse();
    /// How long a publisher waits for room.
    [[nodiscard]] std::chrono::milliseconds patience() const noexcept { return patience_; }

    /// For the delivery thread: what it had in hand before is delivered as far as note_handed()
    /// said, and discarded beyond; then waits for more. False once it is closed.
    [[nodiscard]] bool take_batch(std::vector<MessagePtr>& batch);
    void note_handed(bool has_failed) noexcept;
    /// For others: the next message, which is delivered by that. Null: none came, or none will.
    [[nodiscard]] MessagePtr take(Clock::time_point deadline, const CancelScope& scope);

    /// Waits until nothing is in flight. False: not until then, or the scope was cancelled.
    [[nodiscard]] bool await_nothing(Clock::time_point deadline, const CancelScope& scope);

    /// Discards what waits, and wakes whoever does.
    void close();
    [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
    [[nodiscard]] SubscriptionStats stats() const;
    [[nodiscard]] std::uint64_t failed() const noexcept { return failed_; }

private:
    enum class Policy : std::uint8_t { block, drop_oldest, drop_newest, conflate };

    void linger() const;
    void settle_batch();
    void append(MessagePtr message);
    [[nodiscard]] bool has_room_for_givers() const;
    MessagePtr pop();
    [[nodiscard]] bool conflates(const MessagePtr& message, MessagePtr& older);
    [[nodiscard]] std::string key_of(const Message& message) const;

    // Constant after construction.
    const std::size_t depth_;
    const std::size_t batch_max_;
    const bool lingers_;
    Policy policy_ = Policy::block;
    std::chrono::milliseconds patience_{};
    const ConflationKey key_;

    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable drained_;

    // Guarded by mutex_.
    std::deque<MessagePtr> waiting_;
    std::uint64_t popped_ = 0;                               // waiting_[i] is number popped_ + i
    std::unordered_map<std::string, std::uint64_t> places_;  // of Conflate, by key
    std::size_t takers_ = 0;                                 // wait for filled_
    std::size_t givers_ = 0;                                 // wait for drained_
    std::size_t in_hand_ = 0;
    SubscriptionStats counts_;  // without in_flight, handed_ and failed_

    // Moved by the delivery thread between two batches.
    std::atomic<std::uint64_t> handed_{0};  // of in_hand_
    std::atomic<std::uint64_t> failed_{0};
    // Set under mutex_.
    std::atomic<bool> is_closed_{false};
    std::atomic<std::size_t> count_{0};  // of waiting_
};

}  // namespace baton::bus

#include "mailbox.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "baton/base/error.hpp"

namespace baton::bus {
namespace {

constexpr std::size_t depth_max = std::size_t{1} << 20U;
constexpr std::chrono::milliseconds patience_max = std::chrono::minutes(10);
// How long somebody who waits may not see that his scope was cancelled.
constexpr std::chrono::milliseconds look_interval{20};
// What the delivery thread takes in hand at once: with a small ring one message, so that what may
// wait and what may be dropped is exact; with a larger one so many that the lock costs little.
constexpr std::size_t batch_part = 16;
constexpr std::size_t batch_limit = 256;

std::size_t checked_depth(std::size_t depth) {
    if (depth >= 1 && depth <= depth_max) return depth;
    throw Error(ErrorCode::bus_misused,
                "a depth of " + std::to_string(depth) + " is not in 1 to 1048576");
}

}  // namespace

Mailbox::Mailbox(std::size_t depth, const WhenFull& when_full, ConflationKey key, bool lingers)
    : depth_(checked_depth(depth)),
      batch_max_(std::clamp<std::size_t>(depth / batch_part, 1, batch_limit)),
      lingers_(lingers),
      key_(std::move(key)) {
    if (const Block* const block = std::get_if<Block>(&when_full)) {
        patience_ = block->deadline;
        if (patience_.count() < 0 || patience_ > patience_max) {
            throw Error(ErrorCode::bus_misused, "Block has a deadline of " +
                                                    std::to_string(patience_.count()) +
                                                    " ms, which is not in 0 to 600000");
        }
    } else if (std::holds_alternative<DropOldest>(when_full)) {
        policy_ = Policy::drop_oldest;
    } else if (std::holds_alternative<DropNewest>(when_full)) {
        policy_ = Policy::drop_newest;
    } else {
        policy_ = Policy::conflate;
    }
}

Mailbox::Offer Mailbox::offer(MessagePtr& message, bool is_last) {
    MessagePtr older;  // let go of after the lock
    bool must_wake = false;
    {
        const std::lock_guard lock(mutex_);
        if (is_closed_) return Offer::closed;
        if (policy_ == Policy::conflate && conflates(message, older)) {
            ++counts_.published;
            ++counts_.dropped;
            return Offer::displaced;
        }
        if (waiting_.size() >= depth_) {
            if (policy_ == Policy::block) return Offer::full;
            ++counts_.published;
            ++counts_.dropped;
            if (policy_ == Policy::drop_newest) return Offer::refused;
            older = pop();
        } else {
            ++counts_.published;
        }
        append(is_last ? std::move(message) : MessagePtr(message));
        must_wake = takers_ > 0;
    }
    if (must_wake) filled_.notify_one();
    return older ? Offer::displaced : Offer::accepted;
}

Mailbox::Offer Mailbox::offer_until(const MessagePtr& message, Clock::time_point deadline) {
    {
        std::unique_lock lock(mutex_);
        ++givers_;
        const bool has_room = drained_.wait_until(
            lock, deadline, [&] { return is_closed_ || waiting_.size() < depth_; });
        --givers_;
        if (is_closed_) return Offer::closed;
        ++counts_.published;
        if (!has_room) {
            ++counts_.dropped;
            return Offer::refused;
        }
        append(message);
    }
    filled_.notify_one();
    return Offer::accepted;
}

void Mailbox::refuse() {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    ++counts_.published;
    ++counts_.dropped;
}

// Lets others run for a moment before one sleeps: where messages come one after the other, what
// came meanwhile is taken together, and nobody has to be woken for each.
void Mailbox::linger() const {
    constexpr int turns = 8;
    for (int turn = 0; turn < turns && count_ == 0 && !is_closed_; ++turn) {
        std::this_thread::yield();
    }
}

bool Mailbox::take_batch(std::vector<MessagePtr>& batch) {
    batch.clear();
    bool must_wake = false;
    {
        std::unique_lock lock(mutex_);
        settle_batch();
        if (givers_ > 0) drained_.notify_all();
        if (lingers_ && waiting_.empty()) {
            lock.unlock();
            linger();
            lock.lock();
        }
        ++takers_;
        filled_.wait(lock, [&] { return is_closed_ || !waiting_.empty(); });
        --takers_;
        if (is_closed_) return false;
        in_hand_ = std::min(batch_max_, waiting_.size());
        for (std::size_t i = 0; i < in_hand_; ++i) batch.push_back(pop());
        must_wake = has_room_for_givers();
    }
    if (must_wake) drained_.notify_all();
    return true;
}

void Mailbox::note_handed(bool has_failed) noexcept {
    if (has_failed) ++failed_;
    // Only this thread changes it.
    handed_.store(handed_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

// Who waits for room is woken when there is some to speak of, not for each place of a large ring.
bool Mailbox::has_room_for_givers() const {
    return givers_ > 0 && waiting_.size() <= depth_ - depth_ / 4;
}

// What was in hand is delivered, or, where the mailbox was closed meanwhile, discarded.
void Mailbox::settle_batch() {
    const std::uint64_t handed = handed_.exchange(0);
    counts_.delivered += handed;
    counts_.discarded += in_hand_ - handed;
    in_hand_ = 0;
}

MessagePtr Mailbox::take(Clock::time_point deadline, const CancelScope& scope) {
    MessagePtr message;
    bool must_wake = false;
    {
        std::unique_lock lock(mutex_);
        ++takers_;
        const auto is_ready = [&] { return is_closed_ || !waiting_.empty(); };
        while (!is_ready() && Clock::now() < deadline && !scope.cancelled()) {
            filled_.wait_until(lock, std::min(deadline, Clock::now() + look_interval), is_ready);
        }
        --takers_;
        if (waiting_.empty()) return nullptr;
        message = pop();
        ++counts_.delivered;
        must_wake = has_room_for_givers();
    }
    if (must_wake) drained_.notify_one();
    return message;
}

bool Mailbox::await_nothing(Clock::time_point deadline, const CancelScope& scope) {
    std::unique_lock lock(mutex_);
    const auto is_idle = [&] { return waiting_.empty() && in_hand_ == 0; };
    ++givers_;
    while (!is_idle() && Clock::now() < deadline && !scope.cancelled()) {
        drained_.wait_until(lock, std::min(deadline, Clock::now() + look_interval), is_idle);
    }
    --givers_;
    return is_idle();
}

void Mailbox::close() {
    std::deque<MessagePtr> discarded;  // let go of after the lock
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        counts_.discarded += waiting_.size();
        discarded.swap(waiting_);
        places_.clear();
    }
    filled_.notify_all();
    drained_.notify_all();
}

SubscriptionStats Mailbox::stats() const {
    const std::lock_guard lock(mutex_);
    SubscriptionStats stats = counts_;
    const std::uint64_t handed = handed_;
    stats.delivered += handed;
    stats.in_flight = waiting_.size() + in_hand_ - handed;
    stats.failed = failed_;
    return stats;
}

void Mailbox::append(MessagePtr message) {
    if (policy_ == Policy::conflate) places_[key_of(*message)] = popped_ + waiting_.size();
    waiting_.push_back(std::move(message));
    count_ = waiting_.size();
    counts_.most_waiting = std::max<std::uint64_t>(counts_.most_waiting, waiting_.size());
}

MessagePtr Mailbox::pop() {
    MessagePtr message = std::move(waiting_.front());
    waiting_.pop_front();
    count_ = waiting_.size();
    ++popped_;
    if (policy_ == Policy::conflate) places_.erase(key_of(*message));
    return message;
}

// Puts `message` in the place of the one before it, if that waits.
bool Mailbox::conflates(const MessagePtr& message, MessagePtr& older) {
    const auto place = places_.find(key_of(*message));
    if (place == places_.end()) return false;
    older = std::exchange(waiting_[place->second - popped_], message);
    return true;
}

// A topic has no NUL, so no two keys are one.
std::string Mailbox::key_of(const Message& message) const {
    std::string key(message.topic());
    if (key_) {
        key += '\0';
        key += key_(message);
    }
    return key;
}

}  // namespace baton::bus

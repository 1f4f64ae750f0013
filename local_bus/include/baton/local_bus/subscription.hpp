// Subscription and Inbox: what subscribe() and inbox() give. They are the subscription: it ends
// with them.
//
// Threads: may be used from any thread; one object is moved or destroyed by one.
// Cost: a Subscription is a thread; an Inbox is none. Each has memory for what waits, at most its
// depth.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "baton/local_bus/message.hpp"
#include "baton/local_bus/policy.hpp"

namespace baton {
namespace bus {
class Hub;
class Lane;
}  // namespace bus

class Subscription {
public:
    Subscription() = default;
    Subscription(std::shared_ptr<bus::Hub> hub, std::shared_ptr<bus::Lane> lane);
    Subscription(Subscription&& other) noexcept = default;
    Subscription& operator=(Subscription&& other) noexcept;
    /// As end().
    ~Subscription();

    /// Discards what waits. The callback does not run any more when this has returned, and is not
    /// called again; so it may refer to what is destroyed then. Only within the callback itself, or
    /// where the callback waits for the caller, this does not wait; then the end of the bus does.
    /// A publisher that waits for room goes on. Throws nothing.
    void end() noexcept;

    /// Waits until all that was published so far has been delivered, and nothing is in flight.
    /// False: it was not within `timeout`, the bus's scope was cancelled, or this is the callback.
    [[nodiscard]] bool wait_for(std::chrono::milliseconds timeout);

    [[nodiscard]] SubscriptionStats stats() const;
    /// How many messages were dropped: stats().dropped.
    [[nodiscard]] std::uint64_t lost() const { return stats().dropped; }

protected:
    /// The next message; null once `timeout` is over, the subscription has ended, or the bus's
    /// scope was cancelled.
    [[nodiscard]] bus::MessagePtr take_message(std::chrono::milliseconds timeout);

private:
    std::shared_ptr<bus::Hub> hub_;
    std::shared_ptr<bus::Lane> lane_;
};

/// A subscription without a thread: its owner takes messages when it wants to.
template <class E>
class Inbox : public Subscription {
public:
    using Subscription::Subscription;

    /// The next message, which counts as delivered by that. Null: none came within `timeout`, none
    /// will, or the bus's scope was cancelled.
    [[nodiscard]] std::shared_ptr<const E> take(std::chrono::milliseconds timeout = {}) {
        bus::MessagePtr message = take_message(timeout);
        if (!message) return nullptr;
        const E* const content = message->template as<E>();
        return {std::move(message), content};
    }
};

template <>
class Inbox<Message> : public Subscription {
public:
    using Subscription::Subscription;
    [[nodiscard]] std::shared_ptr<const Message> take(std::chrono::milliseconds timeout = {}) {
        return take_message(timeout);
    }
};

}  // namespace baton

// Tap: sees what is published on a bus, beside those who subscribed. It changes nothing of what
// becomes of a message, nor what publish() says of it.
//
// Threads: wants() and note() are called by whoever publishes, so by several threads at once, and
// not always in the order of the messages' numbers. They hold the publisher up: they must not wait.
// Cost: a bus without a tap pays a null pointer for each message.
#pragma once

#include "baton/local_bus/message.hpp"

namespace baton::bus {

class Tap {
public:
    Tap() = default;
    Tap(const Tap&) = delete;
    Tap& operator=(const Tap&) = delete;
    virtual ~Tap() = default;

    /// By topic and type alone. It may be called with the bus's lock held.
    [[nodiscard]] virtual bool wants(const Message& /*message*/) const noexcept { return true; }
    /// After the message got its number, and before any subscriber has it.
    virtual void note(const MessagePtr& message) noexcept = 0;
};

}  // namespace baton::bus

// Part: what ends with a bus, beside its subscriptions.
//
// Threads: end() may be called from any.
#pragma once

namespace baton::bus {

class Part {
public:
    Part() = default;
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    virtual ~Part() = default;

    /// Ends it, wakes who waits for it, and returns when nothing of it runs. May be called again.
    virtual void end() noexcept = 0;
};

}  // namespace baton::bus

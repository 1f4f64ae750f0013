// How long to wait before the next try: exponential, capped, half of it random ("equal jitter" of
// "Exponential Backoff And Jitter", AWS 2015), so that processes that failed together do not come
// back together, and none comes back at once.
//
// Threads: one object per thread.
#pragma once

#include <chrono>
#include <random>

namespace baton {

class Backoff {
public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
        : first_(first), longest_(longest), bound_(first) {}

    /// The next pause: between half of the bound and the bound, which then doubles up to `longest`.
    [[nodiscard]] std::chrono::milliseconds next();

    /// Something worked: start from `first` again.
    void reset() { bound_ = first_; }

private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds longest_;
    std::chrono::milliseconds bound_;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace baton

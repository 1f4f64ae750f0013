// SIGINT and SIGTERM as a call, in a program with threads.
//
// A handler could do almost nothing; so the signals are blocked, in this thread and in all that it
// starts from then on, and one thread waits for them. A second signal ends the process at once.
//
// Threads: construct it before the first thread starts. `stop` is called on a thread of its own.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace baton::cli {

class StopSignals {
public:
    /// Calls `stop` at the first SIGINT or SIGTERM. It must not throw.
    explicit StopSignals(std::function<void()> stop);
    /// Gives the signals their former meaning back.
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Whether a signal came.
    [[nodiscard]] bool came() const { return came_; }

private:
    void wait(const sigset_t& signals);

    const std::function<void()> stop_;
    sigset_t former_{};
    std::atomic<bool> done_{false};
    std::atomic<bool> came_{false};
    std::thread waiter_;
};

}  // namespace baton::cli

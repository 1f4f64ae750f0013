// SIGINT, SIGTERM and SIGHUP as a call, in a program with threads.
//
// A handler could do almost nothing; so the signals are blocked, in this thread and in all that it
// starts from then on, and one thread reads them. What the parent has set to be ignored stays
// ignored (SIGHUP under nohup, SIGINT of a shell's background job), but never SIGTERM.
//
// One wish to stop often comes as several signals (Ctrl-C reaches the whole process group, and then
// a supervisor sends its own), so what comes within a second of the first is the same wish. A later
// one ends the process at once.
//
// Threads: construct it before the first thread starts. Both functions are called on a thread of
// its own, and may do what any thread may.
#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <thread>

namespace baton::cli {

class StopSignals {
public:
    /// Calls `stop` at the first signal. Before the process ends at a later one, with code 128 +
    /// its number, `abandon` is called, if there is one. Neither must throw.
    explicit StopSignals(std::function<void()> stop, std::function<void()> abandon = {});
    /// Gives the signals their former meaning back.
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Whether a signal came.
    [[nodiscard]] bool came() const { return came_; }

private:
    void wait();

    const std::function<void()> stop_;
    const std::function<void()> abandon_;
    sigset_t former_{};
    struct sigaction former_term_ {};
    int signals_ = -1;  // what came
    int done_ = -1;     // that this object goes
    std::atomic<bool> came_{false};
    std::thread waiter_;
};

}  // namespace baton::cli

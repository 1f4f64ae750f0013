// A child process that ends when this process does: the part of PrivatePostgres that knows signals.
//
// Threads: calls on one object must not overlap.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace baton::postgres {

struct Command {
    std::vector<std::string> arguments;  ///< The program's full path first.
    std::filesystem::path log;           ///< Takes its stdout and stderr; what was in it is lost.
    int open_file = -1;                  ///< A file that stays open in the process.
};

class Process {
public:
    /// Starts the command, with "/" as its working folder, in a process group of its own: Ctrl-C
    /// on a terminal reaches our process alone, which then decides. Throws Error(postgres_missing).
    explicit Process(const Command& command);
    /// Kills the process if it has not ended.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Sends a signal, unless the process has ended.
    void signal(int number);
    /// Waits for the end of the process; false when it is still running after `timeout`.
    [[nodiscard]] bool ended_within(std::chrono::milliseconds timeout);
    /// Whether it ended with exit code 0.
    [[nodiscard]] bool succeeded();

private:
    void keep(const Command& command);

    std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_. pid_ is constant once the constructor has returned.
    bool started_ = false;
    bool ended_ = false;
    int start_error_ = 0;
    int status_ = 0;
    pid_t pid_ = 0;

    std::thread keeper_;
};

/// Kills every process that runs `program` in the working folder `folder`: the sessions of a server
/// that was itself killed. One that computes does not notice for as long as its statement takes.
void kill_orphans(const std::filesystem::path& program, const std::filesystem::path& folder);

}  // namespace baton::postgres

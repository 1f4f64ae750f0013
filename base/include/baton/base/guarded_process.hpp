// GuardedProcess: a child process that does not outlive this one, whatever ends it.
//
// It is started by posix_spawn(), without a shell, in a process group of its own, and has what it
// is given: its arguments, its variables, and pipes as stdin, stdout and stderr; no other
// descriptor, no ignored or blocked signal. Beside it in that group, and the leader of it, is a
// guard: a /bin/sh that reads a pipe of which this process holds the other end. Where this process
// ends, be it by kill -9, the guard finds the pipe's end and kills. A group whose leader stays
// cannot be mistaken for another one.
//
// Killed with this process, within a second:
// - all that is in the group: what the child started, however deep, daemonised or not (a double
//   fork stays there);
// - what left the group (setsid, setpgid), found by the variable BATON_GUARD in its environment.
// Not killed: what left the group and lost that variable as it was executed (env -i, sudo), and
// what somebody else starts on its behalf (systemd, cron, Docker).
//
// Needs: Linux 5.3, /bin/sh; for what left the group grep, timeout and /proc. A program that
// ignores SIGCHLD does not hear how its children ended.
//
// Threads: one at a time; it need not be the one that started it, nor need that one live on.
// Cost: two processes are started, which takes about a millisecond.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "baton/base/descriptor.hpp"

namespace baton {

struct ProcessOptions {
    std::filesystem::path program;       ///< Absolute: PATH is not looked at.
    std::vector<std::string> arguments;  ///< The first is what the program is called.
    /// "NAME=value": all that its environment has, beside BATON_GUARD.
    std::vector<std::string> variables = {};
    std::filesystem::path folder = "/";  ///< In which it begins.
};

/// How a process ended: exactly one of the two is set.
struct ProcessEnd {
    std::optional<int> code = std::nullopt;
    std::optional<int> signal = std::nullopt;
};

class GuardedProcess {
public:
    /// Returns once the program is executed. Throws std::system_error where it cannot be: ENOENT,
    /// EACCES, ENOEXEC, E2BIG (arguments and variables are too long), and others.
    explicit GuardedProcess(const ProcessOptions& options);
    /// Kills what there still is, as kill(), and waits for it.
    ~GuardedProcess();
    GuardedProcess(const GuardedProcess&) = delete;
    GuardedProcess& operator=(const GuardedProcess&) = delete;

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// This process's ends of its pipes. They do not block.
    [[nodiscard]] Descriptor& input() noexcept { return input_; }
    [[nodiscard]] const Descriptor& output() const noexcept { return output_; }
    [[nodiscard]] const Descriptor& error_output() const noexcept { return error_output_; }
    /// Can be read (poll) once the process has ended.
    [[nodiscard]] const Descriptor& ending() const noexcept { return ending_; }

    /// Sends a signal to the group; the guard is deaf to all but SIGKILL and SIGSTOP.
    void signal(int number) const noexcept;
    /// Waits for the end of the process itself; nothing where it still runs after `patience`. What
    /// it has started may go on.
    [[nodiscard]] std::optional<ProcessEnd> wait(std::chrono::milliseconds patience);
    /// Ends the group at once: what a process left behind that has ended by itself. What left the
    /// group goes on.
    void end_group() noexcept;
    /// Ends all that the guard can find, as if this process had ended. Takes some 30 ms.
    void kill() noexcept;

private:
    void reap_guard() noexcept;

    Descriptor lifeline_;  // whose end the guard waits for
    Descriptor input_;
    Descriptor output_;
    Descriptor error_output_;
    Descriptor ending_;
    pid_t guard_ = 0;  // the group's number, too; -1: it was reaped
    pid_t pid_ = 0;
    std::optional<ProcessEnd> end_;
};

}  // namespace baton

// A real process under test: started, watched, killed and reaped, whatever happens to the test.
//
// Threads: calls on one object must not overlap. The process is killed when the thread that
// started it ends, be it by a kill -9 of the test; so start it in a thread that lives long enough.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace baton::testing {

/// How a process ended: exactly one of the two is set.
struct ExitStatus {
    std::optional<int> code;
    std::optional<int> signal;

    friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

struct ChildProcessOptions {
    std::vector<std::string> arguments;  ///< The program first: a path, or a name to find in PATH.
    /// Variables to set beside those of this process; an empty value removes the variable. Where
    /// XDG_CONFIG_HOME is not among them it is a folder of the tests', and tokens are not those of
    /// whoever runs them.
    std::map<std::string, std::string> environment = {};
    std::string input = {};              ///< What it reads on stdin.
    std::string working_directory = {};  ///< Empty: that of this process.
};

class ChildProcess {
public:
    /// Starts the process, in a process group of its own. Throws std::system_error.
    explicit ChildProcess(const ChildProcessOptions& options);
    /// Kills its process group with SIGKILL and reaps it, if it has not been waited for.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// Sends a signal to the process alone; nothing happens if it has been reaped.
    void kill(int signal) const;
    /// Waits for its end; nothing when it is still running after `deadline`.
    [[nodiscard]] std::optional<ExitStatus> wait(std::chrono::milliseconds deadline);
    /// All that it has written to stdout so far.
    [[nodiscard]] std::string output() const;
    /// All that it has written to stderr so far.
    [[nodiscard]] std::string error_output() const;

private:
    pid_t pid_ = 0;
    int input_ = -1;
    int output_ = -1;
    int error_output_ = -1;
    std::optional<ExitStatus> status_;
};

}  // namespace baton::testing

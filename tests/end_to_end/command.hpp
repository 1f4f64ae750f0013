// Commands as a reader of the documentation would type them: run to their end, with all that they
// said.
//
// Threads: no state is kept. As for ChildProcess, the process ends with the thread that runs it.
#pragma once

#include <chrono>
#include <string>

#include "support/child_process.hpp"

namespace baton::testing {

struct Outcome {
    int code = -1;       ///< -1: killed by a signal, or still running at the deadline.
    std::string output;  ///< stdout
    std::string error;   ///< stderr
};

/// Runs a command to its end; one that has not ended after `deadline` is killed.
[[nodiscard]] Outcome run(const ChildProcessOptions& options,
                          std::chrono::milliseconds deadline = std::chrono::seconds(60));

/// The whole text of a file; empty when there is none.
[[nodiscard]] std::string text_of(const std::string& path);

}  // namespace baton::testing

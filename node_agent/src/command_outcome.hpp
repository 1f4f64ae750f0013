// What the end of a command means for its task: docs/tasks.md.
//
// Threads: pure functions.
#pragma once

#include <chrono>
#include <string>

#include "baton/base/run_process.hpp"
#include "baton/node_agent/outcome.hpp"

namespace baton::node {

/// `time_limit`: what it had.
[[nodiscard]] Outcome outcome_of(const ProcessOutcome& ended, std::chrono::milliseconds time_limit);

}  // namespace baton::node

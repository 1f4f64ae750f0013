// How a node of this program runs.
//
// Threads: pure functions, but for end_beside_handlers().
#pragma once

#include "baton/environments/environment.hpp"
#include "baton/node_agent/node_agent.hpp"

namespace baton::cli {

/// The options of a node, from the environment's settings.
[[nodiscard]] NodeOptions node_options(const environments::Environment& environment);

/// Ends the process with this code, though handlers still run, which would use what is gone by the
/// time that main() has returned.
[[noreturn]] void end_beside_handlers(int running, int code);

}  // namespace baton::cli

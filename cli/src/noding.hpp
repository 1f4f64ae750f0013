// How a node of this program runs.
//
// Threads: no state is kept; node_handlers() reads variables of the process.
#pragma once

#include "baton/environments/environment.hpp"
#include "baton/node_agent/node_agent.hpp"

namespace baton {
class App;
}

namespace baton::cli {

/// The options of a node, from the environment's settings.
[[nodiscard]] NodeOptions node_options(const App& app,
                                       const environments::Environment& environment);

/// Adds the handlers of a kind that the environment's file declares. Throws as node_handlers().
void add_declared(Handlers& handlers, const environments::Environment& environment,
                  environments::HandlerKind kind);

/// The program's handlers, and those that the environment's file declares. Throws
/// Error(settings_invalid) for a command that cannot be run here, or an endpoint to which nothing
/// can be sent, with where it is declared.
[[nodiscard]] Handlers node_handlers(const App& app, const environments::Environment& environment);

/// Ends the process with this code, though handlers still run, which would use what is gone by the
/// time that main() has returned.
[[noreturn]] void end_beside_handlers(int running, int code);

}  // namespace baton::cli

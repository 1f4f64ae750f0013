// Which reducers an orchestrator of this program carries, and with which settings it runs.
//
// Threads: pure functions.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "baton/cli/app.hpp"
#include "baton/environments/environment.hpp"
#include "baton/orchestrator/orchestrator.hpp"

namespace baton::cli {

/// The options of an orchestrator: the environment's settings; the SQL reducers of the app, of
/// `files` and of the environment's file, each file once. Throws Error(reducer_invalid), also where
/// two reducers have one name.
[[nodiscard]] OrchestratorOptions orchestrator_options(const App& app,
                                                       const environments::Environment& environment,
                                                       const std::vector<std::string>& files);

/// This process, as other nodes' logs show it: "host:pid".
[[nodiscard]] std::string node_name();

}  // namespace baton::cli

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

/// The part of them that folding the log takes, without reducers: it suits any program.
[[nodiscard]] OrchestratorOptions fold_options(const environments::Environment& environment);

/// What the environment's file says of schedules. Throws Error(settings_invalid).
[[nodiscard]] std::vector<DeclaredSchedule> declared_schedules(
    const environments::Environment& environment);

/// The options of an orchestrator: the environment's settings; the SQL reducers of the app, of
/// `files` and of the environment's file, each file once. Throws Error(reducer_invalid), also where
/// two reducers have one name.
[[nodiscard]] OrchestratorOptions orchestrator_options(const App& app,
                                                       const environments::Environment& environment,
                                                       const std::vector<std::string>& files);

}  // namespace baton::cli

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

/// The options of an orchestrator: the environment's settings; the SQL reducers of the app, of
/// `files` and of the environment's file, each file once. Throws Error(reducer_invalid), also where
/// two reducers have one name.
[[nodiscard]] OrchestratorOptions orchestrator_options(const App& app,
                                                       const environments::Environment& environment,
                                                       const std::vector<std::string>& files);

/// What this machine shows to the environment: its id, and the token that is kept here. Where the
/// environment is of kind development, the machine makes itself a token and may enrol itself.
/// Throws Error(settings_invalid) where a file cannot be read or is not its owner's alone.
[[nodiscard]] sql::Membership membership_of(const environments::Environment& environment);

/// This process, as other nodes' logs show it: "host:pid".
[[nodiscard]] std::string node_name();

}  // namespace baton::cli

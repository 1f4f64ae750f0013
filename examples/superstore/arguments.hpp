// The options of the store's own verbs.
//
// Threads: no state.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace superstore {

/// Parses what followed the verb's name. Returns false where only --help was asked for, which is
/// printed. Throws baton::Error(usage) for what `options` does not know.
[[nodiscard]] bool parse(CLI::App& options, std::vector<std::string> arguments);

}  // namespace superstore

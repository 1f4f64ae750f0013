// The command line: read as the verbs say it, and its --help written.
//
// Threads: the main thread only.
#pragma once

#include <string>
#include <vector>

#include "verb.hpp"

namespace baton::cli {

/// Reads `arguments` (without the program's name) into the options of the verb that they name, and
/// into invocation.flags and invocation.rest. Returns the verb, one of `verbs`; nullptr: that was
/// all, a --help or --version was printed. Throws Error(usage).
[[nodiscard]] const Verb* parse(const std::vector<Verb>& verbs,
                                const std::vector<std::string>& arguments, Invocation& invocation);

}  // namespace baton::cli

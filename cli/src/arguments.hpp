// The words of a command line, before they are parsed.
//
// Threads: the main thread only.
#pragma once

#include <string>
#include <vector>

#include "verb.hpp"

namespace baton::cli {

/// The arguments with what stands before the verb behind it: `--env dev status` means
/// `status --env dev`. Which words are values is known from the options of all verbs.
[[nodiscard]] std::vector<std::string> with_verb_first(const std::vector<Verb>& verbs,
                                                       const std::vector<std::string>& arguments);

}  // namespace baton::cli

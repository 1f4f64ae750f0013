// The words of a command line, before CLI11 reads them.
//
// Threads: the main thread only.
#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}  // namespace CLI

namespace baton::cli {

/// The arguments with what stands before the verb behind it: `--env dev status` means
/// `status --env dev`. Which words are values is known from the options of all verbs.
[[nodiscard]] std::vector<std::string> with_verb_first(const CLI::App& root,
                                                       const std::vector<std::string>& arguments);

}  // namespace baton::cli

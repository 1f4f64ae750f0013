// A program of a test, compiled as far as its syntax goes, by the compiler of this build.
//
// Threads: no state.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace baton::testing {

struct Compiled {
    int code = -1;
    std::string output;

    /// What stands behind "error:", each time.
    [[nodiscard]] std::vector<std::string> errors() const;
    [[nodiscard]] auto lines() const { return std::ranges::count(output, '\n'); }
};

/// Compiles `program`, a path in the tree, with the macro `mistake` defined.
[[nodiscard]] Compiled compile(const std::string& program, const std::string& mistake);

}  // namespace baton::testing

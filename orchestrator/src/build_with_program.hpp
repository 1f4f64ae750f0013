// In development the program itself says what is inside the reduce() of a reducer whose own build
// does not.
//
// Threads: no state.
#pragma once

#include <string>

#include "baton/base/digest.hpp"
#include "baton/reducers/fold.hpp"

namespace baton::orchestrator {

/// The build as the database is to know it. `program`: see OrchestratorOptions.
[[nodiscard]] inline std::string build_with_program(const ReducerInfo& info,
                                                    const std::string& program) {
    if (program.empty() || !info.follows_program) return info.build;
    return digest_of(info.build + " in program " + program);
}

}  // namespace baton::orchestrator

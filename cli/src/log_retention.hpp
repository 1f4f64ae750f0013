// `baton log retention`: of the group `log`, in a file of its own.
//
// Threads: as verb.hpp.
#pragma once

#include "verb.hpp"

namespace baton::cli {

/// `log retention`.
[[nodiscard]] Verb log_retention_verb();

}  // namespace baton::cli

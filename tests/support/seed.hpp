// One seed for the random tests of a process, printed so that a failure can be had again.
//
// Threads: may be called from any thread.
#pragma once

#include <cstdint>

namespace baton::testing {

/// The number in BATON_SEED, else one drawn at random; the same in every call. Prints it once.
[[nodiscard]] std::uint64_t seed();

}  // namespace baton::testing

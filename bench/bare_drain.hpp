// The bare side of what drains tasks: a loop that deletes as many rows, 100 at a time, over one
// connection, and keeps nothing.
//
// Threads: that of the session.
#pragma once

#include <cstdint>

#include "libpq.hpp"

namespace baton::bench {

/// Once for each session.
void prepare_bare_drain(Session& session);

/// Makes `count` rows, deletes them, and returns how many a second were deleted.
[[nodiscard]] double bare_drain_rate(Session& session, std::int64_t count);
/// The same one at a time, each in a transaction that also counts it in public.bare_total.
[[nodiscard]] double bare_drain_one_rate(Session& session, std::int64_t count);

}  // namespace baton::bench

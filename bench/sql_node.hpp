// A worker in plain SQL over one session, as docs/tasks.md says: what is done is told in the
// transaction of the next claim.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <limits>

#include "libpq.hpp"

namespace baton::bench {

class SqlNode {
public:
    /// Takes part as a node that carries send_invoice@1, which it registers, in the session's
    /// environment. `session` outlives it.
    explicit SqlNode(Session& session);

    /// Claims 100 at a time, and completes them, until there are none, or until it did `count`.
    /// Returns tasks a second.
    double drain(std::int64_t count = std::numeric_limits<std::int64_t>::max());
    /// The same, each task in a transaction of its own that also counts it in public.bare_total.
    double drain_one_by_one();

private:
    Session& session_;
};

/// Makes tasks of send_invoice, each with `{"order": 42}`.
void make_tasks(Session& session, std::int64_t count);
/// The same, of which each belongs to the next one of `lanes` lanes.
void make_tasks_in_lanes(Session& session, std::int64_t count, int lanes);

}  // namespace baton::bench

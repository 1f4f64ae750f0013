// Words for an event that a view cannot fold: the reducer says so, or the database, which refuses a
// whole page and does not say for which event.
//
// Threads: values.
#pragma once

#include <cstddef>
#include <string>

#include "baton/base/error.hpp"

namespace baton::orchestrator {

class View;

/// Why an event cannot be folded.
struct Reason {
    std::string error;     ///< may quote the event: for dead_event, not for the log
    std::string sqlstate;  ///< "" where the reducer said so, and no code of ours says more

    /// Not the event is wrong but what it meets: a table is gone, say, a disk is full, or the
    /// program is too old for the event's schema version. Every event like it would be lost.
    [[nodiscard]] bool is_set_up() const {
        return sqlstate.starts_with("42") || sqlstate.starts_with("53") ||
               sqlstate.starts_with("58") || sqlstate == "25006" ||
               sqlstate == sqlstate_of(ErrorCode::reducer_invalid) ||
               sqlstate == sqlstate_of(ErrorCode::event_version_unknown);
    }
    [[nodiscard]] std::string loggable() const {
        return sqlstate.empty() ? "reducer" : "SQLSTATE " + sqlstate;
    }
};

struct UnfoldableEvent {
    std::size_t index;  ///< in its page
    Reason reason;
};

/// Thrown: the database refused what was folded for a view; a transaction that was open is over.
struct Refusal {
    View* view;
    Reason reason;
    bool waits = false;  ///< Somebody else's lock is in its way, for long.
};

/// Thrown: COMMIT was refused for what a statement had left to be checked then. Whose it was is not
/// known.
struct CommitRefusal {
    std::string sqlstate;
};

}  // namespace baton::orchestrator

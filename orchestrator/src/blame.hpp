// Whose fault an error is. Where it was raised decides, not its SQLSTATE: what a view's statements
// meet is the view's, whatever code was raised there, as any code can be; unless the session is
// gone, or may write nothing.
//
// Threads: no state.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

#include "baton/sql/connection.hpp"
#include "baton/sql/failure.hpp"

namespace baton::orchestrator {

/// Whether the server said it of a statement, in a session that goes on.
[[nodiscard]] inline bool is_of_statement(const sql::Connection& connection,
                                          const sql::SqlError& error) {
    return connection.is_open() && !error.sqlstate().empty();
}

/// How often the same is tried before it is looked for an event that is to blame. The room of the
/// server (a disk, memory, connections) is everybody's, and gets more time.
[[nodiscard]] inline int tries_of(std::string_view sqlstate) {
    const bool is_room = sqlstate == "53100" || sqlstate == "53300" || sqlstate.starts_with("58");
    return is_room ? 20 : 8;
}

/// A lock that is waited for this long is given up, and the lease can be extended before it ends.
[[nodiscard]] inline std::chrono::milliseconds lock_patience(std::chrono::milliseconds lease) {
    return std::clamp(lease / 3, std::chrono::milliseconds(50), std::chrono::milliseconds(5000));
}

/// The same for a view that a lock has set aside: nobody is to wait for it again.
inline constexpr std::chrono::milliseconds lock_patience_aside{100};

/// How often a lock is waited for that long before the view is set aside.
inline constexpr int lock_tries = 2;

/// How soon it is tried again then.
inline constexpr std::chrono::milliseconds time_aside{1000};

}  // namespace baton::orchestrator

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
#include <utility>

#include "baton/sql/connection.hpp"
#include "baton/sql/failure.hpp"
#include "unfoldable_event.hpp"

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

/// Throws Refusal, or, while that may go away by itself, what is tried again; and `error` itself
/// where it is not the view's. To be called while it is handled; `took`: how long what raised it
/// did, `lease`: how long that of who writes the view is.
[[noreturn]] void refuse(const sql::Connection& connection, View& view, const sql::SqlError& error,
                         std::chrono::milliseconds lease, std::chrono::steady_clock::duration took);

/// Does `action`, which works for the view: what the database says meanwhile is the view's.
template <class Action>
auto refusing(const sql::Connection& connection, View& view, std::chrono::milliseconds lease,
              Action&& action) {
    const auto started = std::chrono::steady_clock::now();
    try {
        return std::forward<Action>(action)();
    } catch (const sql::SqlError& error) {
        refuse(connection, view, error, lease, std::chrono::steady_clock::now() - started);
    }
}

}  // namespace baton::orchestrator

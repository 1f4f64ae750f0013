// The one place that turns what libpqxx throws into baton::Error, and the one retry loop.
//
// libpqxx 6.4.5 misleads: a wrong number of parameters is a `broken_connection` (a loop that
// reconnects on it never ends), a deadlock carries no SQLSTATE, and a lost answer to COMMIT is the
// only thing it calls in doubt. So the class of an error is decided here, from the SQLSTATE and
// from whether the session is really gone:
//
//   BTxxx                                   the ErrorCode of that name
//   40001 40P01 40000                       transaction_retry
//   55P03                                   lock_unavailable
//   25006                                   server_read_only
//   the session is gone                     connection_lost; 57P01 …, 08xxx where that is not known
//   COMMIT without an answer                outcome_unknown; 40003 likewise
//   all else                                statement_failed: a bug, never a reason to reconnect
//
// Threads: no state.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "baton/base/backoff.hpp"
#include "baton/base/error.hpp"

namespace pqxx {
class connection_base;
}

namespace baton::sql {

/// An Error that came from the server, with the SQLSTATE that it said ("" where there was none).
class SqlError : public Error {
public:
    SqlError(ErrorCode code, const std::string& message, std::string sqlstate)
        : Error(code, message), sqlstate_(std::move(sqlstate)) {}

    [[nodiscard]] const std::string& sqlstate() const noexcept { return sqlstate_; }

private:
    std::string sqlstate_;
};

/// Whether what the server said may go away by itself: somebody held a lock or cancelled the
/// statement, or the server was short of something.
[[nodiscard]] bool may_pass(std::string_view sqlstate);

/// Whether the error says nothing about what was to be done, and goes away by itself.
[[nodiscard]] bool is_passing(const Error& error);

/// Throws the baton::Error for the exception that is being handled, if libpqxx threw it; any other
/// exception goes on as it is. `connection` is where it came from, if that is known: whether it is
/// still open decides between a lost session and a statement that failed. `where` (a statement's
/// name, or "") begins the message of a statement_failed.
[[noreturn]] void rethrow_translated(const pqxx::connection_base* connection,
                                     std::string_view where = {});

/// Runs `fn` and returns what it returns; what libpqxx throws inside it leaves as baton::Error.
template <class Function>
decltype(auto) translating(const pqxx::connection_base& connection, Function&& fn,
                           std::string_view where = {}) {
    try {
        return std::forward<Function>(fn)();
    } catch (const std::exception&) {
        rethrow_translated(&connection, where);
    }
}

/// The same where the connection is not at hand.
template <class Function>
decltype(auto) translating(Function&& fn) {
    try {
        return std::forward<Function>(fn)();
    } catch (const std::exception&) {
        rethrow_translated(nullptr);
    }
}

/// Waits for `pause`, or until stop() says true (asked every 20 ms). Returns stop().
bool pause_unless(std::chrono::milliseconds pause, const std::function<bool()>& stop);

/// Runs `fn` until it returns, with the pauses of `backoff` between the tries; returns what it
/// returned. Gives up, with the last error, when stop() says true. fn is run again from its start:
/// a transaction must begin inside it, and after a lost connection it must make a new one.
template <class Function>
auto retry(Backoff backoff, const std::function<bool()>& stop, Function&& fn) {
    for (;;) {
        try {
            return fn();
        } catch (const Error& error) {
            // outcome_unknown is not retryable, and must not be: the work may be done already, so
            // only a caller that can recognise its own former work may repeat it. Nor is any
            // statement_failed: it would fail the same way for ever.
            if (!error.retryable()) throw;
            // Somebody else was in the way (a deadlock, a lock, a server that restarts); the
            // server has undone everything, so the same work can be done again.
            if (pause_unless(backoff.next(), stop)) throw;
        }
    }
}

}  // namespace baton::sql

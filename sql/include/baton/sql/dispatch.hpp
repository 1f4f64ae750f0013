// Dispatches events from C++, inside the caller's own transaction, and waits for the views.
//
// An event and the writes it reports commit together or not at all. So nothing here begins,
// commits or retries a transaction; that is the caller's to decide. The other half of this file is
// sql/functions/dispatch*.sql: same names, same limits. The transaction's search_path must name
// the environment's schema (`set search_path = my_app, baton_production`, or the role's setting).
//
// Safe through pgbouncer in transaction mode: no session state, no prepared statement.
//
// Threads: no state is kept. Calls that share a transaction or its connection must not overlap.
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "baton/types/event.hpp"

namespace pqxx {
class connection_base;
class transaction_base;
class dbtransaction;
}  // namespace pqxx

namespace baton {

/// Appends one event and returns its id. Throws Error: event_invalid, event_too_large,
/// dispatch_conflict, overloaded, and what the transaction's loss means (see failure.hpp). After an
/// error the transaction can only be rolled back.
EventId dispatch(pqxx::transaction_base& transaction, const NewEvent& event);
/// The same, for callers that do not know libpqxx.
EventId dispatch(pqxx::dbtransaction& transaction, const NewEvent& event);

/// The same for a typed event, as JSON.
template <class E>
requires requires { E::event_type; }
EventId dispatch(pqxx::transaction_base& transaction, const E& content, EventOptions options = {}) {
    return dispatch(transaction, make_event(content, std::move(options)));
}

/// Whether dispatch_many() tells the ids.
enum class ReturnIds : bool { no, yes };

/// Appends many events, in their order, by COPY: for thousands at once. Events with a dispatch_id
/// go through dispatch() one by one instead. Returns the ids in the same order if asked to (one
/// more query), else nothing. The limits hold as for dispatch(); a violation is
/// Error(event_invalid) or Error(event_too_large) all the same. The COPY's columns are those that
/// the group role
/// `_dispatch` may insert.
std::vector<EventId> dispatch_many(pqxx::dbtransaction& transaction,
                                   std::span<const NewEvent> events,
                                   ReturnIds return_ids = ReturnIds::no);

/// Waits until every live view has the event, and returns its position. Call it after COMMIT, with
/// no transaction open on the connection. Looks again and again with growing pauses, each look a
/// short statement, so no snapshot is held while it waits. Throws Error: wait_timeout, view_halted,
/// event_dead (it is there, and live views, which the message names, went on without it),
/// event_unknown, and what a lost connection means.
Position wait_for(pqxx::connection_base& connection, EventId event,
                  std::chrono::milliseconds timeout = std::chrono::seconds(10));

/// The same for a position of the log, which need not be there yet: returns once every live view
/// has the events up to it. Throws Error: wait_timeout, view_halted, event_dead (of the event at
/// this position), and what a lost connection means.
void wait_for(pqxx::connection_base& connection, Position position,
              std::chrono::milliseconds timeout = std::chrono::seconds(10));

}  // namespace baton

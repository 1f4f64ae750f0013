// What became of a COMMIT that had no answer.
//
// Threads: the handler's.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "baton/base/backoff.hpp"
#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "live_session.hpp"
#include "open_transaction.hpp"

namespace baton::node {

/// Asks the database until it answers: what became of a COMMIT that had no answer. `ask` gets a
/// transaction that is rolled back, and waits in it for a COMMIT that is under way. Null: the lease
/// is over, and nobody knows. Throws Error where nothing of it is this node's any more: claim_lost,
/// node_ended, machine_revoked.
template <class Ask>
[[nodiscard]] auto ask_after_commit(HandlerConnections& connections, const LiveSession& session,
                                    const Ask& ask) {
    std::optional<std::invoke_result_t<const Ask&, sql::Transaction&>> answer;
    Backoff backoff(std::chrono::milliseconds(20), std::chrono::milliseconds(1000));
    while (!answer && session.is_trusted()) {
        try {
            OpenTransaction asking(connections);
            answer = ask(asking.open());
        } catch (const Error& error) {
            if (error.code() == ErrorCode::claim_lost || error.code() == ErrorCode::node_ended ||
                error.code() == ErrorCode::machine_revoked) {
                throw;
            }
            sql::pause_unless(backoff.next(), [&] { return !session.is_trusted(); });
        } catch (const std::exception&) {
            break;
        }
    }
    return answer;
}

}  // namespace baton::node

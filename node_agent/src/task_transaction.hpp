// The transaction of a handler's tx(), if there is one; rolled back where it was not committed.
//
// Threads: the handler's.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "baton/base/backoff.hpp"
#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "handler_connections.hpp"
#include "live_session.hpp"

namespace baton::node {

class TaskTransaction {
public:
    explicit TaskTransaction(HandlerConnections& connections) : connections_(connections) {}
    ~TaskTransaction() {
        transaction_.reset();
        if (connection_) connections_.give_back(std::move(connection_));
    }
    TaskTransaction(const TaskTransaction&) = delete;
    TaskTransaction& operator=(const TaskTransaction&) = delete;

    sql::Transaction& open() {
        lacks_session_ = !connection_;
        if (!connection_) connection_ = connections_.take();
        lacks_session_ = false;
        if (!transaction_) {
            transaction_.emplace(*connection_);
            connections_.set_up(*transaction_);
        }
        return *transaction_;
    }
    /// open() got no session.
    [[nodiscard]] bool lacks_session() const { return lacks_session_; }
    [[nodiscard]] bool is_open() const { return transaction_.has_value(); }

private:
    HandlerConnections& connections_;
    bool lacks_session_ = false;
    std::unique_ptr<sql::Connection> connection_;
    std::optional<sql::Transaction> transaction_;
};

/// Of the exception that is being handled.
[[nodiscard]] std::string reason_of_failure();

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
            TaskTransaction asking(connections);
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

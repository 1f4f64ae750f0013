// The transaction of tx(), if there is one; rolled back where it was not committed.
//
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "baton/sql/connection.hpp"
#include "handler_connections.hpp"

namespace baton::node {

class OpenTransaction {
public:
    explicit OpenTransaction(HandlerConnections& connections) : connections_(connections) {}
    ~OpenTransaction() {
        transaction_.reset();
        if (connection_) connections_.give_back(std::move(connection_));
    }
    OpenTransaction(const OpenTransaction&) = delete;
    OpenTransaction& operator=(const OpenTransaction&) = delete;

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
    /// The next open() begins another one: this one was committed, or is rolled back.
    void end() { transaction_.reset(); }

private:
    HandlerConnections& connections_;
    bool lacks_session_ = false;
    std::unique_ptr<sql::Connection> connection_;
    std::optional<sql::Transaction> transaction_;
};

}  // namespace baton::node

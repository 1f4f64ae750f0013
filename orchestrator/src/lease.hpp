// The time for which the database believes a silent leader, as the leader sees it: when to ask for
// more. Only the server's clock decides whether it is over.
//
// Threads: the leader's.
#pragma once

#include <chrono>

#include "baton/sql/leadership.hpp"

namespace baton::orchestrator {

class Lease {
public:
    using Clock = std::chrono::steady_clock;

    Lease(sql::Connection& connection, sql::Epoch epoch, std::chrono::milliseconds length)
        : connection_(connection), epoch_(epoch), length_(length) {}

    [[nodiscard]] std::chrono::milliseconds length() const { return length_; }

    /// Extends it if a third of it is over: before whatever may take long. Not to be called within
    /// a transaction. Throws Error: deposed, and what a Transaction throws.
    void keep() {
        const Clock::time_point now = Clock::now();
        if (now - extended_ < length_ / 3) return;
        sql::Transaction transaction(connection_);
        sql::fence(transaction, epoch_, length_);
        transaction.commit();
        extended_ = now;
    }

private:
    sql::Connection& connection_;
    const sql::Epoch epoch_;
    const std::chrono::milliseconds length_;
    Clock::time_point extended_ = Clock::now() - length_;  // at once: becoming leader took its time
};

}  // namespace baton::orchestrator

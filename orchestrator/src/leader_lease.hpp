// The time for which the database believes a silent leader, as the leader sees it: when to ask for
// more. Only the server's clock decides whether it is over.
//
// Threads: the leader's.
#pragma once

#include <chrono>

#include "baton/sql/leadership.hpp"
#include "lease.hpp"
#include "view.hpp"

namespace baton::orchestrator {

class LeaderLease final : public Lease {
public:
    using Clock = std::chrono::steady_clock;

    LeaderLease(sql::Connection& connection, sql::Epoch epoch, std::chrono::milliseconds length)
        : connection_(connection), epoch_(epoch), length_(length) {}

    [[nodiscard]] std::chrono::milliseconds length() const override { return length_; }

    /// Extends it if a third of it is over.
    void keep() override {
        const Clock::time_point now = Clock::now();
        if (now - extended_ < length_ / 3) return;
        sql::Transaction transaction(connection_);
        sql::fence(transaction, epoch_, length_);
        transaction.commit();
        extended_ = now;
    }

    void note(sql::Transaction& transaction, const View& view, const sql::ViewStanding& standing,
              const std::optional<std::string>& reason) override {
        write_standing(transaction, view.name(), standing, reason);
    }

    void fence(sql::Transaction& transaction) override { sql::fence(transaction, epoch_); }

private:
    sql::Connection& connection_;
    const sql::Epoch epoch_;
    const std::chrono::milliseconds length_;
    Clock::time_point extended_ = Clock::now() - length_;  // at once: becoming leader took its time
};

}  // namespace baton::orchestrator

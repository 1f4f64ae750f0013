// What entitles a process to write views: the leadership, or the claim on a build. Only the
// database knows whether it still has it, so every transaction that writes asks.
//
// Threads: that of its connection.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "baton/sql/connection.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/view_store.hpp"
#include "view.hpp"

namespace baton::orchestrator {

class Lease {
public:
    Lease() = default;
    virtual ~Lease() = default;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    /// For how long at most a fold may compute.
    [[nodiscard]] virtual std::chrono::milliseconds length() const = 0;
    /// Keeps it from running out: before whatever may take long, and not within a transaction.
    /// Throws Error: deposed, and what a Transaction throws.
    virtual void keep() = 0;
    /// Notes where a view stands.
    virtual void note(sql::Transaction& transaction, const View& view,
                      const sql::ViewStanding& standing,
                      const std::optional<std::string>& reason) = 0;
    /// Last in the transaction: throws Error(deposed) unless all of it may be written.
    virtual void fence(sql::Transaction& transaction) = 0;
};

/// The time for which the database believes a silent leader, as the leader sees it: when to ask for
/// more. Only the server's clock decides whether it is over.
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

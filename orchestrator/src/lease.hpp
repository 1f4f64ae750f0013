// What entitles a process to write views: the leadership, or the claim on a build. Only the
// database knows whether it still has it, so every transaction that writes asks.
//
// Threads: that of its connection.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "baton/sql/connection.hpp"
#include "baton/sql/view_store.hpp"

namespace baton::orchestrator {

class View;

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

}  // namespace baton::orchestrator

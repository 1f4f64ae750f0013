// Reduces one page of the log: into all views that follow, or into one view that is behind; each in
// one transaction, with the events that cannot be folded set apart.
//
// Threads: the leader's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "baton/orchestrator/orchestrator.hpp"
#include "baton/sql/leadership.hpp"
#include "view.hpp"

namespace baton::orchestrator {

/// What a batch needs of the leader.
struct BatchContext {
    sql::Connection& connection;
    sql::Epoch epoch;
    const OrchestratorOptions& options;
    std::span<const std::unique_ptr<View>> views;
    /// Extends the lease if it is time to; not to be called within a transaction.
    const std::function<void()>& keep_leading;
};

/// Whether the error says nothing about the events, and goes away by itself: somebody held a lock
/// or cancelled the statement, or the server was short of something.
[[nodiscard]] bool is_passing(const Error& error);

/// Reduces a new page into every following view, and records it. Extends the lease if it is given.
/// Views that meet a poisoned event are halted or skip it, as their policy says. Throws Error:
/// deposed, and what a Transaction throws; nothing of the batch has happened then.
void reduce_batch(const BatchContext& context, const Page& page,
                  std::optional<std::chrono::milliseconds> lease);

/// Reduces a page of recorded events into one view that is behind. `head` is the log's end: the
/// view follows once it is there.
void reduce_recorded(const BatchContext& context, View& view, const Page& page, Position head);

}  // namespace baton::orchestrator

// Reduces one page of the log: into all views that follow, or into views of one set that are
// behind; each in one transaction, with the events that cannot be folded set apart.
//
// Threads: that of its connection: the leader's, or a builder's.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "baton/orchestrator/orchestrator.hpp"
#include "baton/sql/leadership.hpp"
#include "mandate.hpp"
#include "view.hpp"

namespace baton::orchestrator {

/// What a batch needs of the leader, or of a builder.
struct BatchContext {
    sql::Connection& connection;
    const OrchestratorOptions& options;
    std::span<const std::unique_ptr<View>> views;  ///< Those of one set next to each other.
    Mandate& mandate;
};

/// Which events of a recorded page, by index and ascending, a view goes on without: a person, or
/// the policy, skipped them before.
[[nodiscard]] std::vector<std::size_t> skipped_in(const BatchContext& context, const View& view,
                                                  const Page& page);

/// Reduces a new page into every following view, and records it. Views that meet a poisoned event
/// are halted or skip it, as their policy says; the others of a halted view's set stop before the
/// event with it, so that a set is always at one position. Throws Error: deposed, reducer_invalid
/// (a fold of one event takes longer than the lease), and what a Transaction throws; nothing of the
/// batch has happened then.
void reduce_batch(const BatchContext& context, sql::Epoch epoch, const Page& page);

/// The same for a page of recorded events and views of one set that are behind, all at one
/// position. `head` is the log's end: the views follow once they are there.
void reduce_recorded(const BatchContext& context, std::span<View* const> views, const Page& page,
                     Position head);

}  // namespace baton::orchestrator

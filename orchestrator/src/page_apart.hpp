// Reduces a page by itself, around the events that a view cannot fold.
//
// Threads: that of the context's connection.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "group_commit.hpp"

namespace baton::orchestrator {

/// Which events of a recorded page, by index and ascending, a view goes on without: a person, or
/// the policy, skipped them before.
[[nodiscard]] std::vector<std::size_t> skipped_in(const FoldContext& context, const View& view,
                                                  const Page& page);

/// Reduces a page into views, those of one set next to each other: new events into those that
/// follow, recorded ones into views of one set that are behind, all at one position. Views that
/// meet an event which they cannot fold are halted or skip it, as their policy says; the others of
/// a halted view's set stop before the event with it, so that a set is always at one position.
/// Throws Error: deposed, and what a Transaction throws; nothing of the page has happened then.
void reduce_apart(const FoldContext& context, std::span<View* const> views, const Page& page,
                  EventLedger& ledger);

}  // namespace baton::orchestrator

// Folds one page into views, and finds out which of its events cannot be folded: the reducer says
// so, or the database, which refuses a whole page and does not say for which event.
//
// Threads: that of the context's connection.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "group_commit.hpp"
#include "unfoldable_event.hpp"

namespace baton::orchestrator {

/// The events of the page that a view cannot fold: those found so far, and those a person skipped.
struct UnfoldableEvents {
    std::map<std::size_t, Reason> reasons;  ///< by index in the page
    std::vector<std::size_t> skipped;       ///< ascending
    /// Where one call of the reducer ends and the next begins: more at once was too much.
    std::set<std::size_t> splits;

    void add(std::size_t index, Reason reason) {
        // A later event may have been blamed for what this one did to a row they share.
        reasons.erase(reasons.upper_bound(index), reasons.end());
        reasons.insert_or_assign(index, std::move(reason));
    }

    /// The first split after `first`, or a number above all indices.
    [[nodiscard]] std::size_t next_split(std::size_t first) const {
        const auto found = splits.upper_bound(first);
        return found == splits.end() ? std::numeric_limits<std::size_t>::max() : *found;
    }
};

class PageFolder {
public:
    PageFolder(const FoldContext& context, const Page& page, bool is_recorded)
        : context_(context), page_(page), is_recorded_(is_recorded) {}

    /// Folds the page into views, those of one set next to each other: where one must stop, they
    /// all stop. Throws Refusal.
    [[nodiscard]] std::vector<FoldOutcome> fold(std::span<View* const> views);

    /// From here on each view's deferred constraints and triggers are to be checked in its own
    /// step: at COMMIT one refused, and nobody knows whose it was.
    void check_constraints() { checks_constraints_ = true; }
    [[nodiscard]] bool checks_constraints() const { return checks_constraints_; }

    /// Lets the set of the view, which waits for a lock, stop before this page.
    void set_aside(const Refusal& refusal);

    /// The events, by index and ascending, that `view` goes on without.
    void set_skipped(View& view, std::vector<std::size_t> skipped);

    /// Finds the event for which the database refuses the view, by folding ever shorter beginnings
    /// of the page in transactions that are rolled back. Throws Error(transaction_retry) if there
    /// is none: whatever was in the way has gone.
    void find_unfoldable(const Refusal& refusal);

private:
    void fold_set(std::span<View* const> set, std::vector<FoldOutcome>& outcomes);

    // Folds the events before index `page_end` into `view`, around those that it cannot fold.
    FoldOutcome fold(View& view, std::size_t page_end);

    [[nodiscard]] std::size_t next_gap(const UnfoldableEvents& unfoldable, std::size_t first) const;

    // Whether one of the set waits for a lock; all of them stop before the page then.
    bool is_aside(std::span<View* const> set, std::vector<FoldOutcome>& outcomes) const;

    std::optional<UnfoldableEvent> fold(View& view, std::size_t first, std::size_t count);

    // Where only SQL reducers run, the page has no types.
    [[nodiscard]] std::string type_of(const Event& event) const;

    // Folds the first `count` events into `view` for nothing; says why it is refused, if it is.
    std::optional<Reason> try_beginning(View& view, std::size_t count);

    void note_dead(const View& view, std::size_t index, const Reason& reason,
                   FoldOutcome& outcome) const;

    const FoldContext& context_;
    const Page& page_;
    bool is_recorded_;
    bool checks_constraints_ = false;
    std::map<const View*, UnfoldableEvents> unfoldable_;
    std::map<const View*, std::string> aside_;  // and why
};

}  // namespace baton::orchestrator

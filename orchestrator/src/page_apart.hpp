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

#include "batch.hpp"
#include "baton/sql/failure.hpp"
#include "blame.hpp"

namespace baton::orchestrator {

/// Why an event cannot be folded.
struct Cause {
    std::string error;     ///< may quote the event: for dead_event, not for the log
    std::string sqlstate;  ///< "" where the reducer said so, not the database

    /// Not the event is wrong but what it meets: a table is gone, say, a disk is full, or the
    /// program is too old for the event's schema version. Every event like it would be lost.
    [[nodiscard]] bool is_set_up() const {
        return sqlstate.starts_with("42") || sqlstate.starts_with("53") ||
               sqlstate.starts_with("58") || sqlstate == "25006" ||
               sqlstate == sqlstate_of(ErrorCode::reducer_invalid) ||
               sqlstate == sqlstate_of(ErrorCode::event_version_unknown);
    }
    [[nodiscard]] std::string loggable() const {
        return sqlstate.empty() ? "reducer" : "SQLSTATE " + sqlstate;
    }
};

/// The events of the page that a view cannot fold: those found so far, and those a person skipped.
struct Poisons {
    std::map<std::size_t, Cause> causes;  ///< by index in the page
    std::vector<std::size_t> skipped;     ///< ascending
    /// Where one call of the reducer ends and the next begins: more at once was too much.
    std::set<std::size_t> splits;

    void add(std::size_t index, Cause cause) {
        // A later event may have been blamed for what this one did to a row they share.
        causes.erase(causes.upper_bound(index), causes.end());
        causes.insert_or_assign(index, std::move(cause));
    }

    /// The first split after `first`, or a number above all indices.
    [[nodiscard]] std::size_t next_split(std::size_t first) const {
        const auto found = splits.upper_bound(first);
        return found == splits.end() ? std::numeric_limits<std::size_t>::max() : *found;
    }
};

/// A view was refused by the database; a transaction that was open is over.
struct Refused {
    View* view;
    Cause cause;
    bool waits = false;  ///< Somebody else's lock is in its way, for long.
};

/// COMMIT was refused for what a statement had left to be checked then. Whose it was is not known.
struct CommitRefused {};

struct Dead {
    sql::DeadEvent event;
    std::string loggable_cause;
};

/// What came of one view in one attempt.
struct Outcome {
    View* view = nullptr;
    std::vector<Dead> dead;
    std::optional<sql::ViewStanding> stopped;  ///< it is halted, or waits for one of its set
    std::string reason;

    [[nodiscard]] bool is_halted() const {
        return stopped && stopped->state == sql::ViewState::halted;
    }
};

class PageReducer {
public:
    PageReducer(const BatchContext& context, const Page& page, bool is_recorded)
        : context_(context), page_(page), is_recorded_(is_recorded) {}

    /// Folds the page into views of one set. Where one must stop, they all stop. Throws Refused.
    void fold_set(std::span<View* const> set, std::vector<Outcome>& outcomes);

    /// Writes what fold() gave. Throws Refused.
    void write(sql::Transaction& transaction, View& view) const;

    /// Throws CommitRefused the first time that a deferred constraint or trigger refuses; from then
    /// on each write() has them checked at once, and is refused for its own.
    void commit(sql::Transaction& transaction);

    /// Lets the set of the view, which waits for a lock, stop before this page.
    void set_aside(const Refused& refused);

    /// The events, by index and ascending, that `view` goes on without.
    void set_skipped(View& view, std::vector<std::size_t> skipped);

    /// Finds the event for which the database refuses the view, by folding ever shorter beginnings
    /// of the page in transactions that are rolled back. Throws Error(transaction_retry) if there
    /// is none: whatever was in the way has gone.
    void find_culprit(const Refused& refused);

private:
    // Folds the events before index `page_end` into `view`, around those that it cannot fold.
    Outcome fold(View& view, std::size_t page_end);

    [[nodiscard]] std::size_t next_gap(const Poisons& poisons, std::size_t first) const;

    // Whether one of the set waits for a lock; all of them stop before the page then.
    bool is_aside(std::span<View* const> set, std::vector<Outcome>& outcomes) const;

    std::optional<Poison> fold(View& view, std::size_t first, std::size_t count);

    // Where only SQL reducers run, the page has no types.
    [[nodiscard]] std::string type_of(const Event& event) const;

    // No number of events is small enough for the lease.
    [[noreturn]] void refuse_slow(const View& view, std::size_t index) const;

    // Folds the first `count` events into `view` for nothing; says why it is refused, if it is.
    std::optional<Cause> try_beginning(View& view, std::size_t count);

    void note_dead(const View& view, std::size_t index, const Cause& cause, Outcome& outcome) const;

    const BatchContext& context_;
    const Page& page_;
    bool is_recorded_;
    bool checks_constraints_ = false;
    std::map<const View*, Poisons> poisons_;
    std::map<const View*, std::string> aside_;  // and why
};

}  // namespace baton::orchestrator

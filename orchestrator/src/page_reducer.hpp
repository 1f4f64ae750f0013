// Folds one page into views, and finds out which of its events cannot be folded: the reducer says
// so, or the database, which refuses a whole page and does not say for which event.
//
// Threads: that of the context's connection.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "batch.hpp"
#include "baton/sql/failure.hpp"

namespace baton::orchestrator {

/// Why an event cannot be folded.
struct Cause {
    std::string error;     ///< may quote the event: for dead_event, not for the log
    std::string sqlstate;  ///< "" where the reducer said so, not the database

    /// Not the event is wrong but what it meets: a table is gone, say, or the program is too old
    /// for the event's schema version. Every event like it would be lost.
    [[nodiscard]] bool is_set_up() const {
        return sqlstate.starts_with("42") ||
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

    void add(std::size_t index, Cause cause) {
        // A later event may have been blamed for what this one did to a row they share.
        causes.erase(causes.upper_bound(index), causes.end());
        causes.insert_or_assign(index, std::move(cause));
    }
};

/// A view was refused by the database; a transaction that was open is over.
struct Refused {
    View* view;
    Cause cause;
};

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
    static void write(sql::Transaction& transaction, View& view);

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
    std::map<const View*, Poisons> poisons_;
};

}  // namespace baton::orchestrator

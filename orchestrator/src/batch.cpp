#include "batch.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"

namespace baton::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

// Why an event cannot be folded.
struct Cause {
    std::string error;
    bool is_set_up = false;  // not the event is wrong but the database: a table is gone, say
};

// The events of the page that a view cannot fold: those found so far, and those a person skipped.
struct Poisons {
    std::map<std::size_t, Cause> causes;  // by index in the page
    std::vector<std::size_t> skipped;     // ascending

    void add(std::size_t index, Cause cause) {
        // A later event may have been blamed for what this one did to a row they share.
        causes.erase(causes.upper_bound(index), causes.end());
        causes.insert_or_assign(index, std::move(cause));
    }
};

// A view was refused by the database in the middle of a transaction, which is over.
struct Refused {
    View* view;
    Cause cause;
};

// What came of one view in one attempt.
struct Outcome {
    std::vector<sql::DeadEvent> dead;
    std::optional<Position> halted_at;
    std::string reason;
};

class PageReducer {
public:
    PageReducer(const BatchContext& context, const Page& page, bool is_recorded)
        : context_(context), page_(page), is_recorded_(is_recorded) {}

    // Folds the page into `view`, around the events that it cannot fold. Throws Refused.
    Outcome apply(sql::Transaction& transaction, View& view) {
        Outcome outcome;
        Poisons& poisons = poisons_[&view];
        std::size_t first = 0;
        while (first < page_.log.events.size()) {
            const std::size_t end = next_gap(poisons, first);
            if (end > first) {
                const std::optional<Poison> poison = fold(transaction, view, first, end - first);
                if (poison) {
                    poisons.add(poison->index, {poison->error});
                    continue;
                }
            }
            if (end == page_.log.events.size()) break;
            if (const auto found = poisons.causes.find(end); found != poisons.causes.end()) {
                note_dead(view, end, found->second, outcome);
                if (outcome.halted_at) break;
            }
            first = end + 1;
        }
        return outcome;
    }

    void skip(View& view, std::size_t index) { poisons_[&view].skipped.push_back(index); }

    // Finds the event for which the database refuses the view, by folding ever shorter beginnings
    // of the page in transactions that are rolled back. Throws Error(transaction_retry) if there is
    // none: whatever was in the way has gone.
    void find_culprit(const Refused& refused) {
        View& view = *refused.view;
        std::size_t good = 0;  // the first `good` events are accepted
        std::size_t bad = page_.log.events.size();
        std::optional<Cause> cause;  // of the first `bad`, once it was seen
        while (bad - good > 1 || !cause) {
            const std::size_t tried = bad - good > 1 ? good + (bad - good) / 2 : bad;
            context_.keep_leading();
            if (std::optional<Cause> refusal = try_beginning(view, tried)) {
                bad = tried;
                cause = std::move(refusal);
            } else if (tried == bad) {
                throw Error(
                    ErrorCode::transaction_retry,
                    "view " + view.name() + " failed once and not again: " + refused.cause.error);
            } else {
                good = tried;
            }
        }
        poisons_[&view].add(bad - 1, *std::move(cause));
    }

private:
    [[nodiscard]] std::size_t next_gap(const Poisons& poisons, std::size_t first) const {
        std::size_t gap = page_.log.events.size();
        if (const auto found = poisons.causes.lower_bound(first); found != poisons.causes.end()) {
            gap = found->first;
        }
        const auto skipped = std::ranges::lower_bound(poisons.skipped, first);
        if (skipped != poisons.skipped.end()) gap = std::min(gap, *skipped);
        return gap;
    }

    std::optional<Poison> fold(sql::Transaction& transaction, View& view, std::size_t first,
                               std::size_t count) {
        try {
            return view.apply(transaction, {page_, first, count, is_recorded_});
        } catch (const sql::SqlError& error) {
            // Only what will fail again for the same events is poison; a deadlock is not.
            if (error.code() != ErrorCode::statement_failed || is_passing(error)) throw;
            throw Refused{&view, {storable_text(error.what()), error.sqlstate().starts_with("42")}};
        }
    }

    // Folds the first `count` events into `view` for nothing; says why it is refused, if it is.
    std::optional<Cause> try_beginning(View& view, std::size_t count) {
        sql::Transaction transaction(context_.connection);
        std::optional<Cause> refusal;
        try {
            std::size_t first = 0;
            const Poisons& poisons = poisons_[&view];
            while (first < count) {
                const std::size_t end = std::min(next_gap(poisons, first), count);
                if (end > first && fold(transaction, view, first, end - first)) break;
                first = end + 1;
            }
        } catch (const Refused& refused) {
            refusal = refused.cause;
        } catch (...) {
            view.rolled_back();
            throw;
        }
        view.rolled_back();
        return refusal;
    }

    void note_dead(const View& view, std::size_t index, const Cause& cause,
                   Outcome& outcome) const {
        const Event& event = page_.log.events[index];
        sql::DeadEvent dead;
        dead.view = view.name();
        dead.version = view.version();
        dead.position = event.position;
        dead.event_id = event.id;
        dead.event_type = event.type;
        dead.error = cause.error;
        // Where the database is to blame, every event would be skipped.
        dead.skipped = !cause.is_set_up && context_.options.on_poison &&
                       context_.options.on_poison(view.name()) == PoisonPolicy::skip;
        const auto position = static_cast<std::int64_t>(event.position);
        if (!dead.skipped) {
            outcome.halted_at = Position{position - 1};
            outcome.reason = "event " + std::to_string(static_cast<std::int64_t>(event.id)) + " (" +
                             dead.event_type + ") at position " + std::to_string(position) + ": " +
                             cause.error;
        }
        outcome.dead.push_back(std::move(dead));
    }

    const BatchContext& context_;
    const Page& page_;
    bool is_recorded_;
    std::map<const View*, Poisons> poisons_;
};

void write_outcome(sql::Transaction& transaction, const View& view, const Outcome& outcome) {
    for (const sql::DeadEvent& dead : outcome.dead) record_dead_event(transaction, dead);
    if (outcome.halted_at) {
        write_standing(transaction, view.name(), {sql::ViewState::halted, *outcome.halted_at},
                       outcome.reason);
    }
}

void report_outcome(View& view, const Outcome& outcome) {
    for (const sql::DeadEvent& dead : outcome.dead) {
        log().error("event not folded view={}@{} position={} type={} outcome={} error={}",
                    dead.view, dead.version, static_cast<std::int64_t>(dead.position),
                    dead.event_type, dead.skipped ? "skipped" : "halted", dead.error);
    }
    if (outcome.halted_at) view.standing = {sql::ViewState::halted, *outcome.halted_at};
}

void try_batch(const BatchContext& context, const Page& page, PageReducer& reducer,
               std::optional<std::chrono::milliseconds> lease) {
    const Clock::time_point started = Clock::now();
    std::vector<std::pair<View*, Outcome>> outcomes;
    sql::Transaction transaction(context.connection);
    for (const std::unique_ptr<View>& view : context.views) {
        if (view->standing.state != sql::ViewState::following) continue;
        outcomes.emplace_back(view.get(), reducer.apply(transaction, *view));
    }
    for (const auto& [view, outcome] : outcomes) write_outcome(transaction, *view, outcome);
    fault_point("before_checkpoint");
    const auto worked =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started);
    record_batch(transaction, context.epoch, page.log, worked, lease);
    fault_point("before_commit");
    transaction.commit();
    fault_point("after_commit");
    for (const auto& [view, outcome] : outcomes) {
        view->committed();
        report_outcome(*view, outcome);
    }
}

void try_recorded(const BatchContext& context, View& view, const Page& page, Position head,
                  PageReducer& reducer) {
    sql::Transaction transaction(context.connection);
    const auto before = static_cast<std::int64_t>(page.log.first_position);
    for (const Position skipped : sql::read_skipped(transaction, view.name(), view.version(),
                                                    Position{before - 1}, page.log.events.size())) {
        reducer.skip(view, static_cast<std::size_t>(static_cast<std::int64_t>(skipped) - before));
    }
    const Outcome outcome = reducer.apply(transaction, view);
    sql::ViewStanding standing;
    standing.position = page.log.events.back().position;
    standing.state = standing.position == head ? sql::ViewState::following : sql::ViewState::behind;
    if (!outcome.halted_at) write_standing(transaction, view.name(), standing);
    write_outcome(transaction, view, outcome);
    sql::fence(transaction, context.epoch);
    transaction.commit();
    view.committed();
    view.standing = standing;
    report_outcome(view, outcome);
}

// Runs `attempt` until no view is refused any more.
template <class Attempt>
void reduce_around(const BatchContext& context, PageReducer& reducer, Attempt&& attempt) {
    for (;;) {
        try {
            attempt();
            return;
        } catch (const Refused& refused) {
            for (const std::unique_ptr<View>& view : context.views) view->rolled_back();
            reducer.find_culprit(refused);
        } catch (...) {
            for (const std::unique_ptr<View>& view : context.views) view->rolled_back();
            throw;
        }
    }
}

}  // namespace

bool is_passing(const Error& error) {
    if (error.code() == ErrorCode::transaction_retry ||
        error.code() == ErrorCode::lock_unavailable) {
        return true;
    }
    const auto* const from_server = dynamic_cast<const sql::SqlError*>(&error);
    if (from_server == nullptr || error.code() != ErrorCode::statement_failed) return false;
    const std::string& state = from_server->sqlstate();
    return state == "57014" || state.starts_with("53") || state.starts_with("58");
}

void reduce_batch(const BatchContext& context, const Page& page,
                  std::optional<std::chrono::milliseconds> lease) {
    PageReducer reducer(context, page, false);
    reduce_around(context, reducer, [&] { try_batch(context, page, reducer, lease); });
}

void reduce_recorded(const BatchContext& context, View& view, const Page& page, Position head) {
    PageReducer reducer(context, page, true);
    reduce_around(context, reducer, [&] { try_recorded(context, view, page, head, reducer); });
}

}  // namespace baton::orchestrator

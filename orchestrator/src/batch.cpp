#include "batch.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"

namespace baton::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

// The events of the page that a view cannot fold: those found so far, and those a person skipped.
struct Poisons {
    std::map<std::size_t, std::string> errors;  // by index in the page
    std::vector<std::size_t> skipped;           // ascending
};

// A view was refused by the database in the middle of a transaction, which is over.
struct Refused {
    View* view;
    std::string error;
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
                    poisons.errors.insert_or_assign(poison->index, poison->error);
                    continue;
                }
            }
            if (end == page_.log.events.size()) break;
            if (const auto found = poisons.errors.find(end); found != poisons.errors.end()) {
                note_dead(view, end, found->second, outcome);
                if (outcome.halted_at) break;
            }
            first = end + 1;
        }
        return outcome;
    }

    void skip(View& view, std::size_t index) { poisons_[&view].skipped.push_back(index); }

    // Finds the event for which the database refuses the view, by folding ever shorter beginnings
    // of the page in transactions that are rolled back.
    void find_culprit(const Refused& refused) {
        View& view = *refused.view;
        std::size_t good = 0;  // the first `good` events are accepted
        std::size_t bad = page_.log.events.size();
        std::string error = refused.error;
        while (bad - good > 1) {
            const std::size_t middle = good + (bad - good) / 2;
            if (std::optional<std::string> refusal = try_beginning(view, middle)) {
                bad = middle;
                error = std::move(*refusal);
            } else {
                good = middle;
            }
        }
        poisons_[&view].errors.insert_or_assign(bad - 1, std::move(error));
    }

private:
    [[nodiscard]] std::size_t next_gap(const Poisons& poisons, std::size_t first) const {
        std::size_t gap = page_.log.events.size();
        if (const auto found = poisons.errors.lower_bound(first); found != poisons.errors.end()) {
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
            if (error.code() != ErrorCode::statement_failed) throw;
            throw Refused{&view, error.what()};
        }
    }

    // Folds the first `count` events into `view` for nothing; says why it is refused, if it is.
    std::optional<std::string> try_beginning(View& view, std::size_t count) {
        sql::Transaction transaction(context_.connection);
        std::optional<std::string> refusal;
        try {
            std::size_t first = 0;
            const Poisons& poisons = poisons_[&view];
            while (first < count) {
                const std::size_t end = std::min(next_gap(poisons, first), count);
                if (end > first && fold(transaction, view, first, end - first)) break;
                first = end + 1;
            }
        } catch (const Refused& refused) {
            refusal = refused.error;
        }
        view.rolled_back();
        return refusal;
    }

    void note_dead(const View& view, std::size_t index, const std::string& error,
                   Outcome& outcome) const {
        const Event& event = page_.log.events[index];
        sql::DeadEvent dead;
        dead.view = view.name();
        dead.version = view.version();
        dead.position = event.position;
        dead.event_id = event.id;
        dead.event_type = event.type;
        dead.error = error;
        dead.skipped = context_.options.on_poison &&
                       context_.options.on_poison(view.name()) == PoisonPolicy::skip;
        const auto position = static_cast<std::int64_t>(event.position);
        if (!dead.skipped) {
            outcome.halted_at = Position{position - 1};
            outcome.reason = "event " + std::to_string(static_cast<std::int64_t>(event.id)) + " (" +
                             dead.event_type + ") at position " + std::to_string(position) + ": " +
                             error;
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

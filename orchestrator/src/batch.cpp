#include "batch.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"

namespace baton::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

// Why an event cannot be folded.
struct Cause {
    std::string error;     // may quote the event: for dead_event, not for the log
    std::string sqlstate;  // "" where the reducer said so, not the database

    // Not the event is wrong but what it meets: a table is gone, say, or the program is too old for
    // the event's schema version. Every event like it would be lost.
    [[nodiscard]] bool is_set_up() const {
        return sqlstate.starts_with("42") ||
               sqlstate == sqlstate_of(ErrorCode::event_version_unknown);
    }
    [[nodiscard]] std::string loggable() const {
        return sqlstate.empty() ? "reducer" : "SQLSTATE " + sqlstate;
    }
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

// A view was refused by the database; a transaction that was open is over.
struct Refused {
    View* view;
    Cause cause;
};

// Throws Refused where `action` meets what will fail again for the same events; a deadlock will
// not.
template <class Action>
auto refusing(View& view, Action&& action) {
    try {
        return std::forward<Action>(action)();
    } catch (const sql::SqlError& error) {
        const bool is_of_events = error.code() == ErrorCode::statement_failed ||
                                  error.code() == ErrorCode::event_version_unknown;
        if (!is_of_events || is_passing(error)) throw;
        throw Refused{&view, {storable_text(error.what()), error.sqlstate()}};
    }
}

struct Dead {
    sql::DeadEvent event;
    std::string loggable_cause;
};

// What came of one view in one attempt.
struct Outcome {
    View* view = nullptr;
    std::vector<Dead> dead;
    std::optional<sql::ViewStanding> stopped;  // it is halted, or waits for one of its set
    std::string reason;

    [[nodiscard]] bool is_halted() const {
        return stopped && stopped->state == sql::ViewState::halted;
    }
};

class PageReducer {
public:
    PageReducer(const BatchContext& context, const Page& page, bool is_recorded)
        : context_(context), page_(page), is_recorded_(is_recorded) {}

    // Folds the page into views of one set. Where one must stop, they all stop. Throws Refused.
    void fold_set(std::span<View* const> set, std::vector<Outcome>& outcomes) {
        std::size_t end = page_.log.events.size();
        const std::size_t first = outcomes.size();
        for (View* const view : set) {
            outcomes.push_back(fold(*view, end));
            if (!outcomes.back().is_halted()) continue;
            const Position at = outcomes.back().stopped->position;
            end = static_cast<std::size_t>(static_cast<std::int64_t>(at) + 1 -
                                           static_cast<std::int64_t>(page_.log.first_position));
            for (std::size_t i = first; i + 1 < outcomes.size(); ++i) {
                View& earlier = *outcomes[i].view;
                earlier.rolled_back();
                outcomes[i] = fold(earlier, end);
            }
        }
        if (end == page_.log.events.size()) return;
        const auto halted = std::ranges::find_if(
            outcomes.begin() + static_cast<std::ptrdiff_t>(first), outcomes.end(),
            [](const Outcome& outcome) { return outcome.is_halted(); });
        for (std::size_t i = first; i < outcomes.size(); ++i) {
            if (outcomes[i].stopped) continue;
            outcomes[i].stopped = {sql::ViewState::behind, halted->stopped->position};
            outcomes[i].reason = "waits for view " + halted->view->name() + " of its set";
        }
    }

    // Writes what fold() gave. Throws Refused.
    static void write(sql::Transaction& transaction, View& view) {
        refusing(view, [&] { view.write(transaction); });
    }

    // The events, by index and ascending, that `view` goes on without.
    void set_skipped(View& view, std::vector<std::size_t> skipped) {
        poisons_[&view].skipped = std::move(skipped);
    }

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
            if (std::optional<Cause> refusal = try_beginning(view, tried)) {
                bad = tried;
                cause = std::move(refusal);
            } else if (tried == bad) {
                throw Error(ErrorCode::transaction_retry, "view " + view.name() +
                                                              " failed once and not again (" +
                                                              refused.cause.loggable() + ")");
            } else {
                good = tried;
            }
        }
        poisons_[&view].add(bad - 1, *std::move(cause));
    }

private:
    // Folds the events before index `page_end` into `view`, around those that it cannot fold.
    Outcome fold(View& view, std::size_t page_end) {
        Outcome outcome;
        outcome.view = &view;
        Poisons& poisons = poisons_[&view];
        std::size_t first = 0;
        while (first < page_end) {
            const std::size_t end = std::min(next_gap(poisons, first), page_end);
            if (end > first) {
                if (const std::optional<Poison> poison = fold(view, first, end - first)) {
                    poisons.add(poison->index, {poison->error, poison->sqlstate});
                    continue;
                }
            }
            if (end == page_end) break;
            if (const auto found = poisons.causes.find(end); found != poisons.causes.end()) {
                note_dead(view, end, found->second, outcome);
                if (outcome.stopped) break;
            }
            first = end + 1;
        }
        return outcome;
    }

    [[nodiscard]] std::size_t next_gap(const Poisons& poisons, std::size_t first) const {
        std::size_t gap = page_.log.events.size();
        if (const auto found = poisons.causes.lower_bound(first); found != poisons.causes.end()) {
            gap = found->first;
        }
        const auto skipped = std::ranges::lower_bound(poisons.skipped, first);
        if (skipped != poisons.skipped.end()) gap = std::min(gap, *skipped);
        return gap;
    }

    std::optional<Poison> fold(View& view, std::size_t first, std::size_t count) {
        context_.mandate.keep();
        const auto fold_once = [&] {
            const Clock::time_point started = Clock::now();
            std::optional<Poison> poison = refusing(view, [&] {
                return view.fold({page_, first, count, is_recorded_});
            });
            const Clock::duration took = Clock::now() - started;
            view.pace.folded(poison ? poison->index - first + 1 : count, took);
            if (took <= context_.mandate.length()) return std::pair(poison, true);
            log().warn("a fold took longer than the lease view={}@{} events={} took={} ms",
                       view.name(), view.version(), count,
                       std::chrono::ceil<std::chrono::milliseconds>(took).count());
            return std::pair(poison, count > 1);
        };
        auto [poison, is_in_time] = fold_once();
        if (!is_in_time) {
            // This process may have been stopped meanwhile. The fold is pure; once more tells.
            if (!poison) view.forget_last_fold();
            std::tie(poison, is_in_time) = fold_once();
        }
        if (!is_in_time) refuse_slow(view, first);
        fault_point("after_reduce");
        return poison;
    }

    // Where only SQL reducers run, the page has no types.
    [[nodiscard]] std::string type_of(const Event& event) const {
        if (!event.type.empty()) return std::string(event.type);
        return sql::read_event_type(context_.connection, event.id);
    }

    // No number of events is small enough for the lease.
    [[noreturn]] void refuse_slow(const View& view, std::size_t index) const {
        const Event& event = page_.log.events[index];
        throw Error(ErrorCode::reducer_invalid,
                    "reducer " + view.name() + "@" + std::to_string(view.version()) +
                        " needs longer for event " +
                        std::to_string(static_cast<std::int64_t>(event.id)) + " (" +
                        type_of(event) + ") than the lease of " +
                        std::to_string(context_.mandate.length().count()) +
                        " ms: make it faster, or the lease longer");
    }

    // Folds the first `count` events into `view` for nothing; says why it is refused, if it is.
    std::optional<Cause> try_beginning(View& view, std::size_t count) {
        std::optional<Cause> refusal;
        try {
            std::size_t first = 0;
            const Poisons& poisons = poisons_[&view];
            while (first < count) {
                const std::size_t end = std::min(next_gap(poisons, first), count);
                if (end > first && fold(view, first, end - first)) break;
                first = end + 1;
            }
            context_.mandate.keep();
            sql::Transaction transaction(context_.connection);
            write(transaction, view);
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
        dead.event_type = type_of(event);
        dead.error = cause.error;
        dead.skipped = !cause.is_set_up() && context_.options.on_poison &&
                       context_.options.on_poison(view.name()) == PoisonPolicy::skip;
        const auto position = static_cast<std::int64_t>(event.position);
        if (!dead.skipped) {
            outcome.stopped = {sql::ViewState::halted, Position{position - 1}};
            outcome.reason = "event " + std::to_string(static_cast<std::int64_t>(event.id)) + " (" +
                             dead.event_type + ") at position " + std::to_string(position) + ": " +
                             cause.error;
        }
        outcome.dead.push_back({std::move(dead), cause.loggable()});
    }

    const BatchContext& context_;
    const Page& page_;
    bool is_recorded_;
    std::map<const View*, Poisons> poisons_;
};

void write_outcome(const BatchContext& context, sql::Transaction& transaction,
                   const Outcome& outcome) {
    for (const Dead& dead : outcome.dead) record_dead_event(transaction, dead.event);
    if (outcome.stopped) {
        context.mandate.note(transaction, *outcome.view, *outcome.stopped, outcome.reason);
    }
}

void report_outcome(const Outcome& outcome) {
    for (const Dead& dead : outcome.dead) {
        const sql::DeadEvent& event = dead.event;
        log().error("event not folded view={}@{} position={} event={} type={} outcome={} cause={}",
                    event.view, event.version, static_cast<std::int64_t>(event.position),
                    static_cast<std::int64_t>(event.event_id), event.event_type,
                    event.skipped ? "skipped" : "halted", dead.loggable_cause);
    }
    if (outcome.stopped) outcome.view->standing = *outcome.stopped;
}

void try_batch(const BatchContext& context, sql::Epoch epoch, const Page& page,
               PageReducer& reducer) {
    const Clock::time_point started = Clock::now();
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < context.views.size();) {
        std::vector<View*> set;
        for (const std::string& name = context.views[i]->set;
             i < context.views.size() && context.views[i]->set == name; ++i) {
            View& view = *context.views[i];
            if (view.standing.state == sql::ViewState::following) set.push_back(&view);
        }
        reducer.fold_set(set, outcomes);
    }
    context.mandate.keep();
    sql::Transaction transaction(context.connection);
    for (const Outcome& outcome : outcomes) {
        PageReducer::write(transaction, *outcome.view);
        write_outcome(context, transaction, outcome);
    }
    fault_point("before_checkpoint");
    const auto worked =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started);
    record_batch(transaction, epoch, page.log, worked);
    fault_point("before_commit");
    transaction.commit();
    fault_point("after_commit");
    for (const Outcome& outcome : outcomes) {
        outcome.view->committed();
        report_outcome(outcome);
    }
}

void try_recorded(const BatchContext& context, std::span<View* const> views, const Page& page,
                  Position head, PageReducer& reducer) {
    std::vector<Outcome> outcomes;
    reducer.fold_set(views, outcomes);
    sql::ViewStanding standing;
    standing.position = page.log.events.back().position;
    standing.state = standing.position == head ? sql::ViewState::following : sql::ViewState::behind;
    context.mandate.keep();
    sql::Transaction transaction(context.connection);
    for (const Outcome& outcome : outcomes) {
        PageReducer::write(transaction, *outcome.view);
        if (!outcome.stopped) {
            context.mandate.note(transaction, *outcome.view, standing, std::nullopt);
        }
        write_outcome(context, transaction, outcome);
    }
    context.mandate.fence(transaction);
    transaction.commit();
    for (const Outcome& outcome : outcomes) {
        outcome.view->committed();
        outcome.view->standing = standing;
        report_outcome(outcome);
    }
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

std::vector<std::size_t> skipped_in(const BatchContext& context, const View& view,
                                    const Page& page) {
    const auto before = static_cast<std::int64_t>(page.log.first_position);
    std::vector<std::size_t> indices;
    sql::Transaction transaction(context.connection);
    for (const Position skipped : sql::read_skipped(transaction, view.name(), view.version(),
                                                    Position{before - 1}, page.log.events.size())) {
        indices.push_back(static_cast<std::size_t>(static_cast<std::int64_t>(skipped) - before));
    }
    return indices;
}

void reduce_batch(const BatchContext& context, sql::Epoch epoch, const Page& page) {
    PageReducer reducer(context, page, false);
    reduce_around(context, reducer, [&] { try_batch(context, epoch, page, reducer); });
}

void reduce_recorded(const BatchContext& context, std::span<View* const> views, const Page& page,
                     Position head) {
    PageReducer reducer(context, page, true);
    for (View* const view : views) reducer.set_skipped(*view, skipped_in(context, *view, page));
    reduce_around(context, reducer, [&] { try_recorded(context, views, page, head, reducer); });
}

}  // namespace baton::orchestrator

#include "page_reducer.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"

namespace baton::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

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

}  // namespace

void PageReducer::fold_set(std::span<View* const> set, std::vector<Outcome>& outcomes) {
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
    const auto halted =
        std::ranges::find_if(outcomes.begin() + static_cast<std::ptrdiff_t>(first), outcomes.end(),
                             [](const Outcome& outcome) { return outcome.is_halted(); });
    for (std::size_t i = first; i < outcomes.size(); ++i) {
        if (outcomes[i].stopped) continue;
        outcomes[i].stopped = {sql::ViewState::behind, halted->stopped->position};
        outcomes[i].reason = "waits for view " + halted->view->name() + " of its set";
    }
}

void PageReducer::write(sql::Transaction& transaction, View& view) {
    refusing(view, [&] { view.write(transaction); });
}

void PageReducer::set_skipped(View& view, std::vector<std::size_t> skipped) {
    poisons_[&view].skipped = std::move(skipped);
}

void PageReducer::find_culprit(const Refused& refused) {
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

Outcome PageReducer::fold(View& view, std::size_t page_end) {
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

std::size_t PageReducer::next_gap(const Poisons& poisons, std::size_t first) const {
    std::size_t gap = page_.log.events.size();
    if (const auto found = poisons.causes.lower_bound(first); found != poisons.causes.end()) {
        gap = found->first;
    }
    const auto skipped = std::ranges::lower_bound(poisons.skipped, first);
    if (skipped != poisons.skipped.end()) gap = std::min(gap, *skipped);
    return gap;
}

std::optional<Poison> PageReducer::fold(View& view, std::size_t first, std::size_t count) {
    context_.mandate.keep();
    const auto fold_once = [&] {
        const Clock::time_point started = Clock::now();
        std::optional<Poison> poison = refusing(view, [&] {
            return view.fold({page_, first, count, is_recorded_});
        });
        const Clock::duration took = Clock::now() - started;
        view.pace.folded(poison ? poison->index - first + 1 : count, took);
        if (took <= context_.mandate.length()) return std::pair(poison, true);
        log().warn("a fold took longer than the lease view={}@{} events={} took={} ms", view.name(),
                   view.version(), count,
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

std::string PageReducer::type_of(const Event& event) const {
    if (!event.type.empty()) return std::string(event.type);
    return sql::read_event_type(context_.connection, event.id);
}

void PageReducer::refuse_slow(const View& view, std::size_t index) const {
    const Event& event = page_.log.events[index];
    throw Error(ErrorCode::reducer_invalid,
                "reducer " + view.name() + "@" + std::to_string(view.version()) +
                    " needs longer for event " +
                    std::to_string(static_cast<std::int64_t>(event.id)) + " (" + type_of(event) +
                    ") than the lease of " + std::to_string(context_.mandate.length().count()) +
                    " ms: make it faster, or the lease longer");
}

std::optional<Cause> PageReducer::try_beginning(View& view, std::size_t count) {
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

void PageReducer::note_dead(const View& view, std::size_t index, const Cause& cause,
                            Outcome& outcome) const {
    const Event& event = page_.log.events[index];
    sql::DeadEvent dead;
    dead.view = view.name();
    dead.version = view.version();
    dead.position = event.position;
    dead.event_id = event.id;
    dead.event_type = type_of(event);
    dead.error = cause.error;
    dead.skipped = (!cause.is_set_up() && context_.options.on_poison &&
                    context_.options.on_poison(view.name()) == PoisonPolicy::skip) ||
                   sql::is_skipped(context_.connection, view.name(), event.position);
    const auto position = static_cast<std::int64_t>(event.position);
    if (!dead.skipped) {
        outcome.stopped = {sql::ViewState::halted, Position{position - 1}};
        outcome.reason = "event " + std::to_string(static_cast<std::int64_t>(event.id)) + " (" +
                         dead.event_type + ") at position " + std::to_string(position) + ": " +
                         cause.error;
    }
    outcome.dead.push_back({std::move(dead), cause.loggable()});
}

}  // namespace baton::orchestrator

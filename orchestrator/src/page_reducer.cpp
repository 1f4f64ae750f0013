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

// Throws Refused, or what is tried again first. To be called while `error` is handled.
[[noreturn]] void refuse(const BatchContext& context, View& view, const sql::SqlError& error,
                         Clock::duration took) {
    if (!is_of_statement(context.connection, error)) throw;
    const std::string& state = error.sqlstate();
    Cause cause{storable_text(error.what()), state};
    if (!sql::may_pass(state)) throw Refused{&view, std::move(cause)};
    const auto patience =
        view.aside_until ? lock_patience_aside : lock_patience(context.options.lease);
    const bool waits = state == "55P03" && took >= patience * 3 / 4;
    if (++view.refusals < (waits ? lock_tries : tries_of(state))) {
        throw Error(waits ? ErrorCode::lock_unavailable : ErrorCode::transaction_retry,
                    "view " + view.name() + " is refused (SQLSTATE " + state + ")" +
                        (waits ? ": somebody else holds a lock on it" : ""));
    }
    throw Refused{&view, std::move(cause), waits};
}

// What the database says while `action` works for the view is the view's, whatever its code.
template <class Action>
auto refusing(const BatchContext& context, View& view, Action&& action) {
    const Clock::time_point started = Clock::now();
    try {
        return std::forward<Action>(action)();
    } catch (const sql::SqlError& error) {
        refuse(context, view, error, Clock::now() - started);
    }
}

}  // namespace

void PageReducer::fold_set(std::span<View* const> set, std::vector<Outcome>& outcomes) {
    if (is_aside(set, outcomes)) return;
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

void PageReducer::write(sql::Transaction& transaction, View& view) const {
    refusing(context_, view, [&] {
        // Each step begins with the mode that its author knows, whatever the one before left.
        if (checks_constraints_) transaction.exec("set constraints all deferred");
        view.write(transaction);
        if (checks_constraints_) transaction.exec("set constraints all immediate");
    });
}

void PageReducer::commit(sql::Transaction& transaction) {
    try {
        transaction.commit();
    } catch (const sql::SqlError& error) {
        if (checks_constraints_ || !is_of_statement(context_.connection, error)) throw;
        checks_constraints_ = true;
        throw CommitRefused{};
    }
}

void PageReducer::set_aside(const Refused& refused) {
    View& view = *refused.view;
    view.aside_until = Clock::now() + time_aside;
    aside_[&view] = "put off: somebody else holds a lock on view " + view.name();
}

bool PageReducer::is_aside(std::span<View* const> set, std::vector<Outcome>& outcomes) const {
    const auto waiting =
        std::ranges::find_if(set, [&](const View* view) { return aside_.contains(view); });
    if (waiting == set.end()) return false;
    const Position before{static_cast<std::int64_t>(page_.log.first_position) - 1};
    for (View* const view : set) {
        Outcome& outcome = outcomes.emplace_back();
        outcome.view = view;
        outcome.stopped = {sql::ViewState::behind, before};
        outcome.reason = aside_.at(*waiting);
    }
    return true;
}

void PageReducer::set_skipped(View& view, std::vector<std::size_t> skipped) {
    poisons_[&view].skipped = std::move(skipped);
}

void PageReducer::find_culprit(const Refused& refused) {
    View& view = *refused.view;
    // What says nothing about an event may be that they were too many at once.
    const bool splits = sql::may_pass(refused.cause.sqlstate);
    std::set<std::size_t>& split_at = poisons_[&view].splits;
    const bool was_split = !split_at.empty();
    const std::size_t size = page_.log.events.size();
    std::size_t good = 0;  // the first `good` events are accepted
    std::size_t bad = size;
    std::optional<Cause> cause;  // of the first `bad`, once it was seen
    bool is_alone = !splits;     // the last of them was refused in a call of its own
    while (bad - good > 1 || !cause || !is_alone) {
        const std::size_t tried = bad - good > 1 ? good + (bad - good) / 2 : bad;
        if (std::optional<Cause> refusal = try_beginning(view, tried)) {
            is_alone = !splits || tried - good == 1;
            bad = tried;
            cause = std::move(refusal);
            continue;
        }
        good = tried;
        if (splits && good < size) split_at.insert(good);
        if (good < bad) continue;
        if (good == size && !split_at.empty() && !was_split) return;
        if (good == size || !splits) {
            throw Error(ErrorCode::transaction_retry, "view " + view.name() +
                                                          " failed once and not again (" +
                                                          refused.cause.loggable() + ")");
        }
        bad = size;
        cause.reset();
    }
    poisons_[&view].add(bad - 1, *std::move(cause));
}

Outcome PageReducer::fold(View& view, std::size_t page_end) {
    Outcome outcome;
    outcome.view = &view;
    Poisons& poisons = poisons_[&view];
    std::size_t first = 0;
    while (first < page_end) {
        const std::size_t gap = next_gap(poisons, first);
        const std::size_t end = std::min({gap, poisons.next_split(first), page_end});
        if (end > first) {
            if (const std::optional<Poison> poison = fold(view, first, end - first)) {
                poisons.add(poison->index, {poison->error, poison->sqlstate});
                continue;
            }
        }
        if (end == page_end) break;
        if (end != gap) {
            first = end;
            continue;
        }
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
        std::optional<Poison> poison = refusing(context_, view, [&] {
            return view.fold({page_, first, count, is_recorded_});
        });
        const Clock::duration took = Clock::now() - started;
        view.pace.folded(poison ? poison->index - first + 1 : count, took);
        if (took <= context_.mandate.length()) return std::pair(poison, true);
        log_line(spdlog::level::warn, "a fold took longer than the lease",
                 {{"view", view.name()},
                  {"version", view.version()},
                  {"events", count},
                  {"took_ms", std::chrono::ceil<std::chrono::milliseconds>(took).count()}});
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
            const std::size_t gap = next_gap(poisons, first);
            const std::size_t end = std::min({gap, poisons.next_split(first), count});
            if (end > first && fold(view, first, end - first)) break;
            first = end == gap ? end + 1 : end;
        }
        context_.mandate.keep();
        sql::Transaction transaction(context_.connection);
        write(transaction, view);
        refusing(context_, view, [&] { transaction.exec("set constraints all immediate"); });
    } catch (const Refused& refused) {
        if (refused.waits) {
            view.rolled_back();
            throw Error(ErrorCode::lock_unavailable,
                        "somebody else holds a lock on view " + view.name());
        }
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

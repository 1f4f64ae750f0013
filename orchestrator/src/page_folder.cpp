#include "page_folder.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "baton/base/fault.hpp"
#include "blame.hpp"

namespace baton::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

std::vector<FoldOutcome> PageFolder::fold(std::span<View* const> views) {
    std::vector<FoldOutcome> outcomes;
    while (!views.empty()) {
        const auto other = std::ranges::find_if(
            views, [&](const View* view) { return view->set != views.front()->set; });
        const auto size = static_cast<std::size_t>(other - views.begin());
        fold_set(views.first(size), outcomes);
        views = views.subspan(size);
    }
    return outcomes;
}

void PageFolder::fold_set(std::span<View* const> set, std::vector<FoldOutcome>& outcomes) {
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
                             [](const FoldOutcome& outcome) { return outcome.is_halted(); });
    for (std::size_t i = first; i < outcomes.size(); ++i) {
        if (outcomes[i].stopped) continue;
        outcomes[i].stopped = {sql::ViewState::behind, halted->stopped->position};
        outcomes[i].why_stopped = "waits for view " + halted->view->name() + " of its set";
    }
}

void PageFolder::set_aside(const Refusal& refusal) {
    View& view = *refusal.view;
    view.aside_until = Clock::now() + time_aside;
    aside_[&view] = "put off: somebody else holds a lock on view " + view.name();
}

bool PageFolder::is_aside(std::span<View* const> set, std::vector<FoldOutcome>& outcomes) const {
    const auto waiting =
        std::ranges::find_if(set, [&](const View* view) { return aside_.contains(view); });
    if (waiting == set.end()) return false;
    const Position before{static_cast<std::int64_t>(page_.log.first_position) - 1};
    for (View* const view : set) {
        FoldOutcome& outcome = outcomes.emplace_back();
        outcome.view = view;
        outcome.stopped = {sql::ViewState::behind, before};
        outcome.why_stopped = aside_.at(*waiting);
    }
    return true;
}

void PageFolder::set_skipped(View& view, std::vector<std::size_t> skipped) {
    unfoldable_[&view].skipped = std::move(skipped);
}

void PageFolder::find_unfoldable(const Refusal& refusal) {
    View& view = *refusal.view;
    // What says nothing about an event may be that they were too many at once.
    const bool splits = sql::may_pass(refusal.reason.sqlstate);
    std::set<std::size_t>& split_at = unfoldable_[&view].splits;
    const bool was_split = !split_at.empty();
    const std::size_t size = page_.log.events.size();
    std::size_t good = 0;  // the first `good` events are accepted
    std::size_t bad = size;
    std::optional<Reason> reason;  // of the first `bad`, once it was seen
    bool is_alone = !splits;       // the last of them was refused in a call of its own
    while (bad - good > 1 || !reason || !is_alone) {
        const std::size_t tried = bad - good > 1 ? good + (bad - good) / 2 : bad;
        if (std::optional<Reason> found = try_beginning(view, tried)) {
            is_alone = !splits || tried - good == 1;
            bad = tried;
            reason = std::move(found);
            continue;
        }
        good = tried;
        if (splits && good < size) split_at.insert(good);
        if (good < bad) continue;
        if (good == size && !split_at.empty() && !was_split) return;
        if (good == size || !splits) {
            throw Error(ErrorCode::transaction_retry, "view " + view.name() +
                                                          " failed once and not again (" +
                                                          refusal.reason.loggable() + ")");
        }
        bad = size;
        reason.reset();
    }
    unfoldable_[&view].add(bad - 1, *std::move(reason));
}

FoldOutcome PageFolder::fold(View& view, std::size_t page_end) {
    FoldOutcome outcome;
    outcome.view = &view;
    UnfoldableEvents& unfoldable = unfoldable_[&view];
    std::size_t first = 0;
    while (first < page_end) {
        const std::size_t gap = next_gap(unfoldable, first);
        const std::size_t end = std::min({gap, unfoldable.next_split(first), page_end});
        if (end > first) {
            if (std::optional<UnfoldableEvent> found = fold(view, first, end - first)) {
                unfoldable.add(found->index, std::move(found->reason));
                continue;
            }
        }
        if (end == page_end) break;
        if (end != gap) {
            first = end;
            continue;
        }
        if (const auto found = unfoldable.reasons.find(end); found != unfoldable.reasons.end()) {
            note_dead(view, end, found->second, outcome);
            if (outcome.stopped) break;
        }
        first = end + 1;
    }
    return outcome;
}

std::size_t PageFolder::next_gap(const UnfoldableEvents& unfoldable, std::size_t first) const {
    std::size_t gap = page_.log.events.size();
    if (const auto found = unfoldable.reasons.lower_bound(first);
        found != unfoldable.reasons.end()) {
        gap = found->first;
    }
    const auto skipped = std::ranges::lower_bound(unfoldable.skipped, first);
    if (skipped != unfoldable.skipped.end()) gap = std::min(gap, *skipped);
    return gap;
}

std::optional<UnfoldableEvent> PageFolder::fold(View& view, std::size_t first, std::size_t count) {
    for (;;) {
        context_.lease.keep();
        FoldedPart part = fold_part(context_, view, {page_, first, count, is_recorded_});
        if (count > 1 || part.took <= context_.lease.length()) {
            fault_point("after_reduce");
            return std::move(part.unfoldable);
        }
        // This process may have been stopped meanwhile. The fold is pure; once more tells.
        if (!part.unfoldable) view.forget_last_fold();
    }
}

std::string PageFolder::type_of(const Event& event) const {
    if (!event.type.empty()) return std::string(event.type);
    return sql::read_event_type(context_.connection, event.id);
}

std::optional<Reason> PageFolder::try_beginning(View& view, std::size_t count) {
    std::optional<Reason> reason;
    try {
        std::size_t first = 0;
        const UnfoldableEvents& unfoldable = unfoldable_[&view];
        while (first < count) {
            const std::size_t gap = next_gap(unfoldable, first);
            const std::size_t end = std::min({gap, unfoldable.next_split(first), count});
            if (end > first && fold(view, first, end - first)) break;
            first = end == gap ? end + 1 : end;
        }
        context_.lease.keep();
        sql::Transaction transaction(context_.connection);
        refusing(context_.connection, view, context_.lease.length(), [&] {
            view.write(transaction);
            transaction.exec("set constraints all immediate");
            view.write_effects(transaction);
        });
    } catch (const Refusal& refusal) {
        if (refusal.waits) {
            view.rolled_back();
            throw Error(ErrorCode::lock_unavailable,
                        "somebody else holds a lock on view " + view.name());
        }
        reason = refusal.reason;
    } catch (...) {
        view.rolled_back();
        throw;
    }
    view.rolled_back();
    return reason;
}

void PageFolder::note_dead(const View& view, std::size_t index, const Reason& reason,
                           FoldOutcome& outcome) const {
    const Event& event = page_.log.events[index];
    sql::DeadEvent dead;
    dead.view = view.name();
    dead.version = view.version();
    dead.position = event.position;
    dead.event_id = event.id;
    dead.event_type = type_of(event);
    dead.error = reason.error;
    dead.skipped = (!reason.is_set_up() && context_.options.on_poison &&
                    context_.options.on_poison(view.name()) == PoisonPolicy::skip) ||
                   sql::is_skipped(context_.connection, view.name(), event.position);
    const auto position = static_cast<std::int64_t>(event.position);
    if (!dead.skipped) {
        outcome.stopped = {sql::ViewState::halted, Position{position - 1}};
        outcome.why_stopped = "event " + std::to_string(static_cast<std::int64_t>(event.id)) +
                              " (" + dead.event_type + ") at position " + std::to_string(position) +
                              ": " + reason.error;
    }
    outcome.dead.push_back({std::move(dead), reason.loggable()});
}

}  // namespace baton::orchestrator

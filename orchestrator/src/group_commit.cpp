#include "group_commit.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "blame.hpp"

namespace baton::orchestrator {
namespace {

// However long the lease: the views stand still meanwhile.
constexpr std::chrono::milliseconds time_max{2000};

Position end_of(const sql::BatchRange& range) {
    return Position{static_cast<std::int64_t>(range.first_position) +
                    static_cast<std::int64_t>(range.count) - 1};
}

Reason too_slow_for(std::chrono::milliseconds lease) {
    return {"it takes longer to fold than the lease of " + std::to_string(lease.count()) +
                " ms: make the reducer faster, or the lease longer, and put the event before it"
                " again",
            std::string(sqlstate_of(ErrorCode::reducer_invalid))};
}

void report(const FoldOutcome::Dead& dead) {
    const sql::DeadEvent& event = dead.event;
    log_line(spdlog::level::err, "event not folded",
             {{"view", event.view},
              {"version", event.version},
              {"position", event.position},
              {"event", event.event_id},
              {"type", event.event_type},
              {"outcome", event.skipped ? "skipped" : "halted"},
              {"cause", dead.loggable_reason}});
}

// The order in which resolve_dead_events.sql locks where the views stand.
std::vector<const FoldOutcome*> by_name(std::span<const FoldOutcome> outcomes, bool only_stopped) {
    std::vector<const FoldOutcome*> sorted;
    for (const FoldOutcome& outcome : outcomes) {
        if (outcome.stopped || !only_stopped) sorted.push_back(&outcome);
    }
    std::ranges::sort(sorted, {}, [](const FoldOutcome* o) { return o->view->name(); });
    return sorted;
}

}  // namespace

bool SlowEvents::is_too_slow(const View& view, EventId event) const {
    if (times_.empty()) return false;
    const auto found = times_.find({view.name(), view.version(), event});
    return found != times_.end() && found->second > 1;
}

void SlowEvents::forget(const View& view) {
    std::erase_if(times_, [&](const auto& entry) {
        return std::get<0>(entry.first) == view.name() &&
               std::get<1>(entry.first) == view.version();
    });
}

FoldedPart fold_part(const FoldContext& context, View& view, const PageRange& range) {
    const Event& first = range.page.log.events[range.first];
    const std::chrono::milliseconds lease = context.lease.length();
    if (range.count == 1 && context.slow.is_too_slow(view, first.id)) {
        return {UnfoldableEvent{range.first, too_slow_for(lease)}, {}};
    }
    const auto started = std::chrono::steady_clock::now();
    std::optional<UnfoldableEvent> unfoldable =
        refusing(context.connection, view, lease, [&] { return view.fold(range); });
    const auto took = std::chrono::steady_clock::now() - started;
    view.pace.folded(unfoldable ? unfoldable->index - range.first + 1 : range.count, took);
    if (took > lease) {
        log_line(spdlog::level::warn, "a fold took longer than the lease",
                 {{"view", view.name()},
                  {"version", view.version()},
                  {"events", range.count},
                  {"first_event", first.id},
                  {"took_ms", std::chrono::ceil<std::chrono::milliseconds>(took).count()}});
        if (range.count == 1) context.slow.add(view, first.id);
    }
    return {std::move(unfoldable), took};
}

void NewEvents::record(sql::Transaction& transaction, std::span<const FoldedPage> pages,
                       std::span<const FoldOutcome> outcomes) {
    for (const FoldOutcome* const outcome : by_name(outcomes, true)) {
        lease_.note(transaction, *outcome->view, *outcome->stopped, outcome->why_stopped);
    }
    for (const FoldedPage& page : pages) {
        const auto worked = std::chrono::duration_cast<std::chrono::microseconds>(
            std::chrono::steady_clock::now() - page.started);
        record_batch(transaction, epoch_, page.range, worked);
    }
}

void RecordedEvents::record(sql::Transaction& transaction, std::span<const FoldedPage> pages,
                            std::span<const FoldOutcome> outcomes) {
    const sql::ViewStanding standing = standing_after(end_of(pages.back().range));
    for (const FoldOutcome* const outcome : by_name(outcomes, false)) {
        if (outcome->stopped) {
            lease_.note(transaction, *outcome->view, *outcome->stopped, outcome->why_stopped);
        } else {
            lease_.note(transaction, *outcome->view, standing, std::nullopt);
        }
    }
    lease_.fence(transaction);
}

GroupCommit::GroupCommit(const FoldContext& context, std::span<View* const> views,
                         EventLedger& ledger)
    : context_(context), views_(views.begin(), views.end()), ledger_(ledger) {
    for (View* const view : views_) outcomes_.emplace_back().view = view;
}

GroupCommit::~GroupCommit() {
    if (!has_uncommitted_) return;
    for (View* const view : views_) view->rolled_back();
}

bool GroupCommit::fold(const Page& page) {
    const Clock::time_point started = Clock::now();
    has_uncommitted_ = true;
    std::vector<View*> folded;
    for (View* const view : views_) {
        if (!fold(*view, page)) {
            for (View* const other : folded) other->forget_last_fold();
            has_uncommitted_ = !pages_.empty();
            return false;
        }
        folded.push_back(view);
    }
    pages_.push_back({page.log.range(), started});
    return true;
}

bool GroupCommit::fold(View& view, const Page& page) {
    try {
        context_.lease.keep();
        const FoldedPart part =
            fold_part(context_, view, {page, 0, page.log.events.size(), ledger_.is_recorded()});
        if (part.unfoldable) return false;
        if (part.took > context_.lease.length()) {
            view.forget_last_fold();
            return false;
        }
    } catch (const Refusal&) {
        return false;
    } catch (const Error& error) {
        if (!sql::is_passing(error)) throw;
        return false;
    }
    fault_point("after_reduce");
    return true;
}

void GroupCommit::take(const Page& page, const std::function<std::vector<FoldOutcome>()>& fold,
                       bool checks_constraints) {
    has_uncommitted_ = true;
    checks_constraints_ = checks_constraints;
    pages_ = {{page.log.range(), Clock::now()}};
    outcomes_ = fold();
}

std::chrono::milliseconds GroupCommit::time_left() const {
    for (const View* const view : views_) {
        if (view->unwritten_rows() > context_.options.batch_max) return {};
    }
    const auto left = std::min(context_.lease.length() / 4, time_max) - (Clock::now() - started_);
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left),
                    std::chrono::milliseconds(0));
}

void GroupCommit::commit() {
    context_.lease.keep();
    sql::Transaction transaction(context_.connection);
    write(transaction);
    fault_point("before_checkpoint");
    ledger_.record(transaction, pages_, outcomes_);
    write_effects(transaction);
    fault_point("before_commit");
    end_transaction(transaction);
    fault_point("after_commit");
    committed();
}

void GroupCommit::write(sql::Transaction& transaction) {
    // First, as a person who resolves one locks in this order: see resolve_dead_events.sql.
    for (const FoldOutcome& outcome : outcomes_) {
        for (const FoldOutcome::Dead& dead : outcome.dead) {
            record_dead_event(transaction, dead.event);
        }
    }
    for (const FoldOutcome& outcome : outcomes_) {
        refusing(context_.connection, *outcome.view, context_.lease.length(), [&] {
            // Each step begins with the mode that its author knows, whatever the one before left.
            if (checks_constraints_) transaction.exec("set constraints all deferred");
            outcome.view->write(transaction);
            if (checks_constraints_) transaction.exec("set constraints all immediate");
        });
    }
}

// Behind the fence: who opens a task set locks its handler, as a promotion does, which locks the
// leader's row first. And so they are for the handlers' versions of the batch's position.
void GroupCommit::write_effects(sql::Transaction& transaction) {
    for (const FoldOutcome& outcome : outcomes_) {
        refusing(context_.connection, *outcome.view, context_.lease.length(),
                 [&] { outcome.view->write_effects(transaction); });
    }
}

void GroupCommit::end_transaction(sql::Transaction& transaction) {
    try {
        transaction.commit();
    } catch (const sql::SqlError& error) {
        if (checks_constraints_ || !is_of_statement(context_.connection, error)) throw;
        throw CommitRefusal{error.sqlstate()};
    }
}

void GroupCommit::committed() {
    has_uncommitted_ = false;
    const sql::ViewStanding standing = ledger_.standing_after(end_of(pages_.back().range));
    for (const FoldOutcome& outcome : outcomes_) {
        View& view = *outcome.view;
        view.committed();
        for (const FoldOutcome::Dead& dead : outcome.dead) report(dead);
        if (!outcome.dead.empty()) context_.slow.forget(view);
        view.standing = outcome.stopped.value_or(standing);
        if (outcome.stopped && outcome.stopped->state == sql::ViewState::behind) continue;
        view.refusals = 0;
        view.aside_until.reset();
    }
}

}  // namespace baton::orchestrator

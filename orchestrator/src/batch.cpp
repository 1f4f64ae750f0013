#include "batch.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "page_reducer.hpp"

namespace baton::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

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
        log_line(spdlog::level::err, "event not folded",
                 {{"view", event.view},
                  {"version", event.version},
                  {"position", event.position},
                  {"event", event.event_id},
                  {"type", event.event_type},
                  {"outcome", event.skipped ? "skipped" : "halted"},
                  {"cause", dead.loggable_cause}});
    }
    View& view = *outcome.view;
    if (outcome.stopped) view.standing = *outcome.stopped;
    const bool is_put_off = outcome.stopped && outcome.stopped->state == sql::ViewState::behind;
    if (is_put_off) return;
    view.refusals = 0;
    view.aside_until.reset();
}

// For as long as a view that was set aside is tried again: who holds the lock still must not hold
// up the others.
class ShortPatience {
public:
    ShortPatience(sql::Connection& connection, std::span<View* const> views)
        : connection_(connection) {
        if (std::ranges::none_of(views, [](const View* v) { return v->aside_until.has_value(); })) {
            return;
        }
        former_ = connection_.exec("select current_setting('lock_timeout')").only().text(0);
        set(std::to_string(lock_patience_aside.count()) + "ms");
    }
    ~ShortPatience() {
        if (former_.empty()) return;
        try {
            set(former_);
        } catch (const Error&) {
            // The session is lost; whoever uses it next meets that, too.
        }
    }
    ShortPatience(const ShortPatience&) = delete;
    ShortPatience& operator=(const ShortPatience&) = delete;

private:
    void set(const std::string& timeout) {
        connection_.exec("set lock_timeout = '" + timeout + "'");
    }

    sql::Connection& connection_;
    std::string former_;
};

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
        reducer.write(transaction, *outcome.view);
        write_outcome(context, transaction, outcome);
    }
    fault_point("before_checkpoint");
    const auto worked =
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started);
    record_batch(transaction, epoch, page.log, worked);
    fault_point("before_commit");
    reducer.commit(transaction);
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
        reducer.write(transaction, *outcome.view);
        if (!outcome.stopped) {
            context.mandate.note(transaction, *outcome.view, standing, std::nullopt);
        }
        write_outcome(context, transaction, outcome);
    }
    context.mandate.fence(transaction);
    reducer.commit(transaction);
    for (const Outcome& outcome : outcomes) {
        outcome.view->committed();
        outcome.view->standing = standing;
        report_outcome(outcome);
    }
}

// A server that became read-only, or a stranger's setting, is no view's fault; a reducer that says
// so of its own is at fault.
void require_writable(const BatchContext& context, const Refused& refused) {
    if (refused.cause.sqlstate != "25006") return;
    if (context.connection.exec("show transaction_read_only").only().text(0) != "on") return;
    throw Error(ErrorCode::server_read_only, refused.cause.error);
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
            require_writable(context, refused);
            if (refused.waits) {
                reducer.set_aside(refused);
            } else {
                reducer.find_culprit(refused);
            }
        } catch (const CommitRefused&) {
            for (const std::unique_ptr<View>& view : context.views) view->rolled_back();
        } catch (...) {
            for (const std::unique_ptr<View>& view : context.views) view->rolled_back();
            throw;
        }
    }
}

}  // namespace

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
    const ShortPatience patience(context.connection, views);
    PageReducer reducer(context, page, true);
    for (View* const view : views) reducer.set_skipped(*view, skipped_in(context, *view, page));
    reduce_around(context, reducer, [&] { try_recorded(context, views, page, head, reducer); });
}

}  // namespace baton::orchestrator

#include "catch_up.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/log.hpp"
#include "baton/sql/recorded_reader.hpp"
#include "page_apart.hpp"
#include "page_loop.hpp"
#include "recorded_source.hpp"

namespace baton::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

// How long it goes page by page before it asks for a connection again.
constexpr std::chrono::seconds time_alone{30};

void let_follow(const FoldContext& context, const std::vector<View*>& views, Position head) {
    const sql::ViewStanding standing{sql::ViewState::following, head};
    sql::Transaction transaction(context.connection);
    for (const View* const view : views) {
        context.lease.note(transaction, *view, standing, std::nullopt);
    }
    context.lease.fence(transaction);
    transaction.commit();
    for (View* const view : views) view->standing = standing;
}

}  // namespace

CatchUp::Ahead::Ahead(const OrchestratorOptions& options, const Registry& registry,
                      const Lagging& lagging)
    : first(lagging.views.front()),
      range(lagging.range),
      reader(registry, std::make_unique<RecordedSource>(options, range, what_is_read(registry)),
             options.batch_max, pace_of(lagging.views, options.batch_max)) {}

CatchUp::Lagging CatchUp::lagging_of(std::span<View* const> set, Position head) {
    Lagging lagging{{}, {head, head}};
    for (View* const view : set) {
        if (view->standing.state == sql::ViewState::halted) return {};
        if (view->standing.state != sql::ViewState::behind) continue;
        const Position at = view->standing.position;
        EventRange& range = lagging.range;
        if (at < range.from || lagging.views.empty()) {
            if (!lagging.views.empty()) range.to = range.from;
            lagging.views.clear();
            range.from = at;
        } else if (at > range.from) {
            range.to = std::min(range.to, at);
            continue;
        }
        lagging.views.push_back(view);
    }
    return lagging;
}

bool CatchUp::step(const FoldContext& context, std::span<View* const> set, Position head) {
    const bool is_aside = std::ranges::any_of(set, [](const View* view) {
        return view->aside_until && *view->aside_until > Clock::now();
    });
    if (is_aside) return false;
    const Lagging lagging = lagging_of(set, head);
    if (lagging.views.empty()) {
        // Halted, say: what comes next may be something else then.
        if (ahead_ && std::ranges::find(set, ahead_->first) != set.end()) ahead_.reset();
        return false;
    }
    if (lagging.range.from == head) {
        let_follow(context, lagging.views, head);
        return true;
    }
    read_ahead_of(lagging);
    if (!ahead_ || ahead_->first != lagging.views.front()) {
        return step_by_page(context, lagging, head);
    }
    step_ahead(context, lagging, head);
    return true;
}

// Goes on with what is read ahead for them, or begins to where that is worth a connection.
void CatchUp::read_ahead_of(const Lagging& lagging) {
    if (reading_ == Reading::page_by_page) return;
    const EventRange& wanted = lagging.range;
    if (ahead_ && ahead_->first == lagging.views.front()) {
        if (ahead_->range.from == wanted.from && ahead_->range.to <= wanted.to) return;
        ahead_.reset();
    }
    if (wanted.events() <= options_.batch_max) return;
    if (alone_until_ && Clock::now() < *alone_until_) return;
    ahead_.reset();
    ahead_.emplace(options_, registry_, lagging);
}

bool CatchUp::step_by_page(const FoldContext& context, const Lagging& lagging, Position head) {
    const std::size_t limit = std::min(pace_of(lagging.views, page_size_.limit(options_.batch_max)),
                                       lagging.range.events());
    if (!sql::read_recorded(context.connection, lagging.range.from, limit, page_.log,
                            PageSize::bytes_max)) {
        return false;
    }
    page_size_.read(page_.log);
    registry_.decode(page_.log.events, page_.decoded);
    RecordedEvents ledger(context.lease, head);
    reduce_apart(context, lagging.views, page_, ledger);
    page_.log.clear();
    return true;
}

void CatchUp::step_ahead(const FoldContext& context, const Lagging& lagging, Position head) {
    const auto patience = std::min(options_.lease / 3, std::chrono::milliseconds(250));
    try {
        std::unique_ptr<Page> page = take_ahead(patience);
        if (!page) return;
        EventRange& left = ahead_->range;
        RecordedEvents ledger(context.lease, head);
        const auto has_more = [&](const Page& taken) {
            return taken.log.events.back().position < left.to;
        };
        const auto at_once = [](const std::function<void()>& step) {
            step();
            return true;
        };
        const PageWork work{
            context,      lagging.views, ledger,  ahead_->reader,
            apart_until_, has_more,      at_once, [&](Position last) { left.from = last; }};
        if (!reduce_pages(work, std::move(page)) || left.events() == 0) ahead_.reset();
    } catch (...) {
        ahead_.reset();
        throw;
    }
}

// Where the reading connection did not come about, or is lost, nothing else is: all that it had
// read is folded. Whether ours stands says the next statement.
std::unique_ptr<Page> CatchUp::take_ahead(std::chrono::milliseconds patience) {
    try {
        std::unique_ptr<Page> page = ahead_->reader.pages().take(patience);
        if (page) alone_until_.reset();
        return page;
    } catch (const Error& error) {
        if (error.code() != ErrorCode::connection_lost) throw;
        if (!alone_until_) {
            log().warn(
                "cannot read ahead: {}; building page by page, which takes longer, and trying again"
                " every {} s",
                error.what(), time_alone.count());
        }
        ahead_.reset();
        alone_until_ = Clock::now() + time_alone;
        return nullptr;
    }
}

}  // namespace baton::orchestrator

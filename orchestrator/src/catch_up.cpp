#include "catch_up.hpp"

#include <algorithm>
#include <vector>

namespace baton::orchestrator {
namespace {

// The views that are furthest behind, and up to where they may go together.
struct Lagging {
    std::vector<View*> views;
    Position from;
    Position to;
};

Lagging lagging_of(std::span<View* const> set, Position head) {
    Lagging lagging{{}, head, head};
    for (View* const view : set) {
        if (view->standing.state == sql::ViewState::halted) return {};
        if (view->standing.state != sql::ViewState::behind) continue;
        const Position at = view->standing.position;
        if (at < lagging.from || lagging.views.empty()) {
            if (!lagging.views.empty()) lagging.to = lagging.from;
            lagging.views.clear();
            lagging.from = at;
        } else if (at > lagging.from) {
            lagging.to = std::min(lagging.to, at);
            continue;
        }
        lagging.views.push_back(view);
    }
    return lagging;
}

void let_follow(const BatchContext& context, const std::vector<View*>& views, Position head) {
    const sql::ViewStanding standing{sql::ViewState::following, head};
    sql::Transaction transaction(context.connection);
    for (const View* const view : views) {
        context.mandate.note(transaction, *view, standing, std::nullopt);
    }
    context.mandate.fence(transaction);
    transaction.commit();
    for (View* const view : views) view->standing = standing;
}

}  // namespace

bool CatchUp::step(const BatchContext& context, std::span<View* const> set, Position head) {
    const Lagging lagging = lagging_of(set, head);
    if (lagging.views.empty()) return false;
    if (lagging.from == head) {
        let_follow(context, lagging.views, head);
        return true;
    }
    std::size_t limit = page_size_.limit(context.options.batch_max);
    for (const View* const view : lagging.views) limit = std::min(limit, view->pace.limit());
    limit = std::min(limit, static_cast<std::size_t>(static_cast<std::int64_t>(lagging.to) -
                                                     static_cast<std::int64_t>(lagging.from)));
    if (!sql::read_recorded(context.connection, lagging.from, limit, page_.log,
                            PageSize::bytes_max)) {
        return false;
    }
    page_size_.read(page_.log);
    registry_.decode(page_.log.events, page_.decoded);
    reduce_recorded(context, lagging.views, page_, head);
    return true;
}

}  // namespace baton::orchestrator

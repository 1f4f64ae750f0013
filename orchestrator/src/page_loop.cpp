#include "page_loop.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "blame.hpp"
#include "page_apart.hpp"

namespace baton::orchestrator {
namespace {

// The message may quote an event.
std::string loggable(const Error& error) {
    const auto* const from_server = dynamic_cast<const sql::SqlError*>(&error);
    return from_server == nullptr ? error.what() : "SQLSTATE " + from_server->sqlstate();
}

bool may_fold_at_once(const PageWork& work, const Page& page) {
    if (page.log.first_position <= work.apart_until) return false;
    return std::ranges::none_of(work.views, [&](const View* view) {
        return view->aside_until ||
               (work.ledger.is_recorded() && !skipped_in(work.context, *view, page).empty());
    });
}

std::chrono::milliseconds time_for_more(const PageWork& work, const GroupCommit& group,
                                        const Page& page) {
    // A SQL reducer folds in the statement that writes, so it would write no less, and the
    // transaction would be longer.
    const bool must_keep_page =
        std::ranges::any_of(work.views, [](const View* view) { return view->needs_pages(); });
    if (must_keep_page || !work.has_more(page)) return {};
    return group.time_left();
}

void give_back(const PageWork& work, std::unique_ptr<Page> page) {
    work.reader.pages().give_back(std::move(page));
    work.reader.limit_events(pace_of(work.views, work.context.options.batch_max));
}

Position end_of(const Page& page) { return page.log.events.back().position; }

// Why several pages were not committed; "" if they were.
std::string commit(GroupCommit& group) {
    try {
        group.commit();
        return {};
    } catch (const Refusal& refusal) {
        return refusal.reason.loggable();
    } catch (const CommitRefusal& refusal) {
        return "SQLSTATE " + refusal.sqlstate;
    } catch (const Error& error) {
        // What reducing them apart deals with: by waiting, or by setting an event apart.
        if (!sql::is_passing(error) && error.code() != ErrorCode::statement_failed) throw;
        return loggable(error);
    }
}

// Ends the group of a page, whatever comes of it; false if a view refused it.
bool commit_at_once(std::optional<GroupCommit>& group) {
    bool is_committed = false;
    try {
        group->commit();
        is_committed = true;
    } catch (const Refusal&) {
        // Whose event that is, reduce_apart() finds out.
    } catch (const CommitRefusal&) {
        // Likewise.
    } catch (...) {
        group.reset();
        throw;
    }
    group.reset();
    return is_committed;
}

// `group` has the page, if that could be folded at once.
void reduce_single(const PageWork& work, std::unique_ptr<Page> page,
                   std::optional<GroupCommit>& group) {
    const auto step = [&] {
        if (group && commit_at_once(group)) return;
        reduce_apart(work.context, work.views, *page, work.ledger);
    };
    if (work.with_retries(step)) work.done(end_of(*page));
    give_back(work, std::move(page));
}

}  // namespace

std::size_t pace_of(const std::vector<View*>& views, std::size_t limit) {
    for (const View* const view : views) limit = std::min(limit, view->pace.limit());
    return limit;
}

bool reduce_pages(const PageWork& work, std::unique_ptr<Page> page) {
    std::optional<GroupCommit> group(std::in_place, work.context, work.views, work.ledger);
    Position last{0};
    while (page && may_fold_at_once(work, *page) && group->fold(*page)) {
        last = end_of(*page);
        const std::chrono::milliseconds time_left = time_for_more(work, *group, *page);
        if (time_left.count() == 0 && group->pages() == 1) {
            reduce_single(work, std::move(page), group);
            return true;
        }
        give_back(work, std::move(page));
        page = time_left.count() > 0 ? work.reader.pages().take_more(time_left) : nullptr;
    }
    if (group->pages() > 0) {
        const std::string refused = commit(*group);
        if (!refused.empty()) {
            log().warn("{} pages of a backlog refused at once ({}): reading them again, one by one",
                       group->pages(), refused);
            work.apart_until = last;
            return false;
        }
        work.done(last);
    }
    group.reset();
    if (page) reduce_single(work, std::move(page), group);
    return true;
}

}  // namespace baton::orchestrator

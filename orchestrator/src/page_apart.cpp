#include "page_apart.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "blame.hpp"
#include "page_folder.hpp"

namespace baton::orchestrator {
namespace {

// For as long as a view that was set aside is tried again: somebody who still holds the lock must
// not hold up the others.
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

// A server that became read-only, or a stranger's setting, is no view's fault; a reducer that says
// so of its own is at fault.
void require_writable(const FoldContext& context, const Refusal& refusal) {
    if (refusal.reason.sqlstate != "25006") return;
    if (context.connection.exec("show transaction_read_only").only().text(0) != "on") return;
    throw Error(ErrorCode::server_read_only, refusal.reason.error);
}

// Says why a view was refused, if one was.
std::optional<Refusal> try_page(const FoldContext& context, std::span<View* const> views,
                                const Page& page, EventLedger& ledger, PageFolder& folder) {
    GroupCommit group(context, views, ledger);
    try {
        group.take(
            page, [&] { return folder.fold(views); }, folder.checks_constraints());
        group.commit();
    } catch (const Refusal& refusal) {
        return refusal;
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::size_t> skipped_in(const FoldContext& context, const View& view,
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

void reduce_apart(const FoldContext& context, std::span<View* const> views, const Page& page,
                  EventLedger& ledger) {
    const ShortPatience patience(context.connection, views);
    PageFolder folder(context, page, ledger.is_recorded());
    if (ledger.is_recorded()) {
        for (View* const view : views) folder.set_skipped(*view, skipped_in(context, *view, page));
    }
    for (;;) {
        try {
            const std::optional<Refusal> refusal = try_page(context, views, page, ledger, folder);
            if (!refusal) return;
            require_writable(context, *refusal);
            if (refusal->waits) {
                folder.set_aside(*refusal);
            } else {
                folder.find_unfoldable(*refusal);
            }
        } catch (const CommitRefusal&) {
            folder.check_constraints();
        }
    }
}

}  // namespace baton::orchestrator

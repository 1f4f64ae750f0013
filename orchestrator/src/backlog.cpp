#include "backlog.hpp"

#include <algorithm>
#include <string>

#include "baton/base/fault.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "blame.hpp"

namespace baton::orchestrator {
namespace {

// What reduce_batch() knows to deal with: by waiting, or by setting an event apart.
bool is_refusal(const Error& error) {
    return sql::is_passing(error) || error.code() == ErrorCode::statement_failed;
}

// The message may quote an event.
std::string loggable(const Error& error) {
    const auto* const from_server = dynamic_cast<const sql::SqlError*>(&error);
    return from_server == nullptr ? error.what() : "SQLSTATE " + from_server->sqlstate();
}

// However long the lease: the views stand still meanwhile.
constexpr std::chrono::milliseconds time_max{2000};

}  // namespace

bool Backlog::fold(const Page& page) {
    const Clock::time_point started = Clock::now();
    std::vector<View*> folded;
    for (View* const view : views_) {
        if (!fold(*view, page)) {
            for (View* const other : folded) other->forget_last_fold();
            return false;
        }
        folded.push_back(view);
    }
    pages_.push_back({page.log.range(), started});
    return true;
}

bool Backlog::fold(View& view, const Page& page) const {
    context_.mandate.keep();
    const Clock::time_point started = Clock::now();
    const std::size_t count = page.log.events.size();
    try {
        if (view.fold({page, 0, count, is_recorded_})) return false;
    } catch (const Error& error) {
        if (!is_refusal(error) && !is_of_view(error)) throw;
        return false;
    }
    const Clock::duration took = Clock::now() - started;
    view.pace.folded(count, took);
    if (took > context_.mandate.length()) {
        view.forget_last_fold();
        return false;
    }
    fault_point("after_reduce");
    return true;
}

bool Backlog::is_of_view(const Error& error) const {
    const auto* const from_server = dynamic_cast<const sql::SqlError*>(&error);
    return from_server != nullptr && is_of_statement(context_.connection, *from_server);
}

std::chrono::milliseconds Backlog::time_left() const {
    for (const View* const view : views_) {
        if (view->unwritten_rows() > context_.options.batch_max) return {};
    }
    const auto left = std::min(context_.mandate.length() / 4, time_max) - (Clock::now() - started_);
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left),
                    std::chrono::milliseconds(0));
}

bool Backlog::commit(const Record& record) {
    try {
        write(record);
    } catch (const Error& error) {
        for (View* const view : views_) view->rolled_back();
        if (!is_refusal(error) && !(is_of_views_ && is_of_view(error))) throw;
        log().warn("{} pages of a backlog refused at once ({}): reading them again, one by one",
                   pages_.size(), loggable(error));
        return false;
    }
    for (View* const view : views_) view->committed();
    return true;
}

void Backlog::write(const Record& record) {
    context_.mandate.keep();
    sql::Transaction transaction(context_.connection);
    is_of_views_ = true;
    for (View* const view : views_) view->write(transaction);
    fault_point("before_checkpoint");
    is_of_views_ = false;
    record(transaction, pages_);
    fault_point("before_commit");
    // Of what the views' statements left to be checked then.
    is_of_views_ = true;
    transaction.commit();
    fault_point("after_commit");
}

}  // namespace baton::orchestrator

#include "blame.hpp"

#include "baton/base/text.hpp"
#include "view.hpp"

namespace baton::orchestrator {

void refuse(const sql::Connection& connection, View& view, const sql::SqlError& error,
            std::chrono::milliseconds lease, std::chrono::steady_clock::duration took) {
    if (!is_of_statement(connection, error)) throw;
    const std::string& state = error.sqlstate();
    Reason reason{storable_text(error.what()), state};
    if (!sql::may_pass(state)) throw Refusal{&view, std::move(reason)};
    const auto patience = view.aside_until ? lock_patience_aside : lock_patience(lease);
    const bool waits = state == "55P03" && took >= patience * 3 / 4;
    if (++view.refusals < (waits ? lock_tries : tries_of(state))) {
        throw Error(waits ? ErrorCode::lock_unavailable : ErrorCode::transaction_retry,
                    "view " + view.name() + " is refused (SQLSTATE " + state + ")" +
                        (waits ? ": somebody else holds a lock on it" : ""));
    }
    throw Refusal{&view, std::move(reason), waits};
}

}  // namespace baton::orchestrator

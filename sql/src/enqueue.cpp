#include "baton/sql/enqueue.hpp"

#include <pqxx/dbtransaction>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/parameter.hpp"
#include "baton/sql/result.hpp"
#include "baton/types/json.hpp"
#include "dispatch_refusal.hpp"

namespace baton {
namespace {

// libpq would take a NUL for the end of a text, and Postgres says of bad JSON not whose it is.
void require_json(std::string_view handler, std::string_view name, std::string_view json) {
    const std::optional<std::string> fault = types::json_fault(json);
    if (!fault) return;
    throw Error(ErrorCode::event_invalid, "a task for " + std::string(handler) + ": " +
                                              std::string(name) +
                                              " is no JSON that Postgres can store: " + *fault);
}

std::optional<std::string> text_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return sql::Parameter(*text).to_text();
}

const char* pointer_to(const std::optional<std::string>& text) {
    return text ? text->c_str() : nullptr;
}

}  // namespace

// No prepared statement: behind a pooler the next transaction may be in another session.
TaskId enqueue(pqxx::transaction_base& transaction, std::string_view handler,
               std::string_view payload, const EnqueueOptions& options) {
    sql::require_utf8(transaction.conn());
    const std::string name = sql::Parameter(handler).to_text();
    require_json(name, "payload", payload);
    if (options.meta) require_json(name, "meta", *options.meta);
    std::optional<std::string> run_at;
    if (options.run_at) run_at = options.run_at->text();
    const std::optional<std::string> tenant = text_of(options.tenant);
    const std::optional<std::string> lane = text_of(options.lane);
    const std::string labels = sql::Parameter(sql::text_array(options.labels)).to_text();
    return sql::translating(
        transaction.conn(),
        [&] {
            const sql::Result rows(transaction.exec_params(
                "select enqueue($1, $2::jsonb, $3::timestamptz, $4::integer, $5::text[], $6,"
                " $7::jsonb, $8::integer, lane => $9)",
                name, std::string(payload), pointer_to(run_at), options.priority, labels,
                pointer_to(tenant), pointer_to(options.meta), options.schema_version,
                pointer_to(lane)));
            return TaskId(rows.only().integer(0));
        },
        "enqueue");
}

}  // namespace baton

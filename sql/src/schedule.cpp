#include "baton/sql/schedule.hpp"

#include <pqxx/dbtransaction>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/parameter.hpp"
#include "baton/sql/result.hpp"
#include "baton/types/json.hpp"
#include "dispatch_refusal.hpp"

namespace baton {
namespace {

std::optional<std::string> text_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return sql::Parameter(*text).to_text();
}

std::optional<std::string> text_of(const std::optional<Timestamp>& time) {
    if (!time) return std::nullopt;
    return time->text();
}

const char* pointer_to(const std::optional<std::string>& text) {
    return text ? text->c_str() : nullptr;
}

}  // namespace

// No prepared statement: behind a pooler the next transaction may be in another session.
Scheduled schedule(pqxx::transaction_base& transaction, std::string_view name,
                   std::string_view spec, const ScheduleOf& of, std::string_view payload,
                   const ScheduleOptions& options) {
    sql::require_utf8(transaction.conn());
    const std::string known = sql::Parameter(name).to_text();
    if (const auto fault = types::json_fault(payload)) {
        throw Error(
            ErrorCode::event_invalid,
            "schedule " + known + ": payload is no JSON that Postgres can store: " + *fault);
    }
    const std::optional<std::string> handler = text_of(of.handler);
    const std::optional<std::string> event_type = text_of(of.event_type);
    const std::optional<std::string> key = text_of(options.key);
    const std::optional<std::string> tenant = text_of(options.tenant);
    const std::optional<std::string> overlap = text_of(options.overlap);
    const std::optional<std::string> starts_at = text_of(options.starts_at);
    const std::optional<std::string> ends_at = text_of(options.ends_at);
    const std::string labels = sql::Parameter(sql::text_array(options.labels)).to_text();
    return sql::translating(
        transaction.conn(),
        [&] {
            const sql::Result rows(transaction.exec_params(
                "select schedule($1, $2, $3, $4::jsonb, $5, $6, $7, $8::integer, $9::text[], $10,"
                " $11, $12, $13::integer, $14::interval, $15::interval, $16::timestamptz,"
                " $17::timestamptz)",
                known, sql::Parameter(spec).to_text(), pointer_to(handler), std::string(payload),
                pointer_to(event_type), pointer_to(key), pointer_to(tenant), options.priority,
                labels, sql::Parameter(options.zone).to_text(), pointer_to(overlap),
                sql::Parameter(options.missed).to_text(), options.missed_limit,
                std::to_string(options.missed_window.count()) + " s",
                std::to_string(options.jitter.count()) + " ms", pointer_to(starts_at),
                pointer_to(ends_at)));
            const std::string_view done = rows.only().text(0);
            return done == "added"     ? Scheduled::added
                   : done == "changed" ? Scheduled::changed
                                       : Scheduled::same;
        },
        "schedule");
}

}  // namespace baton

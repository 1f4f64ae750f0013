#include "baton/sql/enqueue.hpp"

#include <algorithm>

#include <pqxx/dbtransaction>
#include <pqxx/transaction>

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

std::optional<std::string> interval_of(const std::optional<std::chrono::milliseconds>& time) {
    if (!time) return std::nullopt;
    return std::to_string(time->count()) + " ms";
}

const char* name_of(OnConflict on_conflict) {
    return on_conflict == OnConflict::skip ? "skip" : "replace";
}

const char* name_of(WhenFailed when_failed) {
    switch (when_failed) {
        case WhenFailed::cancel:
            return "cancel";
        case WhenFailed::run:
            return "run";
        case WhenFailed::hold:
            return "hold";
    }
    return "cancel";
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
    const std::optional<std::string> unique_key = text_of(options.unique_key);
    const std::optional<std::string> longest_wait = interval_of(options.longest_wait);
    const std::optional<std::string> every = interval_of(options.every);
    std::optional<std::string> after;
    if (options.after) after = std::to_string(static_cast<std::int64_t>(*options.after));
    std::optional<std::string> expires_at;
    if (options.expires_at) expires_at = options.expires_at->text();
    const std::string labels = sql::Parameter(sql::text_array(options.labels)).to_text();
    return sql::translating(
        transaction.conn(),
        [&] {
            const sql::Result rows(transaction.exec_params(
                "select enqueue($1, $2::jsonb, $3::timestamptz, $4::integer, $5::text[], $6,"
                " $7::jsonb, $8::integer, lane => $9, unique_key => $10, on_conflict => $11,"
                " longest_wait => $12::interval, every => $13::interval, after => $14::bigint,"
                " when_failed => $15, expires_at => $16::timestamptz)",
                name, std::string(payload), pointer_to(run_at), options.priority, labels,
                pointer_to(tenant), pointer_to(options.meta), options.schema_version,
                pointer_to(lane), pointer_to(unique_key), name_of(options.on_conflict),
                pointer_to(longest_wait), pointer_to(every), pointer_to(after),
                name_of(options.when_failed), pointer_to(expires_at)));
            return TaskId(rows.only().integer(0));
        },
        "enqueue");
}

TaskResult wait_for_task(pqxx::connection_base& connection, TaskId task,
                         std::chrono::milliseconds timeout) {
    using Clock = std::chrono::steady_clock;
    using std::chrono::milliseconds;
    const auto end = Clock::now() + timeout;
    for (;;) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        const milliseconds look = std::clamp(left, milliseconds(0), milliseconds(1000));
        try {
            return sql::translating(
                connection,
                [&] {
                    pqxx::work session(connection);
                    // Whatever the role or the database sets: else it would not see the end.
                    session.exec("set transaction isolation level read committed");
                    const sql::Result rows(session.exec_params(
                        "select state, result, error from wait_for_task($1, $2::interval)",
                        static_cast<std::int64_t>(task), std::to_string(look.count()) + " ms"));
                    const sql::Row row = rows.only();
                    const auto error = row.text_or_null(2);
                    return TaskResult{std::string(row.text(0)),
                                      std::string(row.text_or_null(1).value_or("{}")),
                                      error ? std::optional(std::string(*error)) : std::nullopt};
                },
                "waiting for a task");
        } catch (const Error& error) {
            if (error.code() != ErrorCode::wait_timeout) throw;
            if (Clock::now() < end) continue;
            throw Error(ErrorCode::wait_timeout,
                        "task " + std::to_string(static_cast<std::int64_t>(task)) +
                            " has not ended after " + std::to_string(timeout.count()) +
                            " ms; `baton tasks why` tells what it waits for");
        }
    }
}

}  // namespace baton

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

// What is said of a task, or of many, as Postgres reads it.
struct OptionTexts {
    OptionTexts(const std::string& handler, const EnqueueOptions& options)
        : tenant(text_of(options.tenant)),
          lane(text_of(options.lane)),
          longest_wait(interval_of(options.longest_wait)),
          every(interval_of(options.every)),
          labels(sql::Parameter(sql::text_array(options.labels)).to_text()) {
        if (options.meta) require_json(handler, "meta", *options.meta);
        if (options.run_at) run_at = options.run_at->text();
        if (options.after) after = std::to_string(static_cast<std::int64_t>(*options.after));
        if (options.expires_at) expires_at = options.expires_at->text();
    }

    std::optional<std::string> tenant;
    std::optional<std::string> lane;
    std::optional<std::string> longest_wait;
    std::optional<std::string> every;
    std::string labels;
    std::optional<std::string> run_at = std::nullopt;
    std::optional<std::string> after = std::nullopt;
    std::optional<std::string> expires_at = std::nullopt;
};

// Runs `statement`, whose parameters are the handler, the payload, the unique key, then the rest,
// and what it ends with. No prepared statement: behind a pooler the next transaction may be in
// another session.
sql::Result call(pqxx::transaction_base& transaction, const std::string& statement,
                 const std::string& end, const std::string& handler, const std::string& payload,
                 const std::optional<std::string>& unique_key, const EnqueueOptions& options) {
    const OptionTexts texts(handler, options);
    return sql::translating(
        transaction.conn(),
        [&] {
            return sql::Result(transaction.exec_params(
                statement +
                    ", run_at => $4::timestamptz, priority => $5::integer, labels => $6::text[],"
                    " tenant => $7, meta => $8::jsonb, schema_version => $9::integer,"
                    " lane => $10, on_conflict => $11, longest_wait => $12::interval,"
                    " every => $13::interval, after => $14::bigint, when_failed => $15,"
                    " expires_at => $16::timestamptz" +
                    end,
                handler, payload, pointer_to(unique_key), pointer_to(texts.run_at),
                options.priority, texts.labels, pointer_to(texts.tenant), pointer_to(options.meta),
                options.schema_version, pointer_to(texts.lane), name_of(options.on_conflict),
                pointer_to(texts.longest_wait), pointer_to(texts.every), pointer_to(texts.after),
                name_of(options.when_failed), pointer_to(texts.expires_at)));
        },
        "enqueue");
}

}  // namespace

TaskId enqueue(pqxx::transaction_base& transaction, std::string_view handler,
               std::string_view payload, const EnqueueOptions& options) {
    sql::require_utf8(transaction.conn());
    const std::string name = sql::Parameter(handler).to_text();
    require_json(name, "payload", payload);
    const sql::Result rows =
        call(transaction, "select enqueue($1, $2::jsonb, unique_key => $3", ")", name,
             std::string(payload), text_of(options.unique_key), options);
    return TaskId(rows.only().integer(0));
}

std::vector<TaskId> enqueue_many(pqxx::transaction_base& transaction, std::string_view handler,
                                 std::span<const std::string> payloads,
                                 const EnqueueOptions& options,
                                 const std::vector<std::string>& unique_keys) {
    sql::require_utf8(transaction.conn());
    const std::string name = sql::Parameter(handler).to_text();
    for (const std::string& payload : payloads) require_json(name, "payload", payload);
    if (options.unique_key) {
        throw Error(ErrorCode::task_invalid,
                    "many tasks cannot have one unique key: name unique_keys, one for each");
    }
    std::optional<std::string> keys;
    if (!unique_keys.empty()) keys = sql::Parameter(sql::text_array(unique_keys)).to_text();
    const sql::Result rows = call(
        transaction,
        "select pg_catalog.unnest(enqueue_many($1, $2::jsonb[], unique_keys => $3::text[]", "))",
        name, sql::Parameter(sql::text_array({payloads.begin(), payloads.end()})).to_text(), keys,
        options);
    std::vector<TaskId> ids;
    ids.reserve(rows.size());
    for (const sql::Row& row : rows) ids.push_back(TaskId(row.integer(0)));
    return ids;
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

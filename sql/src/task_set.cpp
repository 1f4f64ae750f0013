#include "baton/sql/task_set.hpp"

#include <pqxx/dbtransaction>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/parameter.hpp"
#include "baton/sql/result.hpp"
#include "baton/types/json.hpp"
#include "dispatch_refusal.hpp"

namespace baton {
namespace {

void require_json(const std::string& name, const std::string& payload) {
    if (const std::optional<std::string> fault = types::json_fault(payload)) {
        throw Error(ErrorCode::event_invalid, "the payload of member " + name +
                                                  " is no JSON that Postgres can store: " + *fault);
    }
}

std::string json_of(const MemberPayloads& members) {
    std::string json = "{";
    for (const auto& [name, payload] : members) {
        require_json(name, payload);
        json += (json.size() > 1 ? "," : "") + json_quoted(name) + ":" + payload;
    }
    return json + "}";
}

}  // namespace

// No prepared statement: behind a pooler the next transaction may be in another session.
TaskSetId open_task_set(pqxx::transaction_base& transaction, std::string_view handler,
                        std::string_view key, const MemberPayloads& members,
                        const TaskSetOptions& options) {
    sql::require_utf8(transaction.conn());
    std::optional<std::string> deadline;
    if (options.deadline) deadline = std::to_string(options.deadline->count()) + " s";
    const std::string payloads = sql::Parameter(json_of(members)).to_text();
    return sql::translating(
        transaction.conn(),
        [&] {
            const sql::Result rows(transaction.exec_params(
                "select open_task_set($1, $2, $3::jsonb, $4::text[], $5::boolean, $6,"
                " $7::interval, $8, $9::interval, $10::text[])",
                sql::Parameter(handler).to_text(), sql::Parameter(key).to_text(), payloads,
                sql::Parameter(sql::text_array(options.inputs)).to_text(), options.seal,
                options.restart_on_promotion ? "restart" : "finish",
                deadline ? deadline->c_str() : nullptr,
                options.restart_at_deadline ? "restart" : "abandon",
                std::to_string(options.kept.count()) + " s",
                sql::Parameter(sql::text_array(options.labels)).to_text()));
            return TaskSetId(rows.only().integer(0));
        },
        "open_task_set");
}

void touch_task_set(pqxx::transaction_base& transaction, std::string_view handler,
                    std::string_view key) {
    sql::require_utf8(transaction.conn());
    sql::translating(
        transaction.conn(),
        [&] {
            transaction.exec_params("select touch_task_set($1, $2)",
                                    sql::Parameter(handler).to_text(),
                                    sql::Parameter(key).to_text());
        },
        "touch_task_set");
}

TaskSetId open_task_set(pqxx::transaction_base& transaction, std::string_view view_set,
                        std::string_view key, const std::map<std::string, MemberTask>& members,
                        const TaskSetOptions& options) {
    MemberPayloads payloads;
    for (const auto& [name, task] : members) {
        require_json(name, task.payload);
        payloads.emplace(name, R"({"handler":)" + json_quoted(task.handler) + R"(,"payload":)" +
                                   task.payload + "}");
    }
    return open_task_set(transaction, view_set, key, payloads, options);
}

}  // namespace baton

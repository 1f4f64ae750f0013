#include "baton/sql/workflow.hpp"

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

const char* pointer_to(const std::optional<std::string>& text) {
    return text ? text->c_str() : nullptr;
}

void require_json(const std::string& what, std::string_view json, ErrorCode code) {
    if (const auto fault = types::json_fault(json)) {
        throw Error(code, what + " is no JSON that Postgres can store: " + *fault);
    }
}

}  // namespace

// No prepared statements: behind a pooler the next transaction may be in another session.
RunId start_workflow(pqxx::transaction_base& transaction, std::string_view name,
                     std::string_view payload, const RunOptions& options) {
    sql::require_utf8(transaction.conn());
    const std::string known = sql::Parameter(name).to_text();
    require_json("workflow " + known + ": the payload", payload, ErrorCode::event_invalid);
    if (options.meta) {
        require_json("workflow " + known + ": the meta", *options.meta, ErrorCode::event_invalid);
    }
    const std::optional<std::string> key = text_of(options.key);
    const std::optional<std::string> tenant = text_of(options.tenant);
    return sql::translating(
        transaction.conn(),
        [&] {
            const sql::Result rows(transaction.exec_params(
                "select start_workflow($1, $2::jsonb, $3, $4::integer, $5, $6::jsonb)", known,
                std::string(payload), pointer_to(key), options.version, pointer_to(tenant),
                pointer_to(options.meta)));
            return RunId(rows.only().integer(0));
        },
        "start_workflow");
}

std::string define_workflow(pqxx::transaction_base& transaction, std::string_view name, int version,
                            std::string_view steps, std::string_view on_failure) {
    sql::require_utf8(transaction.conn());
    const std::string known = sql::Parameter(name).to_text();
    require_json("workflow " + known + ": its steps", steps, ErrorCode::workflow_invalid);
    return sql::translating(
        transaction.conn(),
        [&] {
            const sql::Result rows(transaction.exec_params(
                "select define_workflow($1, $2::integer, $3::jsonb, $4)", known, version,
                std::string(steps), sql::Parameter(on_failure).to_text()));
            return std::string(rows.only().text(0));
        },
        "define_workflow");
}

}  // namespace baton

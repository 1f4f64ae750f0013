// Workflows from C++, inside the caller's own transaction. The other half is
// sql/functions/dispatch/start_workflow.sql and its neighbours, which say what each of this means;
// docs/workflows.md has all of it. The transaction's search_path names the environment's schema.
//
// Threads: no state is kept. Calls that share a transaction or its connection must not overlap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "baton/types/codec.hpp"

namespace pqxx {
class transaction_base;
}  // namespace pqxx

namespace baton {

/// What start_workflow() returns.
enum class RunId : std::int64_t {};

struct RunOptions {
    std::optional<std::string> key = std::nullopt;  ///< Of a workflow's runs one has it, ever.
    std::optional<int> version = std::nullopt;      ///< Unset: the live one.
    std::optional<std::string> tenant = std::nullopt;
    std::optional<std::string> meta = std::nullopt;  ///< JSON, about the run.
};

/// Starts a run; `payload` is JSON. One statement. Throws Error: workflow_unknown,
/// workflow_refused, workflow_invalid, event_invalid, event_too_large, statement_failed (no right
/// to), and what the transaction's loss means (see failure.hpp). After an error the transaction can
/// only be rolled back.
RunId start_workflow(pqxx::transaction_base& transaction, std::string_view name,
                     std::string_view payload = "{}", const RunOptions& options = {});

/// For structs with BATON_FIELDS: what the first step takes.
template <types::Declared Payload>
RunId start_workflow(pqxx::transaction_base& transaction, std::string_view name,
                     const Payload& payload, const RunOptions& options = {}) {
    return start_workflow(transaction, name, std::string_view(encode_json(payload)), options);
}

/// Says what a version of a workflow does; `steps` is JSON. Returns the definition's digest. Throws
/// Error: workflow_invalid, handler_unknown, task_invalid, and as start_workflow().
std::string define_workflow(pqxx::transaction_base& transaction, std::string_view name, int version,
                            std::string_view steps, std::string_view on_failure = "compensate");

}  // namespace baton

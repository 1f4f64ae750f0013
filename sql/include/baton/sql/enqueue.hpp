// Makes tasks from C++, inside the caller's own transaction: the task and the writes that it
// follows from commit together or not at all. As dispatch() in all else: the transaction's
// search_path names the environment's schema, nothing here begins, commits or retries a
// transaction, and it is safe through pgbouncer in transaction mode. The other half is
// sql/functions/dispatch/enqueue*.sql.
//
// Threads: no state is kept. Calls that share a transaction or its connection must not overlap.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "baton/types/codec.hpp"
#include "baton/types/task.hpp"
#include "baton/types/upcast.hpp"

namespace pqxx {
class connection_base;
class transaction_base;
}  // namespace pqxx

namespace baton {

/// Makes a task for the handler of that name, with a payload of JSON. Throws Error:
/// handler_unknown, queue_full, task_invalid, event_invalid, event_too_large, and what the
/// transaction's loss means (see failure.hpp). After an error the transaction can only be rolled
/// back.
TaskId enqueue(pqxx::transaction_base& transaction, std::string_view handler,
               std::string_view payload, const EnqueueOptions& options = {});

/// The same for a struct with BATON_FIELDS, as JSON, in the schema version of the struct.
template <types::Declared Payload>
TaskId enqueue(pqxx::transaction_base& transaction, std::string_view handler,
               const Payload& payload, EnqueueOptions options = {}) {
    options.schema_version = types::schema_version_of<Payload>;
    return enqueue(transaction, handler, std::string_view(encode_json(payload)), options);
}

/// Makes a task for each payload of JSON, in their order; what is said of them is said of all. A
/// unique key each has of its own: `unique_keys` has one for each payload, or is empty. Returns
/// their ids, in the order of the payloads. Throws as enqueue(); and Error(task_invalid) where the
/// options name one unique key for all, or there are not as many as payloads.
std::vector<TaskId> enqueue_many(pqxx::transaction_base& transaction, std::string_view handler,
                                 std::span<const std::string> payloads,
                                 const EnqueueOptions& options = {},
                                 const std::vector<std::string>& unique_keys = {});

/// The same for structs with BATON_FIELDS, as JSON, in their schema version.
template <types::Declared Payload>
std::vector<TaskId> enqueue_many(pqxx::transaction_base& transaction, std::string_view handler,
                                 std::span<const Payload> payloads, EnqueueOptions options = {},
                                 const std::vector<std::string>& unique_keys = {}) {
    options.schema_version = types::schema_version_of<Payload>;
    std::vector<std::string> texts;
    texts.reserve(payloads.size());
    for (const Payload& payload : payloads) texts.push_back(encode_json(payload));
    return enqueue_many(transaction, handler, std::span<const std::string>(texts), options,
                        unique_keys);
}

/// How a task has ended.
struct TaskResult {
    std::string state;   ///< done, dead, cancelled, replaced.
    std::string result;  ///< JSON; what the handler gave: "{}" where it gave nothing.
    /// Of the last attempt that failed; of one that was cancelled, who did that, and why.
    std::optional<std::string> error;
};

/// Waits until the task has ended, however it does. Call it after COMMIT, with no transaction open
/// on the connection, whose search_path names the environment's schema. It asks once a second, with
/// a statement that looks up to some ten times: no snapshot is held for longer. Throws Error:
/// wait_timeout, task_invalid (there is no such task), task_forgotten (it ended long ago), and what
/// a lost connection means.
TaskResult wait_for_task(pqxx::connection_base& connection, TaskId task,
                         std::chrono::milliseconds timeout = std::chrono::seconds(10));

}  // namespace baton

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
#include <string>
#include <string_view>
#include <vector>

#include "baton/types/codec.hpp"
#include "baton/types/date.hpp"
#include "baton/types/upcast.hpp"

namespace pqxx {
class connection_base;
class transaction_base;
}  // namespace pqxx

namespace baton {

/// What enqueue() returns.
enum class TaskId : std::int64_t {};

enum class OnConflict : std::uint8_t {
    skip,     ///< None is made; the id is that of the task that there is.
    replace,  ///< That one ends as replaced; where a node has it, the new one follows it.
};

enum class WhenFailed : std::uint8_t {
    cancel,  ///< It ends as cancelled, too.
    run,     ///< It is done nevertheless.
    hold,    ///< It waits until that one is retried, and done.
};

struct EnqueueOptions {
    std::optional<Timestamp> run_at = std::nullopt;  ///< Not before that; unset: at once.
    int priority = 0;                                ///< -1000 to 1000; higher goes first.
    std::vector<std::string> labels = {};            ///< What a node must have beside the handler.
    std::optional<std::string> tenant = std::nullopt;
    std::optional<std::string> meta = std::nullopt;  ///< JSON text.
    int schema_version = 1;                          ///< Which shape of the payload this is.
    std::optional<std::string> lane = std::nullopt;  ///< What must not be done all at once.
    /// Of a handler one task at a time has it, until its end.
    std::optional<std::string> unique_key = std::nullopt;
    OnConflict on_conflict = OnConflict::skip;  ///< While another task has the key.
    /// With replace and run_at: not put off for longer than that.
    std::optional<std::chrono::milliseconds> longest_wait = std::nullopt;
    /// Those of the key become ready so far from each other, at least.
    std::optional<std::chrono::milliseconds> every = std::nullopt;
    std::optional<TaskId> after = std::nullopt;  ///< That has to be done before.
    WhenFailed when_failed =
        WhenFailed::cancel;  ///< Where `after` is not done, but ends otherwise.
    /// Worth nothing after that: it ends as cancelled, unless a node has it.
    std::optional<Timestamp> expires_at = std::nullopt;
};

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

// Opens task sets from C++, inside the caller's own transaction, as enqueue() makes tasks: see
// there, and docs/task_sets.md. The other half is sql/functions/dispatch/*task_set.sql.
//
// Threads: no state is kept. Calls that share a transaction or its connection must not overlap.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/types/codec.hpp"

namespace pqxx {
class transaction_base;
}

namespace baton {

/// What open_task_set() returns.
enum class TaskSetId : std::int64_t {};

struct TaskSetOptions {
    std::vector<std::string> inputs = {};  ///< Views whose rows are kept for the members.
    bool seal = true;                      ///< There are no further members.
    /// Another version is promoted: another set takes its place; else its own version finishes it.
    bool restart_on_promotion = false;
    /// It is abandoned after that time, or restarted. Unset: never.
    std::optional<std::chrono::seconds> deadline = std::nullopt;
    bool restart_at_deadline = false;
    /// How long its rows are kept once readers see those of a newer set.
    std::chrono::seconds kept = std::chrono::hours(24 * 30);
    std::vector<std::string> labels = {};  ///< What a node must have beside the handler.
};

/// Members by their names, each with a payload of JSON.
using MemberPayloads = std::map<std::string, std::string, std::less<>>;

/// Makes the tasks of a set, pinned to the handler's live version and to the end of the log.
/// Throws Error: handler_unknown, task_set_open, task_invalid, view_unknown, event_invalid,
/// event_too_large, and what the transaction's loss means (see failure.hpp). After an error the
/// transaction can only be rolled back. Promotions of the handler wait until it ends.
TaskSetId open_task_set(pqxx::transaction_base& transaction, std::string_view handler,
                        std::string_view key, const MemberPayloads& members,
                        const TaskSetOptions& options = {});

/// A member of the set of a view set, which names the handlers: one of these, and JSON.
struct MemberTask {
    std::string handler;
    std::string payload;
};

/// The same for a view set whose live version names handlers (docs/rollout.md): each member is done
/// by its handler, in the version that the set names. Promotions of the view set wait. Throws also
/// Error(task_invalid): a member's handler is none of the set's.
TaskSetId open_task_set(pqxx::transaction_base& transaction, std::string_view view_set,
                        std::string_view key, const std::map<std::string, MemberTask>& members,
                        const TaskSetOptions& options = {});

/// For structs with BATON_FIELDS.
template <types::Declared Payload>
TaskSetId open_task_set(pqxx::transaction_base& transaction, std::string_view handler,
                        std::string_view key, const std::map<std::string, Payload>& members,
                        const TaskSetOptions& options = {}) {
    MemberPayloads payloads;
    for (const auto& [name, payload] : members) payloads.emplace(name, encode_json(payload));
    return open_task_set(transaction, handler, key, payloads, options);
}

template <types::Declared Payload>
MemberTask member_task(std::string_view handler, const Payload& payload) {
    return {std::string(handler), encode_json(payload)};
}

/// What the sets of a key depend on has changed: one next set follows, see touch_task_set.sql.
/// Throws Error(handler_unknown), and what the transaction's loss means.
void touch_task_set(pqxx::transaction_base& transaction, std::string_view handler,
                    std::string_view key);

}  // namespace baton

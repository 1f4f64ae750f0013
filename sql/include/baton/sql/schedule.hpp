// Schedules from C++, inside the caller's own transaction: what is made again and again. The other
// half is sql/functions/operate/schedule.sql, which says what each of this means; docs/schedules.md
// has all of it. The transaction's search_path names the environment's schema, and its login is a
// member of the group role _orchestrate.
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

namespace pqxx {
class transaction_base;
}  // namespace pqxx

namespace baton {

/// What each slot becomes: a task of a handler, or an event.
struct ScheduleOf {
    std::optional<std::string> handler = std::nullopt;
    std::optional<std::string> event_type = std::nullopt;  ///< One of the two.
};

struct ScheduleOptions {
    std::string zone = "UTC";                       ///< Whose time it is: "Europe/Berlin".
    std::optional<std::string> key = std::nullopt;  ///< Of the event.
    std::optional<std::string> tenant = std::nullopt;
    int priority = 0;                      ///< Of the task: -1000 to 1000.
    std::vector<std::string> labels = {};  ///< What a node must have for the task.
    /// skip, queue, cancel or allow; unset: skip, of an event allow.
    std::optional<std::string> overlap = std::nullopt;
    std::string missed = "last";                                  ///< Or skip, or all:
    int missed_limit = 100;                                       ///< so many at most,
    std::chrono::seconds missed_window = std::chrono::hours(24);  ///< of so far back.
    std::chrono::milliseconds jitter{0};                          ///< Up to so much later.
    std::optional<Timestamp> starts_at = std::nullopt;
    std::optional<Timestamp> ends_at = std::nullopt;
};

enum class Scheduled { added, changed, same };

/// Makes a schedule, or has the one of that name be what is said now. `payload` is JSON. One
/// statement. Throws Error: schedule_invalid, handler_unknown, event_type_unknown, task_invalid,
/// event_invalid, event_too_large, statement_failed (no right to), and what the transaction's loss
/// means (see failure.hpp). After an error the transaction can only be rolled back.
Scheduled schedule(pqxx::transaction_base& transaction, std::string_view name,
                   std::string_view spec, const ScheduleOf& of, std::string_view payload = "{}",
                   const ScheduleOptions& options = {});

/// A task of that handler at each slot, with a struct with BATON_FIELDS as its payload.
template <types::Declared Payload>
Scheduled schedule(pqxx::transaction_base& transaction, std::string_view name,
                   std::string_view spec, std::string_view handler, const Payload& payload,
                   const ScheduleOptions& options = {}) {
    return schedule(transaction, name, spec, ScheduleOf{.handler = std::string(handler)},
                    std::string_view(encode_json(payload)), options);
}

}  // namespace baton

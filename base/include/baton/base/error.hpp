// What can go wrong, and what the caller can do about it.
//
// Every error that Baton throws is a baton::Error. Its code is a row of the catalogue below; the
// same five characters are the SQLSTATE that the SQL functions raise, what ends the line
// of a failed command, the field `code` of a log line, and the heading in docs/errors.md. A caller
// decides by the properties, not by the type.
//
// Threads: values only.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace baton {

/// The catalogue: BATON_ERROR(name, code, retryable). `retryable` says whether the same call, made
/// again unchanged in a new transaction, can succeed. docs/errors.md explains each.
#define BATON_ERROR_CATALOGUE(BATON_ERROR)               \
    BATON_ERROR(event_invalid, "BT001", false)           \
    BATON_ERROR(event_too_large, "BT002", false)         \
    BATON_ERROR(dispatch_conflict, "BT003", false)       \
    BATON_ERROR(overloaded, "BT004", true)               \
    BATON_ERROR(wait_timeout, "BT005", true)             \
    BATON_ERROR(wait_impossible, "BT006", false)         \
    BATON_ERROR(view_halted, "BT007", false)             \
    BATON_ERROR(event_unknown, "BT008", false)           \
    BATON_ERROR(not_installed, "BT009", false)           \
    BATON_ERROR(schema_newer, "BT010", false)            \
    BATON_ERROR(deposed, "BT011", false)                 \
    BATON_ERROR(build_mismatch, "BT012", false)          \
    BATON_ERROR(reducer_invalid, "BT013", false)         \
    BATON_ERROR(name_invalid, "BT014", false)            \
    BATON_ERROR(server_read_only, "BT015", true)         \
    BATON_ERROR(settings_invalid, "BT016", false)        \
    BATON_ERROR(connection_lost, "BT017", true)          \
    BATON_ERROR(outcome_unknown, "BT018", false)         \
    BATON_ERROR(statement_failed, "BT019", false)        \
    BATON_ERROR(transaction_retry, "BT020", true)        \
    BATON_ERROR(decode_failed, "BT021", false)           \
    BATON_ERROR(event_poisoned, "BT022", false)          \
    BATON_ERROR(view_unknown, "BT023", false)            \
    BATON_ERROR(postgres_missing, "BT024", false)        \
    BATON_ERROR(limit_invalid, "BT025", false)           \
    BATON_ERROR(lock_unavailable, "BT026", true)         \
    BATON_ERROR(usage, "BT027", false)                   \
    BATON_ERROR(environment_mismatch, "BT028", false)    \
    BATON_ERROR(machine_not_enrolled, "BT029", false)    \
    BATON_ERROR(machine_elsewhere, "BT030", false)       \
    BATON_ERROR(token_refused, "BT031", false)           \
    BATON_ERROR(machine_revoked, "BT032", false)         \
    BATON_ERROR(origin_refused, "BT033", false)          \
    BATON_ERROR(version_unknown, "BT034", false)         \
    BATON_ERROR(promotion_refused, "BT035", false)       \
    BATON_ERROR(event_version_unknown, "BT036", false)   \
    BATON_ERROR(handler_unknown, "BT037", false)         \
    BATON_ERROR(node_ended, "BT038", false)              \
    BATON_ERROR(claim_lost, "BT039", false)              \
    BATON_ERROR(event_type_unknown, "BT040", false)      \
    BATON_ERROR(event_dead, "BT041", false)              \
    BATON_ERROR(task_invalid, "BT042", false)            \
    BATON_ERROR(schema_untrusted, "BT043", false)        \
    BATON_ERROR(handler_invalid, "BT044", false)         \
    BATON_ERROR(stream_failed, "BT045", false)           \
    BATON_ERROR(bus_misused, "BT046", false)             \
    BATON_ERROR(event_local, "BT047", false)             \
    BATON_ERROR(queue_full, "BT048", true)               \
    BATON_ERROR(environment_not_adopted, "BT049", false) \
    BATON_ERROR(task_forgotten, "BT050", false)          \
    BATON_ERROR(task_set_ended, "BT051", false)          \
    BATON_ERROR(task_set_open, "BT052", true)            \
    BATON_ERROR(bus_unavailable, "BT053", true)          \
    BATON_ERROR(recording_failed, "BT054", false)        \
    BATON_ERROR(effect_invalid, "BT055", false)          \
    BATON_ERROR(effect_chain, "BT056", false)            \
    BATON_ERROR(schedule_invalid, "BT057", false)        \
    BATON_ERROR(schedule_unknown, "BT058", false)        \
    BATON_ERROR(capture_refused, "BT059", false)         \
    BATON_ERROR(capture_broken, "BT060", false)          \
    BATON_ERROR(bookmark_cut, "BT061", false)            \
    BATON_ERROR(bookmark_lost, "BT062", false)           \
    BATON_ERROR(workflow_invalid, "BT064", false)        \
    BATON_ERROR(workflow_unknown, "BT065", false)        \
    BATON_ERROR(workflow_refused, "BT066", false)        \
    BATON_ERROR(endpoint_unknown, "BT067", false)        \
    BATON_ERROR(tenant_unknown, "BT068", false)          \
    BATON_ERROR(tenant_refused, "BT069", false)          \
    BATON_ERROR(lane_full, "BT070", true)                \
    BATON_ERROR(log_gone, "BT071", false)

enum class ErrorCode : std::uint8_t {
#define BATON_ERROR(name, code, retryable) name,
    BATON_ERROR_CATALOGUE(BATON_ERROR)
#undef BATON_ERROR
};

/// The catalogue name: "event_invalid".
[[nodiscard]] std::string_view name_of(ErrorCode code) noexcept;
/// The SQLSTATE: "BT001".
[[nodiscard]] std::string_view sqlstate_of(ErrorCode code) noexcept;
/// Whether the same call can succeed when it is made again in a new transaction.
[[nodiscard]] bool is_retryable(ErrorCode code) noexcept;
/// `message` as a line shows it: "no such view [BT023]". docs/errors.md has a heading for each
/// code.
[[nodiscard]] std::string with_code(ErrorCode code, std::string_view message);
/// The code whose SQLSTATE is `sqlstate`, or `otherwise` where it is none of ours.
[[nodiscard]] ErrorCode code_of_sqlstate(std::string_view sqlstate, ErrorCode otherwise) noexcept;

/// The one exception type of Baton. what() is one line without a full stop: what happened, to
/// which object, what to do.
class Error : public std::runtime_error {
public:
    Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

    [[nodiscard]] ErrorCode code() const noexcept { return code_; }
    [[nodiscard]] bool retryable() const noexcept { return is_retryable(code_); }
    /// The session is gone; everything that hung on it (locks, LISTEN, settings) is gone too.
    [[nodiscard]] bool loses_connection() const noexcept {
        return code_ == ErrorCode::connection_lost || code_ == ErrorCode::outcome_unknown;
    }

private:
    ErrorCode code_;
};

}  // namespace baton

// Why an event was refused, as one line that names the event, the field and the limit. Postgres
// says it in its own words, and where it refuses before our functions run (invalid UTF-8, invalid
// JSON) it does not name the field. So the events are looked at once more, only after a refusal.
//
// Threads: no state.
#pragma once

#include <pqxx/connection_base>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "baton/types/event.hpp"

namespace baton::sql {

/// The most bytes that each field may have, as dispatch_limits() says.
struct EventLimits {
    std::int64_t type = 0;
    std::int64_t key = 0;
    std::int64_t tenant = 0;
    std::int64_t payload = 0;
    std::int64_t content_type = 0;
    std::int64_t meta = 0;
};

/// A text field of an event; nothing where the event has none.
struct TextField {
    std::string_view name;
    std::optional<std::string_view> text;
};

/// The text fields, which must be UTF-8 without NUL bytes: all but the body.
[[nodiscard]] std::array<TextField, 6> text_fields(const NewEvent& event);

/// Whether the event's content is bytes. No bytes with a content type are bytes, too.
[[nodiscard]] inline bool has_body(const NewEvent& event) {
    return !event.body.empty() || !event.content_type.empty();
}

/// Whether the event's schema version must be sent. That of most is the default, which costs
/// nothing and is known to an environment that has not been upgraded yet.
[[nodiscard]] inline bool has_version(const NewEvent& event) { return event.schema_version != 1; }

/// What is stored where the event leaves it open: as the SQL functions' defaults.
[[nodiscard]] inline std::string_view payload_or_empty(const NewEvent& event) {
    return event.payload.empty() ? std::string_view("{}") : event.payload;
}
[[nodiscard]] inline std::string_view content_type_or_default(const NewEvent& event) {
    return event.content_type.empty() ? std::string_view("application/octet-stream")
                                      : event.content_type;
}

/// Throws Error(settings_invalid) where the server takes our UTF-8 for something else.
void require_utf8(const pqxx::connection_base& connection);

/// Throws Error(event_invalid) where `event` cannot be sent as it is: content twice, or a NUL byte
/// in a text, which libpq would take for its end.
void require_sendable(const NewEvent& event);

/// Throws Error(event_invalid) or Error(event_too_large) for what can be seen before COPY: all but
/// the size of payload and meta, which count as Postgres stores them. `index` is the event's in the
/// caller's list.
void require_within(const EventLimits& limits, const NewEvent& event, std::size_t index);

/// Throws the baton::Error for the exception that is being handled, which came from sending
/// `events`; any exception that is not libpqxx's goes on as it is. `first_index`: of the first of
/// them in the caller's list, where there is one.
[[noreturn]] void rethrow_refused(const pqxx::connection_base& connection,
                                  std::span<const NewEvent> events,
                                  std::optional<std::size_t> first_index = std::nullopt);

}  // namespace baton::sql

// Events: as they are dispatched (NewEvent), and as the log gives them back (Event).
//
// Threads: values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "baton/types/codec.hpp"
#include "baton/types/date.hpp"
#include "baton/types/upcast.hpp"
#include "baton/types/uuid.hpp"

namespace baton {

/// What dispatch() returns. Names the event; says nothing about its place in the log.
enum class EventId : std::int64_t {};

/// An event's place in the log: 1, 2, 3, … without gaps. 0 is before the first.
enum class Position : std::int64_t {};

/// The content type of an event whose body is msgpack.
inline constexpr std::string_view msgpack_content_type = "application/msgpack";

/// An event of the log. It owns nothing: the texts live as long as the batch that it came in.
struct Event {
    Position position{};
    EventId id{};
    std::string_view type{};                   ///< "order/placed"
    std::optional<std::string_view> key{};     ///< what the event is about; ordered per key
    std::optional<std::string_view> tenant{};  ///< for whom, where the application has tenants
    std::string_view payload{};                ///< JSON text; empty if there is none
    std::string_view body{};                   ///< bytes; empty if there are none
    std::string_view content_type{};           ///< of the body
    std::string_view meta{};                   ///< JSON text; empty if there is none
    Timestamp dispatched_at{};                 ///< the server's clock when it was dispatched
    int schema_version = 1;                    ///< which shape of its type's content this is
    /// Why the content could not be read from the log, else empty. No reducer sees such an event.
    std::string_view unreadable{};
};

/// An event to dispatch: with a JSON payload, or with a body and its content type.
struct NewEvent {
    std::string type{};
    std::string payload{};  ///< JSON text; empty if there is none
    std::optional<std::string> key{};
    std::optional<std::string> tenant{};
    std::optional<std::string> meta{};  ///< JSON text
    /// Makes a repeated dispatch harmless: the same id with the same content is the same event.
    std::optional<Uuid> dispatch_id{};
    std::string body{};          ///< bytes, instead of a payload
    std::string content_type{};  ///< of the body
    int schema_version = 1;      ///< which shape of its type's content this is, 1 to 32767
};

/// What goes with an event beside its content.
struct EventOptions {
    std::optional<std::string> key{};
    std::optional<std::string> tenant{};
    std::optional<std::string> meta{};  ///< JSON text
    std::optional<Uuid> dispatch_id{};
};

namespace types {
template <class E>
NewEvent envelope_for(EventOptions options) {
    NewEvent event;
    event.type = E::event_type;
    event.schema_version = schema_version_of<E>;
    event.key = std::move(options.key);
    event.tenant = std::move(options.tenant);
    event.meta = std::move(options.meta);
    event.dispatch_id = options.dispatch_id;
    return event;
}
}  // namespace types

/// The event with `content` as its JSON payload, in the schema version of its struct. Throws as
/// encode_json().
template <class E>
[[nodiscard]] NewEvent make_event(const E& content, EventOptions options = {}) {
    NewEvent event = types::envelope_for<E>(std::move(options));
    event.payload = encode_json(content);
    return event;
}

/// The event with `content` as msgpack in its body: smaller, but opaque to SQL. Throws as
/// encode_msgpack().
template <class E>
[[nodiscard]] NewEvent make_msgpack_event(const E& content, EventOptions options = {}) {
    NewEvent event = types::envelope_for<E>(std::move(options));
    event.body = encode_msgpack(content);
    event.content_type = msgpack_content_type;
    return event;
}

}  // namespace baton

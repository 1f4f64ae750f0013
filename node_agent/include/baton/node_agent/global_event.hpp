// GlobalEvent: an event of the log as a node says it on the buses of its tasks, to the topic
// "global/<type>"; local_bus/README.md.
//
// Threads: a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "baton/node_agent/payload.hpp"
#include "baton/types/fields.hpp"

namespace baton {

struct GlobalEvent {
    static constexpr std::string_view topic = "global";

    std::int64_t position = 0;
    /// The position of the event of this type before it; of the first one, where the node began to
    /// look. Whoever saw an event at another position last lacks what is between them.
    std::int64_t after = 0;
    std::string type;
    std::optional<std::string> key;
    std::string payload;  ///< JSON text; "{}" where there are bytes.
    std::string body;
    std::string content_type;
    std::int64_t schema_version = 1;
    BATON_FIELDS(position, after, type, key, payload, body, content_type, schema_version)

    /// Its content. Throws Error: decode_failed, event_version_unknown; and what upcast() throws.
    template <class E>
    [[nodiscard]] E content() const {
        return node::payload_of<E>({.content = {payload, body, content_type},
                                    .schema_version = static_cast<int>(schema_version)},
                                   type);
    }
};

}  // namespace baton

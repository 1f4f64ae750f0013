// The payload of a task as it is stored, and how it is read.
//
// Threads: pure functions.
#pragma once

#include <concepts>
#include <string_view>

#include "baton/base/error.hpp"
#include "baton/types/upcast.hpp"

namespace baton {

/// A payload as it is stored, for handlers that read it themselves.
struct RawPayload {
    std::string_view json;               ///< "{}" where there are bytes.
    std::string_view body = {};          ///< Bytes, where it was made of some.
    std::string_view content_type = {};  ///< Of the body.
};

/// A payload as it is stored, in the shape that it had then.
struct StoredPayload {
    RawPayload content;
    int schema_version = 1;
};

namespace node {

/// The bytes of a payload and how to read them. Throws Error(decode_failed) where they are neither
/// JSON nor msgpack.
struct Encoded {
    std::string_view bytes;
    types::ValueReader& reader;
};
[[nodiscard]] Encoded encoded(const RawPayload& payload);

/// Throws Error: decode_failed, event_version_unknown; and what an upcast() throws. `what` is whose
/// it is, for the message.
template <class P>
[[nodiscard]] P payload_of(const StoredPayload& stored, std::string_view what) {
    if constexpr (std::same_as<P, RawPayload>) {
        return stored.content;
    } else {
        P payload{};
        const Encoded encoded_as = encoded(stored.content);
        try {
            types::decode_version(encoded_as.reader, encoded_as.bytes, stored.schema_version, what,
                                  payload);
        } catch (const types::DecodeFailure& failure) {
            throw Error(ErrorCode::decode_failed, failure.what());
        }
        return payload;
    }
}

}  // namespace node
}  // namespace baton

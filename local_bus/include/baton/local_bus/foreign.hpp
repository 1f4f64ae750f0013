// What comes from another process, as a value of a type of this one.
//
// Threads: may be called from any.
// Errors: Error(decode_failed) where the bytes are not what the type has.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/local_bus/message.hpp"
#include "baton/types/codec.hpp"

namespace baton::bus {

/// Of the calling thread. As strict as a frame is bounded: 1 MiB, 64 deep.
[[nodiscard]] types::ValueReader& foreign_reader();

template <class T>
[[nodiscard]] T decode_foreign(std::string_view msgpack) {
    return types::decode_or_throw<T>(foreign_reader(), msgpack);
}

/// Makes a message of its type of a topic and msgpack.
using Decoder = std::shared_ptr<Message> (*)(std::string_view topic, std::string_view msgpack);

template <class E>
std::shared_ptr<Message> foreign_message(std::string_view topic, std::string_view msgpack) {
    const bool is_own = topic == topic_of<E>();
    return std::make_shared<TypedMessage<E>>(is_own ? std::string_view() : topic,
                                             decode_foreign<E>(msgpack));
}

}  // namespace baton::bus

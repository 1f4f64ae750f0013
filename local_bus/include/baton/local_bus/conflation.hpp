// By what messages conflate: the value of the field that Conflate names, beside the topic.
//
// Threads: no state is kept.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include "baton/base/error.hpp"
#include "baton/local_bus/message.hpp"
#include "baton/local_bus/policy.hpp"

namespace baton::bus {

/// Equal for equal values.
template <class T>
std::string key_text(const T& value) {
    if constexpr (std::same_as<T, std::string>) {
        return value;
    } else {
        return encode_msgpack(value);
    }
}

[[noreturn]] inline void refuse_conflation(std::string_view field, std::string_view why) {
    throw Error(ErrorCode::bus_misused,
                "Conflate{\"" + std::string(field) + "\"}: " + std::string(why));
}

/// Empty where the topic alone counts. Throws Error(bus_misused) where E has no such field, or one
/// by whose type no key can be.
template <class E>
std::function<std::string(const Message&)> conflation_key(const WhenFull& when_full) {
    const Conflate* const conflate = std::get_if<Conflate>(&when_full);
    if (conflate == nullptr || conflate->field.empty()) return {};
    std::function<std::string(const Message&)> key;
    if constexpr (!std::same_as<E, Message>) {
        types::for_each_field<E>([&](auto index) {
            if (types::field_names<E>[index] != conflate->field) return;
            if constexpr (types::is_key_type<types::FieldType<E, index>>) {
                key = [](const Message& message) {
                    const E& content = static_cast<const TypedMessage<E>&>(message).content();
                    return key_text(std::get<decltype(index)::value>(types::fields_of(content)));
                };
            } else {
                refuse_conflation(conflate->field, "a field of this type can be no key");
            }
        });
    }
    if (!key) refuse_conflation(conflate->field, "the message has no such field");
    return key;
}

}  // namespace baton::bus

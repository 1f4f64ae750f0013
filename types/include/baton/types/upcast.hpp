// Schema versions of events. A log keeps what was dispatched years ago, in the shape it had then; a
// reducer sees one shape only, that of its struct. So a struct whose shape has changed says so, and
// how the one before becomes it:
//
//   struct OrderPlacedV1 {
//       static constexpr std::string_view event_type = "order/placed";
//       std::string amount;
//       BATON_FIELDS(amount)
//   };
//   struct OrderPlaced {
//       static constexpr std::string_view event_type = "order/placed";
//       static constexpr int schema_version = 2;               absent: 1
//       using Former = OrderPlacedV1;                          may have a Former of its own
//       static OrderPlaced upcast(OrderPlacedV1 former);       pure
//       baton::Decimal amount;
//       BATON_FIELDS(amount)
//   };
//
// An event of another version than those cannot be read, and halts the views that want it. What
// upcast() throws makes the event a poisoned one, as if the reducer had thrown it.
//
// Threads: no state. upcast() runs on the decoding thread.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "baton/types/codec.hpp"
#include "baton/types/column.hpp"

namespace baton::types {

inline constexpr int schema_version_max = 32767;

template <class E>
inline constexpr int schema_version_of = 1;
template <class E>
requires requires { typename std::integral_constant<int, E::schema_version>; }
inline constexpr int schema_version_of<E> = static_cast<int>(E::schema_version);

template <class E>
concept HasFormer = requires {
    typename E::Former;
};

/// upcast() makes an E of its Former.
template <class E>
concept Upcasts = HasFormer<E> && requires(typename E::Former former) {
    { E::upcast(std::move(former)) } -> std::same_as<E>;
};

template <class E>
concept NamesUpcast = requires {
    &E::upcast;
};

/// Refuses, when it is compiled, an event struct whose versions do not fit together.
template <class E>
constexpr void check_versions() {
    static_assert(schema_version_of<E> >= 1 && schema_version_of<E> <= schema_version_max,
                  "the schema_version of an event must be 1 to 32767");
    if constexpr (HasFormer<E>) {
        using Former = typename E::Former;
        static_assert(Declared<Former>, "the Former of an event must have BATON_FIELDS");
        static_assert(schema_version_of<Former> < schema_version_of<E>,
                      "the Former of an event must have a lower schema_version than the event");
        static_assert(Upcasts<E>,
                      "an event with a Former must have static E upcast(Former), which makes the "
                      "event of it");
        check_versions<Former>();
    } else {
        static_assert(!NamesUpcast<E>,
                      "an event with upcast() must say which struct it takes: using Former = ...;");
    }
}

// Each branch only makes sense where what stands before it is well.
// NOLINTBEGIN(bugprone-branch-clone)
/// Whether check_versions() finds nothing.
template <class E>
constexpr bool versions_fit() {
    if constexpr (schema_version_of<E> < 1 || schema_version_of < E >> schema_version_max) {
        return false;
    } else if constexpr (!HasFormer<E>) {
        return !NamesUpcast<E>;
    } else if constexpr (!Declared<typename E::Former> || !Upcasts<E>) {
        return false;
    } else {
        return schema_version_of<typename E::Former> < schema_version_of<E> &&
               versions_fit<typename E::Former>();
    }
}
// NOLINTEND(bugprone-branch-clone)

/// The versions that can be read as an E, ascending.
template <class E>
std::vector<int> known_versions() {
    std::vector<int> versions;
    if constexpr (HasFormer<E>) versions = known_versions<typename E::Former>();
    versions.push_back(schema_version_of<E>);
    return versions;
}

/// Throws Error(event_version_unknown): `order/placed has schema version 4, this program knows 1 to
/// 3`. `known` ascends.
[[noreturn]] void refuse_version(std::string_view type, int version, const std::vector<int>& known);

/// Decodes `bytes`, which are of a schema version below E's, and brings them up to E's, step by
/// step. False if no Former has that version. Throws DecodeFailure, and what upcast() throws.
template <class E>
[[nodiscard]] bool decode_former(ValueReader& reader, std::string_view bytes, int version,
                                 E& value) {
    if constexpr (HasFormer<E>) {
        using Former = typename E::Former;
        Former former{};
        if (version == schema_version_of<Former>) {
            decode_whole(reader, bytes, former);
        } else if (!decode_former(reader, bytes, version, former)) {
            return false;
        }
        value = E::upcast(std::move(former));
        return true;
    } else {
        return false;
    }
}

/// Decodes `bytes` of a schema version, with the steps that lead from there to E. Throws
/// Error(event_version_unknown), which names `type`, DecodeFailure, and what an upcast() throws.
template <class E>
void decode_version(ValueReader& reader, std::string_view bytes, int version, std::string_view type,
                    E& value) {
    if (version == schema_version_of<E>) [[likely]] {
        decode_whole(reader, bytes, value);
    } else if (!decode_former(reader, bytes, version, value)) {
        refuse_version(type, version, known_versions<E>());
    }
}

/// The shape of an event struct with those before it, for the digest of a build.
template <class E>
void describe_event(std::string& out) {
    describe<E>(out);
    // Nothing for version 1, which has no former: builds are older than schema versions.
    if constexpr (schema_version_of<E> != 1) out += '@' + std::to_string(schema_version_of<E>);
    if constexpr (HasFormer<E>) {
        out += '<';
        describe_event<typename E::Former>(out);
    }
}

}  // namespace baton::types

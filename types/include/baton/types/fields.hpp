// BATON_FIELDS and BATON_KEY: the one declaration from which everything else about a struct
// follows: JSON, msgpack, SQL columns, the digest of its shape.
//
//   struct OrderLine {
//       std::string category;
//       baton::Decimal sales;
//       BATON_FIELDS(category, sales)
//   };
//
// The macros add functions only, so the struct stays an aggregate. They need no class name. What is
// wrong with a struct is said in one line, when it is compiled: check_struct().
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "baton/types/date.hpp"
#include "baton/types/decimal.hpp"
#include "baton/types/json.hpp"
#include "baton/types/uuid.hpp"

/// Declares the fields of an event, of a part of one, or of a row, in the order of the columns.
#define BATON_FIELDS(...)                                                           \
    static constexpr ::std::string_view baton_field_list() { return #__VA_ARGS__; } \
    auto baton_fields() { return ::std::tie(__VA_ARGS__); }                         \
    auto baton_fields() const { return ::std::tie(__VA_ARGS__); }

/// Names the fields of a row that are its primary key, in the key's order.
#define BATON_KEY(...) \
    static constexpr ::std::string_view baton_key_list() { return #__VA_ARGS__; }

namespace baton::types {

/// How many names there are in "account, total".
constexpr std::size_t count_names(std::string_view list) {
    if (list.empty()) return 0;
    std::size_t count = 1;
    for (const char c : list) count += c == ',' ? 1 : 0;
    return count;
}

template <std::size_t N>
constexpr std::array<std::string_view, N> split_names(std::string_view list) {
    std::array<std::string_view, N> names;
    for (std::string_view& name : names) {
        while (list.starts_with(' ')) list.remove_prefix(1);
        name = list.substr(0, list.find(','));
        list.remove_prefix(name.size() < list.size() ? name.size() + 1 : name.size());
        while (name.ends_with(' ')) name.remove_suffix(1);
    }
    return names;
}

/// A struct with BATON_FIELDS.
template <class T>
concept Declared = requires {
    T::baton_field_list();
};

/// BATON_FIELDS names members only; where it does not, the compiler has said so.
template <class T>
concept HasFields = Declared<T> && requires(T& value) {
    std::tuple_size<decltype(value.baton_fields())>::value;
};

template <Declared T>
inline constexpr std::size_t field_count = count_names(T::baton_field_list());

template <Declared T>
inline constexpr auto field_names = split_names<field_count<T>>(T::baton_field_list());

/// The type of field `I` of `T`.
template <Declared T, std::size_t I>
using FieldType =
    std::remove_reference_t<std::tuple_element_t<I, decltype(std::declval<T&>().baton_fields())>>;

/// The fields of `value` as a tuple of references.
template <class T>
auto fields_of(T& value) {
    return value.baton_fields();
}

/// Calls visit(index_constant) for each field of `T`, in order.
template <Declared T, class Visit>
constexpr void for_each_field(Visit&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (visit(std::integral_constant<std::size_t, I>{}), ...);
    }
    (std::make_index_sequence<field_count<T>>{});
}

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T, class Allocator>
inline constexpr bool is_vector<std::vector<T, Allocator>> = true;

/// What one value is: a field that has no parts.
template <class T>
inline constexpr bool is_plain_field =
    std::is_same_v<T, std::string> || std::is_same_v<T, std::int64_t> ||
    std::is_same_v<T, std::int32_t> || std::is_same_v<T, double> || std::is_same_v<T, bool> ||
    std::is_same_v<T, Decimal> || std::is_same_v<T, Date> || std::is_same_v<T, Timestamp> ||
    std::is_same_v<T, Uuid> || std::is_same_v<T, Json>;

/// What a field can be.
template <class T>
inline constexpr bool is_field_type = is_plain_field<T> || Declared<T>;
template <class T>
inline constexpr bool is_field_type<std::optional<T>> = is_field_type<T>;
template <class T, class Allocator>
inline constexpr bool is_field_type<std::vector<T, Allocator>> = is_field_type<T>;

/// What can be part of a key: equal values must be one value in Postgres too, so no double, no
/// jsonb; and never null.
template <class T>
inline constexpr bool is_key_type =
    is_plain_field<T> && !std::is_same_v<T, double> && !std::is_same_v<T, Json>;

/// Whether BATON_FIELDS has this name; true of a struct that has none at all.
template <class T>
constexpr bool has_field(std::string_view name) {
    if constexpr (Declared<T>) {
        for (const std::string_view field : field_names<T>) {
            if (field == name) return true;
        }
        return false;
    }
    return true;
}

/// False if the field of this name is of a type that a key cannot have.
template <class T>
constexpr bool is_fit_for_key(std::string_view name) {
    bool is_fit = true;
    if constexpr (Declared<T>) {
        for_each_field<T>([&](auto index) {
            if (field_names<T>[index] == name && !is_key_type<FieldType<T, index>>) is_fit = false;
        });
    }
    return is_fit;
}

/// Stands for any member of `T`; not for a base, which takes the place of one.
template <class T>
struct AnyMember {
    template <class U>
    requires(!std::is_base_of_v<U, T>) operator U() const;
};

/// Whether `T` has a member that is not in BATON_FIELDS, as far as can be told.
template <class T>
inline constexpr bool has_more_members = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::is_aggregate_v<T> && requires { T{(static_cast<void>(I), AnyMember<T>{})...}; };
}
(std::make_index_sequence<field_count<T> + 1>{});

/// A struct of which everything else can be derived.
template <class T>
inline constexpr bool is_sound = false;
template <HasFields T>
inline constexpr bool is_sound<T> = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::default_initializable<T> && !has_more_members<T> &&
           (is_field_type<FieldType<T, I>> && ...);
}
(std::make_index_sequence<field_count<T>>{});

/// A name as a template argument, for the compiler to show.
template <std::size_t N>
struct Name {
    char text[N + 1] = {};
    constexpr explicit Name(std::string_view name) {
        for (std::size_t i = 0; i < N; ++i) text[i] = name[i];
    }
};

template <class Struct, Name Field, class Type>
constexpr void check_field() {
    static_assert(is_field_type<Type>,
                  "BATON_FIELDS: this Field of this Struct has a Type that no field can have; use "
                  "std::string, std::int64_t, std::int32_t, double, bool, baton::Decimal, Date, "
                  "Timestamp, Uuid, Json, a struct with BATON_FIELDS, or a std::optional or "
                  "std::vector of those (docs/library.md)");
}

template <class T, std::size_t... I>
constexpr void check_fields(std::index_sequence<I...> /*fields*/) {
    (check_field<T, Name<field_names<T>[I].size()>(field_names<T>[I]), FieldType<T, I>>(), ...);
}

/// Refuses, when it is compiled, a struct of which that is not so, and says what to do.
template <class T>
constexpr bool check_struct() {
    if constexpr (!Declared<T>) {
        static_assert(Declared<T>, "this struct has no BATON_FIELDS(...), which names its members");
    } else if constexpr (HasFields<T>) {
        static_assert(std::default_initializable<T>,
                      "this struct has no default constructor: leave out its constructors, or add "
                      "one without arguments");
        static_assert(!has_more_members<T>,
                      "this struct has a member that BATON_FIELDS does not name, and that would be "
                      "lost: add it there, or remove it");
        check_fields<T>(std::make_index_sequence<field_count<T>>{});
    }
    return is_sound<T>;
}

/// The same of what is written or read by itself: a struct, or what a field can be.
template <class T>
constexpr bool check_value() {
    if constexpr (is_vector<T> || is_optional<T>) {
        return check_value<typename T::value_type>();
    } else if constexpr (is_plain_field<T>) {
        return true;
    } else {
        return check_struct<T>();
    }
}

}  // namespace baton::types

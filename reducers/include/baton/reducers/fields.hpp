// BATON_FIELDS and BATON_KEY: the one declaration from which everything else about a struct
// follows: JSON, msgpack, SQL columns, the digest of its shape.
//
//   struct OrderLine {
//       std::string category;
//       baton::Decimal sales;
//       BATON_FIELDS(category, sales)
//   };
//
// The macros add static functions only, so the struct stays an aggregate. They need no class
// name, and up to 300 fields. Local classes cannot use them (C++ allows no templates there).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#define BATON_PARENS ()
#define BATON_EXPAND(...) BATON_EXPAND4(BATON_EXPAND4(BATON_EXPAND4(BATON_EXPAND4(__VA_ARGS__))))
#define BATON_EXPAND4(...) BATON_EXPAND3(BATON_EXPAND3(BATON_EXPAND3(BATON_EXPAND3(__VA_ARGS__))))
#define BATON_EXPAND3(...) BATON_EXPAND2(BATON_EXPAND2(BATON_EXPAND2(BATON_EXPAND2(__VA_ARGS__))))
#define BATON_EXPAND2(...) BATON_EXPAND1(BATON_EXPAND1(BATON_EXPAND1(BATON_EXPAND1(__VA_ARGS__))))
#define BATON_EXPAND1(...) __VA_ARGS__
#define BATON_EACH(macro, ...) __VA_OPT__(BATON_EXPAND(BATON_EACH_STEP(macro, __VA_ARGS__)))
#define BATON_EACH_STEP(macro, first, ...) \
    macro(first) __VA_OPT__(, BATON_EACH_AGAIN BATON_PARENS(macro, __VA_ARGS__))
#define BATON_EACH_AGAIN() BATON_EACH_STEP
#define BATON_FIELD_NAME(field) #field
#define BATON_FIELD_REFERENCE(field) baton_self.field

/// Declares the fields of an event, of a part of one, or of a row, in the order of the columns.
#define BATON_FIELDS(...)                                                                \
    static constexpr auto baton_field_names() {                                          \
        return ::baton::reducers::name_array(BATON_EACH(BATON_FIELD_NAME, __VA_ARGS__)); \
    }                                                                                    \
    template <class BatonSelf>                                                           \
    static constexpr auto baton_fields([[maybe_unused]] BatonSelf& baton_self) {         \
        return ::std::tie(BATON_EACH(BATON_FIELD_REFERENCE, __VA_ARGS__));               \
    }

/// Names the fields of a row that are its primary key, in the key's order.
#define BATON_KEY(...)                                                                   \
    static constexpr auto baton_key_names() {                                            \
        return ::baton::reducers::name_array(BATON_EACH(BATON_FIELD_NAME, __VA_ARGS__)); \
    }

namespace baton::reducers {

template <class... Names>
constexpr std::array<std::string_view, sizeof...(Names)> name_array(Names... names) {
    return {std::string_view{names}...};
}

/// A struct with BATON_FIELDS.
template <class T>
concept Declared = requires {
    T::baton_field_names();
};

template <Declared T>
inline constexpr auto field_names = T::baton_field_names();

template <Declared T>
inline constexpr std::size_t field_count = field_names<T>.size();

/// The type of field `I` of `T`.
template <Declared T, std::size_t I>
using FieldType =
    std::remove_reference_t<std::tuple_element_t<I, decltype(T::baton_fields(std::declval<T&>()))>>;

/// The fields of `value` as a tuple of references.
template <class T>
constexpr auto fields_of(T& value) {
    return std::remove_const_t<T>::baton_fields(value);
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

/// For a static_assert in the branch that no supported type reaches.
template <class T>
inline constexpr bool unsupported_field_type = false;

}  // namespace baton::reducers

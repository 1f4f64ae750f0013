// The key of a row: which fields it is made of, and how it is hashed and compared.
//
// There are two forms: RowKey owns its texts and is kept; RowKeyView refers to them and is what a
// reducer looks up with, so that a lookup allocates nothing.
//
// Threads: values only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "baton/reducers/column.hpp"
#include "baton/reducers/fields.hpp"

namespace baton::reducers {

/// What can be part of a key: equal values must be one value in Postgres too, so no double, no
/// jsonb; and never null.
template <class T>
inline constexpr bool is_key_type =
    std::is_same_v<T, std::string> || std::is_same_v<T, std::int64_t> ||
    std::is_same_v<T, std::int32_t> || std::is_same_v<T, bool> || std::is_same_v<T, Decimal> ||
    std::is_same_v<T, Date> || std::is_same_v<T, Timestamp> || std::is_same_v<T, Uuid>;

/// A row of a view: a struct with BATON_FIELDS and BATON_KEY.
template <class T>
concept RowType = Declared<T> && requires {
    T::baton_key_names();
};

template <RowType Row>
inline constexpr auto key_names = Row::baton_key_names();

template <RowType Row>
inline constexpr std::size_t key_count = key_names<Row>.size();

/// The index of the field that is part `Part` of the key.
template <RowType Row, std::size_t Part>
inline constexpr std::size_t key_field = [] {
    std::size_t index = 0;
    while (index < field_count<Row> && field_names<Row>[index] != key_names<Row>[Part]) ++index;
    return index;
}();

/// Whether field `Index` is part of the key.
template <RowType Row, std::size_t Index>
inline constexpr bool is_key_field = [] {
    for (const std::string_view name : key_names<Row>) {
        if (name == field_names<Row>[Index]) return true;
    }
    return false;
}();

template <class T>
using KeyPartView = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;

template <RowType Row, class Parts = std::make_index_sequence<key_count<Row>>>
struct KeyTypes;
template <RowType Row, std::size_t... Part>
struct KeyTypes<Row, std::index_sequence<Part...>> {
    static_assert(key_count<Row> > 0, "BATON_KEY needs at least one field");
    static_assert(((key_field<Row, Part> < field_count<Row>)&&...),
                  "BATON_KEY names a field that is not in BATON_FIELDS");
    static_assert((is_key_type<FieldType<Row, key_field<Row, Part>>> && ...),
                  "a key field is a std::string, integer, bool, Decimal, Date, Timestamp or Uuid, "
                  "and not optional");
    using Key = std::tuple<FieldType<Row, key_field<Row, Part>>...>;
    using View = std::tuple<KeyPartView<FieldType<Row, key_field<Row, Part>>>...>;

    static View view_of_row(const Row& row) {
        const auto fields = fields_of(row);
        return View(std::get<key_field<Row, Part>>(fields)...);
    }
    static View view_of_key(const Key& key) { return View(std::get<Part>(key)...); }
    static Key own(const View& view) {
        return Key(FieldType<Row, key_field<Row, Part>>(std::get<Part>(view))...);
    }
    static void assign(Row& row, const View& view) {
        auto fields = fields_of(row);
        ((std::get<key_field<Row, Part>>(fields) = std::get<Part>(view)), ...);
    }
};

template <RowType Row>
using RowKey = typename KeyTypes<Row>::Key;
template <RowType Row>
using RowKeyView = typename KeyTypes<Row>::View;

/// Hashes both forms alike. Not noexcept, although it never throws: libstdc++ then keeps each
/// row's hash, and compares keys only where the hashes are equal.
template <RowType Row>
struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(const RowKeyView<Row>& key) const {
        return std::apply(
            [](const auto&... part) {
                std::size_t hash = 0;
                ((hash = mixed(hash ^ std::hash<std::decay_t<decltype(part)>>{}(part))), ...);
                return hash;
            },
            key);
    }
    std::size_t operator()(const RowKey<Row>& key) const
        requires(!std::is_same_v<RowKey<Row>, RowKeyView<Row>>) {
        return (*this)(KeyTypes<Row>::view_of_key(key));
    }

private:
    static std::size_t mixed(std::size_t hash) {
        hash *= 0x9E3779B97F4A7C15ULL;
        return hash ^ (hash >> 32U);
    }
};

template <RowType Row>
struct KeyEqual {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
        return a == b;
    }
};

}  // namespace baton::reducers

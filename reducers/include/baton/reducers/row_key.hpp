// The key of a row: which fields it is made of, and how it is hashed and compared.
//
// There are two forms: RowKey owns its texts and is kept; RowKeyView refers to them and is what a
// reducer looks up with, so that a lookup allocates nothing.
//
// Threads: values only.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "baton/types/column.hpp"
#include "baton/types/fields.hpp"

namespace baton::reducers {

/// A row of a view: a struct with BATON_FIELDS and BATON_KEY.
template <class T>
concept RowType = types::HasFields<T> && requires {
    T::baton_key_list();
};

template <RowType Row>
inline constexpr std::size_t key_count = types::count_names(Row::baton_key_list());

template <RowType Row>
inline constexpr auto key_names = types::split_names<key_count<Row>>(Row::baton_key_list());

/// The index of the field that is part `Part` of the key.
template <RowType Row, std::size_t Part>
inline constexpr std::size_t key_field = [] {
    std::size_t index = 0;
    while (index < types::field_count<Row> &&
           types::field_names<Row>[index] != key_names<Row>[Part])
        ++index;
    return index;
}();

/// Whether field `Index` is part of the key.
template <RowType Row, std::size_t Index>
inline constexpr bool is_key_field = [] {
    for (const std::string_view name : key_names<Row>) {
        if (name == types::field_names<Row>[Index]) return true;
    }
    return false;
}();

/// In place of a field that cannot be part of a key: so that nothing more is said about it.
struct NoKeyPart {
    NoKeyPart() = default;
    template <class T>
    NoKeyPart(const T& /*value*/) {}
    friend bool operator==(const NoKeyPart&, const NoKeyPart&) = default;
    friend auto operator<=>(const NoKeyPart&, const NoKeyPart&) = default;
};

template <RowType Row, std::size_t Part>
consteval auto key_part() {
    if constexpr (constexpr std::size_t field = key_field<Row, Part>;
                  field < types::field_count<Row>) {
        using Field = types::FieldType<Row, field>;
        return std::type_identity<
            std::conditional_t<types::is_key_type<Field>, Field, NoKeyPart>>{};
    } else {
        return std::type_identity<NoKeyPart>{};
    }
}
template <RowType Row, std::size_t Part>
using KeyPart = typename decltype(key_part<Row, Part>())::type;

template <class T>
using KeyPartView = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;

template <RowType Row, std::size_t Part, types::Name Field>
constexpr bool check_key_part() {
    static_assert(
        key_field<Row, Part> < types::field_count<Row>,
        "BATON_KEY names a Field that is not in BATON_FIELDS of this Row: name another, or "
        "add it there");
    static_assert(types::is_fit_for_key<Row>(key_names<Row>[Part]),
                  "BATON_KEY: this Field of this Row has a type that no key can have; use "
                  "std::string, std::int64_t, std::int32_t, bool, baton::Decimal, Date, Timestamp "
                  "or Uuid, and none that is optional");
    return true;
}

template <RowType Row, class Parts = std::make_index_sequence<key_count<Row>>>
struct KeyTypes;
template <RowType Row, std::size_t... Part>
struct KeyTypes<Row, std::index_sequence<Part...>> {
    static_assert(key_count<Row> > 0, "BATON_KEY needs at least one field");
    static_assert(
        (check_key_part<Row, Part,
                        types::Name<key_names<Row>[Part].size()>(key_names<Row>[Part])>() &&
         ...));
    using Key = std::tuple<KeyPart<Row, Part>...>;
    using View = std::tuple<KeyPartView<KeyPart<Row, Part>>...>;

    static View view_of_row(const Row& row) {
        const auto fields = types::fields_of(row);
        return View(std::get<key_field<Row, Part>>(fields)...);
    }
    static View view_of_key(const Key& key) { return View(std::get<Part>(key)...); }
    static Key own(const View& view) { return Key(KeyPart<Row, Part>(std::get<Part>(view))...); }
    static void assign(Row& row, const View& view) {
        auto fields = types::fields_of(row);
        ((std::get<key_field<Row, Part>>(fields) = std::get<Part>(view)), ...);
    }
};

/// Whether BATON_KEY names fields, each of which can be part of a key.
template <class Row>
inline constexpr bool is_sound_key = false;
template <RowType Row>
inline constexpr bool is_sound_key<Row> = [] {
    for (const std::string_view name : key_names<Row>) {
        if (!types::has_field<Row>(name) || !types::is_fit_for_key<Row>(name)) return false;
    }
    return key_count<Row> > 0;
}();

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
                ((hash = mixed(hash ^ hash_of(part))), ...);
                return hash;
            },
            key);
    }
    std::size_t operator()(const RowKey<Row>& key) const
        requires(!std::is_same_v<RowKey<Row>, RowKeyView<Row>>) {
        return (*this)(KeyTypes<Row>::view_of_key(key));
    }

private:
    template <class Part>
    static std::size_t hash_of(const Part& part) {
        if constexpr (std::is_same_v<Part, NoKeyPart>)
            return 0;
        else
            return std::hash<Part>{}(part);
    }
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

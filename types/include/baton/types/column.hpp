// Columns: how the field of a row becomes a column of a view, and a value becomes Postgres' text
// and comes back.
//
// Text, because that is the one form that every type has in every version of Postgres; arrays of
// it, because one statement with one array per column writes a whole batch of rows.
//
// Threads: pure functions; an ArrayLiteral belongs to one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "baton/base/error.hpp"
#include "baton/types/codec.hpp"
#include "baton/types/fields.hpp"

namespace baton::types {

/// Stored as jsonb: Json itself, structs with BATON_FIELDS, vectors.
template <class T>
inline constexpr bool is_jsonb = std::is_same_v<T, Json> || is_vector<T> || Declared<T>;

/// The SQL type that holds a field of type `T`.
template <class T>
[[nodiscard]] constexpr std::string_view sql_type() {
    if constexpr (is_optional<T>) {
        return sql_type<typename T::value_type>();
    } else if constexpr (std::is_same_v<T, std::string>) {
        return "text";
    } else if constexpr (std::is_same_v<T, std::int64_t>) {
        return "bigint";
    } else if constexpr (std::is_same_v<T, std::int32_t>) {
        return "integer";
    } else if constexpr (std::is_same_v<T, double>) {
        return "double precision";
    } else if constexpr (std::is_same_v<T, bool>) {
        return "boolean";
    } else if constexpr (std::is_same_v<T, Decimal>) {
        return "numeric";
    } else if constexpr (std::is_same_v<T, Date>) {
        return "date";
    } else if constexpr (std::is_same_v<T, Timestamp>) {
        return "timestamptz";
    } else if constexpr (std::is_same_v<T, Uuid>) {
        return "uuid";
    } else if constexpr (is_jsonb<T>) {
        return "jsonb";
    } else {
        static_assert(is_field_type<T>, "no SQL type for this type of field");
    }
}

/// Builds one Postgres array in text form: {1,2,NULL}, {"a b",NULL,"NULL"}. Texts are always
/// quoted, so that none can be taken for NULL, a brace or a separator.
class ArrayLiteral {
public:
    ArrayLiteral() : text_("{") {}
    void add_null();
    /// For text that holds digits, letters, signs, points and colons only.
    void add_plain(std::string_view text);
    void add_quoted(std::string_view text);
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    /// The literal; the object is used up.
    [[nodiscard]] std::string take() &&;

private:
    void separate();
    std::string text_;
    std::size_t count_ = 0;
};

void add_value(ArrayLiteral& array, std::string_view value);
void add_value(ArrayLiteral& array, std::int64_t value);
void add_value(ArrayLiteral& array, double value);
void add_value(ArrayLiteral& array, bool value);
void add_value(ArrayLiteral& array, const Decimal& value);
void add_value(ArrayLiteral& array, Date value);
void add_value(ArrayLiteral& array, Timestamp value);
void add_value(ArrayLiteral& array, const Uuid& value);
void add_value(ArrayLiteral& array, const Json& value);

/// Adds one value of a column.
template <class T>
void add_column(ArrayLiteral& array, const T& value) {
    if constexpr (is_optional<T>) {
        if (!value) return array.add_null();
        add_column(array, *value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        add_value(array, std::string_view{value});
    } else if constexpr (std::is_same_v<T, std::int32_t>) {
        add_value(array, std::int64_t{value});
    } else if constexpr (is_vector<T> || Declared<T>) {
        array.add_quoted(encode_json(value));
    } else {
        add_value(array, value);
    }
}

/// Throws Error(decode_failed) unless `text` is what Postgres prints for such a value.
void parse_value(std::string_view text, std::string& value);
void parse_value(std::string_view text, std::int64_t& value);
void parse_value(std::string_view text, std::int32_t& value);
void parse_value(std::string_view text, double& value);
void parse_value(std::string_view text, bool& value);
void parse_value(std::string_view text, Decimal& value);
void parse_value(std::string_view text, Date& value);
void parse_value(std::string_view text, Timestamp& value);
void parse_value(std::string_view text, Uuid& value);
void parse_value(std::string_view text, Json& value);

/// Reads one value of a column (nothing is NULL) as Postgres printed it (DateStyle ISO).
/// Throws Error(decode_failed).
template <class T>
void parse_column(std::optional<std::string_view> text, T& value) {
    if constexpr (is_optional<T>) {
        if (!text) return value.reset();
        parse_column(text, value.emplace());
    } else if (!text) {
        throw Error(ErrorCode::decode_failed, "null where the view's column is not null");
    } else if constexpr (is_vector<T> || Declared<T>) {
        value = decode_json<T>(*text);
    } else {
        parse_value(*text, value);
    }
}

/// Whether Postgres stores `text`: UTF-8 without NUL.
[[nodiscard]] bool is_storable(std::string_view text) noexcept;

/// Throws Error(event_invalid) when Postgres would refuse `value` as a column's value: a text that
/// is not UTF-8 or holds a NUL; in jsonb also a double that is not finite.
void check_storable(std::string_view text);
template <class T>
void check_storable(const T& value) {
    if constexpr (is_optional<T>) {
        if (value) check_storable(*value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        check_storable(std::string_view{value});
    } else if constexpr (is_vector<T> || Declared<T>) {
        static_cast<void>(encode_json(value));
    }
}

/// "text", "?text", "[{sku:text,amount:numeric}]": the shape of a type, for the digest of a build.
template <class T>
void describe(std::string& out, int depth = 0) {
    if constexpr (is_optional<T>) {
        out += '?';
        describe<typename T::value_type>(out, depth);
    } else if constexpr (is_vector<T>) {
        out += '[';
        describe<typename T::value_type>(out, depth);
        out += ']';
    } else if constexpr (Declared<T>) {
        constexpr int depth_max = 8;  // a type may contain itself
        if (depth == depth_max) {
            out += "...";
            return;
        }
        out += '{';
        for_each_field<T>([&](auto index) {
            out += field_names<T>[index];
            out += ':';
            describe<FieldType<T, index>>(out, depth + 1);
            out += ',';
        });
        out += '}';
    } else {
        out += sql_type<T>();
    }
}

}  // namespace baton::types

// One value that goes into a statement as $1, $2, …: what Postgres accepts, without a copy until
// the statement is sent. libpqxx 6 knows no string_view and cuts text at a NUL byte; this does
// not: such a text is refused, because Postgres could not store it.
//
// Lifetime: a Parameter refers to the caller's bytes; use it within the call that takes it.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace baton::sql {

class Parameter {
public:
    /// SQL null.
    Parameter(std::nullopt_t) : kind_(Kind::null) {}
    Parameter(std::string_view text) : data_(text.data()), size_(text.size()) {}
    Parameter(const std::string& text) : Parameter(std::string_view(text)) {}
    Parameter(const char* text) : Parameter(std::string_view(text)) {}
    // A template, so that no pointer becomes a boolean.
    template <std::same_as<bool> Boolean>
    Parameter(Boolean value) : Parameter(std::string_view(value ? "t" : "f")) {}
    Parameter(double value) { print(value); }
    /// For every integer type that Postgres' bigint can hold.
    template <std::integral Integer>
    requires(!std::same_as<Integer, bool> && !std::same_as<Integer, char>)
        Parameter(Integer value) {
        print(value);
    }
    /// A number with a type of its own: a position, an id, an epoch.
    template <class Number>
    requires(std::is_enum_v<Number>&& std::same_as<std::underlying_type_t<Number>, std::int64_t>)
        Parameter(Number value) {
        print(static_cast<std::int64_t>(value));
    }
    /// A `bytea`, whatever its bytes are.
    Parameter(std::span<const std::byte> bytes)
        : kind_(Kind::bytes),
          data_(reinterpret_cast<const char*>(bytes.data())),
          size_(bytes.size()) {}
    /// The value, or SQL null where there is none. (Of an optional string: refers to it.)
    template <class Value>
    Parameter(const std::optional<Value>& value)
        : Parameter(value ? Parameter(*value) : Parameter(std::nullopt)) {}

    [[nodiscard]] bool is_null() const { return kind_ == Kind::null; }
    /// The value as Postgres reads it. Throws Error(statement_failed) where text holds a NUL byte.
    [[nodiscard]] std::string to_text() const;

private:
    enum class Kind : std::uint8_t { null, text, digits, bytes };

    template <class Number>
    void print(Number value) {
        kind_ = Kind::digits;
        const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), value);
        size_ = static_cast<std::size_t>(end.ptr - digits_.data());
    }

    Kind kind_ = Kind::text;
    const char* data_ = nullptr;
    std::size_t size_ = 0;
    std::array<char, 32> digits_{};
};

/// The texts as Postgres reads a text[].
[[nodiscard]] std::string text_array(const std::vector<std::string>& texts);

}  // namespace baton::sql

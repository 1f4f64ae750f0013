#include "baton/types/column.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <simdjson.h>

namespace baton::types {
namespace {

[[noreturn]] void refuse(std::string_view expected) {
    throw Error(ErrorCode::decode_failed,
                "expected " + std::string(expected) + ", found another text from the database");
}

template <class T>
T number_of(std::string_view text, std::string_view expected) {
    T value{};
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc{} || end != text.data() + text.size()) refuse(expected);
    return value;
}

template <class T>
T value_of(std::string_view text, std::string_view expected) {
    const std::optional<T> value = T::from_text(text);
    if (!value) refuse(expected);
    return *value;
}

}  // namespace

void ArrayLiteral::separate() {
    if (count_++ > 0) text_ += ',';
}

void ArrayLiteral::add_null() {
    separate();
    text_ += "NULL";
}

void ArrayLiteral::add_plain(std::string_view text) {
    separate();
    text_ += text;
}

void ArrayLiteral::add_quoted(std::string_view text) {
    separate();
    text_ += '"';
    for (;;) {
        const std::size_t special = std::min(text.find_first_of("\"\\"), text.size());
        text_ += text.substr(0, special);
        if (special == text.size()) break;
        text_ += '\\';
        text_ += text[special];
        text.remove_prefix(special + 1);
    }
    text_ += '"';
}

std::string ArrayLiteral::take() && {
    text_ += '}';
    return std::move(text_);
}

void add_value(ArrayLiteral& array, std::string_view value) { array.add_quoted(value); }

void add_value(ArrayLiteral& array, std::int64_t value) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    array.add_plain({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void add_value(ArrayLiteral& array, double value) {
    if (std::isnan(value)) return array.add_plain("NaN");
    if (std::isinf(value)) return array.add_plain(value < 0 ? "-Infinity" : "Infinity");
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    array.add_plain({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

void add_value(ArrayLiteral& array, bool value) { array.add_plain(value ? "t" : "f"); }
void add_value(ArrayLiteral& array, const Decimal& value) { array.add_plain(value.text()); }
void add_value(ArrayLiteral& array, Date value) { array.add_plain(value.text()); }
void add_value(ArrayLiteral& array, Timestamp value) { array.add_plain(value.text()); }
void add_value(ArrayLiteral& array, const Uuid& value) { array.add_plain(value.text()); }
void add_value(ArrayLiteral& array, const Json& value) { array.add_quoted(value.text()); }

void parse_value(std::string_view text, std::string& value) { value = text; }
void parse_value(std::string_view text, std::int64_t& value) {
    value = number_of<std::int64_t>(text, "a bigint");
}
void parse_value(std::string_view text, std::int32_t& value) {
    value = number_of<std::int32_t>(text, "an integer");
}
void parse_value(std::string_view text, double& value) {
    value = number_of<double>(text, "a double precision");
}
void parse_value(std::string_view text, bool& value) {
    if (text != "t" && text != "f") refuse("a boolean");
    value = text == "t";
}
void parse_value(std::string_view text, Decimal& value) {
    value = value_of<Decimal>(text, "a numeric of at most 38 digits");
}
void parse_value(std::string_view text, Date& value) {
    value = value_of<Date>(text, "a date of the years 1 to 9999 (DateStyle ISO)");
}
void parse_value(std::string_view text, Timestamp& value) {
    value = value_of<Timestamp>(text, "a timestamptz of the years 1 to 9999 (DateStyle ISO)");
}
void parse_value(std::string_view text, Uuid& value) { value = value_of<Uuid>(text, "a uuid"); }
void parse_value(std::string_view text, Json& value) { value = Json::parse(text); }

bool is_storable(std::string_view text) noexcept {
    return text.find('\0') == std::string_view::npos &&
           simdjson::validate_utf8(text.data(), text.size());
}

void check_storable(std::string_view text) {
    if (is_storable(text)) return;
    throw Error(ErrorCode::event_invalid,
                text.find('\0') != std::string_view::npos
                    ? "a text with a NUL character (\\u0000) cannot be stored"
                    : "a text that is not valid UTF-8 cannot be stored");
}

}  // namespace baton::types

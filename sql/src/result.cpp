#include "baton/sql/result.hpp"

#include <charconv>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

namespace baton::sql {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& type) {
    throw Error(ErrorCode::decode_failed, "the server gave " + json_quoted(text.substr(0, 64)) +
                                              " where " + type + " was expected");
}

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

}  // namespace

void Row::move_to(int column) const {
    BATON_CHECK(column >= 0 && column < columns_);
    field_ += column - static_cast<int>(field_.num());
}

std::string_view Row::text(int column) const {
    move_to(column);
    return {field_.c_str(), field_.size()};
}

bool Row::is_null(int column) const {
    move_to(column);
    return field_.is_null();
}

std::optional<std::string_view> Row::text_or_null(int column) const {
    const std::string_view value = text(column);
    // Only an empty text can be a null.
    if (value.empty() && field_.is_null()) return std::nullopt;
    return value;
}

std::int64_t Row::integer(int column) const {
    const std::string_view value = text(column);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) refuse(value, "a bigint");
    return number;
}

std::optional<std::int64_t> Row::integer_or_null(int column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
}

bool Row::boolean(int column) const {
    const std::string_view value = text(column);
    if (value == "t") return true;
    if (value != "f") refuse(value, "a boolean");
    return false;
}

std::string Row::bytes(int column) const {
    const std::string_view value = text(column);
    if (value.empty()) return {};
    if (value.size() % 2 != 0 || !value.starts_with("\\x")) refuse(value, "a bytea in hex form");
    std::string decoded(value.size() / 2 - 1, '\0');
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        const int high = hex_value(value[2 * i + 2]);
        const int low = hex_value(value[2 * i + 3]);
        if (high < 0 || low < 0) refuse(value, "a bytea in hex form");
        decoded[i] = static_cast<char>(high * 16 + low);
    }
    return decoded;
}

Result::MovingRow::MovingRow(const pqxx::result& rows) {
    m_result = rows;
    m_end = rows.columns();
}

Row Result::operator[](std::size_t index) const {
    BATON_CHECK(index < size_);
    rows_.move_to(index);
    return Row(rows_, columns_);
}

Row Result::only() const {
    if (size_ != 1) {
        throw Error(ErrorCode::statement_failed,
                    "the server gave " + std::to_string(size_) + " rows where one was expected");
    }
    return (*this)[0];
}

std::size_t Result::affected_rows() const { return rows_.rows().affected_rows(); }

}  // namespace baton::sql

// A JSON text of the database (status(), versions()) as a tree, to print it.
//
// Threads: values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton::cli {

class JsonValue {
public:
    /// null.
    JsonValue() = default;
    /// Throws std::exception where it is not JSON, which the database does not send.
    [[nodiscard]] static JsonValue parse(std::string_view json);

    /// The member of this name; null where there is none.
    [[nodiscard]] const JsonValue& operator[](std::string_view name) const;
    /// Of an array; none where it is none.
    [[nodiscard]] const std::vector<JsonValue>& items() const { return items_; }

    [[nodiscard]] bool is_null() const { return is_null_; }
    /// A text as it is, a number or a boolean as JSON writes it; else nothing.
    [[nodiscard]] const std::optional<std::string>& text() const { return text_; }
    /// Nothing where it is no number, or has a fraction.
    [[nodiscard]] const std::optional<std::int64_t>& integer() const { return integer_; }
    /// Nothing where it is no number.
    [[nodiscard]] const std::optional<double>& number() const { return number_; }

private:
    friend struct JsonTree;
    bool is_null_ = true;
    std::optional<std::string> text_;
    std::optional<std::int64_t> integer_;
    std::optional<double> number_;
    std::vector<JsonValue> items_;
    std::vector<std::pair<std::string, JsonValue>> members_;
};

}  // namespace baton::cli

// Json: a JSON value kept as its text, as a field of an event or a `jsonb` column of a row.
//
// Its promise: the text is JSON that Postgres' jsonb accepts (valid UTF-8, no \u0000, no lone
// surrogate, not deeper than depth_max, no number of more than 1000 digits), because a row that
// Postgres refuses would stop its view. Postgres keeps the value, not the text: a row that was
// loaded again may have other white space and another order of names. So a reducer must not
// depend on the text of a Json in a row.
//
// Threads: values only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace baton {

class Json {
public:
    /// How deep arrays and objects may be nested, here and in events.
    static constexpr int depth_max = 64;

    /// The JSON value `null`.
    Json() : text_("null") {}

    /// `text` as it is, if it is one JSON value that jsonb accepts; else nothing.
    [[nodiscard]] static std::optional<Json> from_text(std::string_view text);
    /// As from_text(); throws Error(decode_failed) with what is wrong, and where.
    [[nodiscard]] static Json parse(std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    /// Compares the texts, not the values: Postgres may write the same value in another way.
    friend bool operator==(const Json&, const Json&) = default;

private:
    explicit Json(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

namespace types {

/// What keeps `text` from being one JSON value that jsonb accepts ("byte 12: expected a value"), or
/// nothing. Takes time linear in the text and no memory.
[[nodiscard]] std::optional<std::string> json_fault(std::string_view text);

}  // namespace types
}  // namespace baton

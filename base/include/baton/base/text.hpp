// Small things about text that several folders need: JSON quoting, UTF-8, nearest names.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace baton {

/// `text` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_quoted(std::string_view text);

/// `text` as Postgres accepts it in a `text` value, whatever bytes it had: a NUL and every byte
/// that is not part of valid UTF-8 become U+FFFD; at most `length_max` bytes, cut between
/// characters. Recording a failure must never fail on the bytes that caused it.
[[nodiscard]] std::string storable_text(std::string_view text, std::size_t length_max = 8192);

/// `text` for a part of a URL: as %XX all but letters, digits, -._~ and those of `also_plain` (a /
/// may stand in a query).
[[nodiscard]] std::string percent_encoded(std::string_view text, std::string_view also_plain = {});

/// `text` as a field of a CSV line (RFC 4180): in quotes where it must be, or is empty, because
/// nothing at all is Postgres' null. What a spreadsheet would take for a formula, and is no number,
/// gets a ' before it (OWASP, "CSV injection").
[[nodiscard]] std::string csv_field(std::string_view text);

/// Whether `text` can be the name of a view, a view set or a column: lower-case ASCII letters,
/// digits and `_`, a letter first, 1 to `length_max` bytes.
[[nodiscard]] bool is_plain_name(std::string_view text, std::size_t length_max) noexcept;

/// The candidate that a person most likely meant by `name`, if one is near enough (edit distance at
/// most a third of its length).
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view name,
                                                      std::span<const std::string_view> candidates);

}  // namespace baton

#include "baton/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <vector>

#include "utf8.hpp"

namespace baton {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

void append_json_character(std::string& quoted, std::string_view character) {
    const char c = character[0];
    switch (c) {
        case '"':
            quoted += "\\\"";
            return;
        case '\\':
            quoted += "\\\\";
            return;
        case '\n':
            quoted += "\\n";
            return;
        case '\r':
            quoted += "\\r";
            return;
        case '\t':
            quoted += "\\t";
            return;
        default:
            break;
    }
    if (static_cast<std::uint8_t>(c) >= 0x20) {
        quoted += character;
        return;
    }
    constexpr std::string_view digits = "0123456789abcdef";
    quoted += "\\u00";
    quoted += digits[static_cast<std::uint8_t>(c) >> 4U];
    quoted += digits[static_cast<std::uint8_t>(c) & 0xFU];
}

// Spreadsheets take the full-width forms for the plain ones.
bool begins_formula(std::string_view text) {
    constexpr std::array<std::string_view, 10> signs{"=",  "+",      "-",      "@",      "\t",
                                                     "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
    return std::ranges::any_of(signs,
                               [&](std::string_view sign) { return text.starts_with(sign); });
}

// As Postgres writes them.
bool is_number(std::string_view text) {
    if (text == "-Infinity") return true;
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return !text.empty() && text[0] >= '0' && text[0] <= '9' &&
           error != std::errc::invalid_argument && end == text.data() + text.size();
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string json_quoted(std::string_view text) {
    std::string quoted;
    quoted.reserve(text.size() + 2);
    quoted += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            quoted += replacement;
        } else {
            append_json_character(quoted, text.substr(0, length));
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    quoted += '"';
    return quoted;
}

std::string storable_text(std::string_view text, std::size_t length_max) {
    std::string stored;
    stored.reserve(std::min(text.size(), length_max));
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view character =
            length == 0 || text[0] == '\0' ? replacement : text.substr(0, length);
        if (stored.size() + character.size() > length_max) break;
        stored += character;
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return stored;
}

std::string percent_encoded(std::string_view text, std::string_view also_plain) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    std::string encoded;
    for (const char c : text) {
        if (plain.find(c) != std::string_view::npos ||
            also_plain.find(c) != std::string_view::npos) {
            encoded += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += digits[byte >> 4U];
        encoded += digits[byte & 0xFU];
    }
    return encoded;
}

std::string csv_field(std::string_view text) {
    const bool is_guarded = begins_formula(text) && !is_number(text);
    const bool is_plain = text.find_first_of(",\"\r\n") == std::string_view::npos;
    if (!text.empty() && is_plain && !is_guarded) return std::string(text);
    std::string quoted = is_guarded ? "\"'" : "\"";
    for (const char c : text) {
        if (c == '"') quoted += c;
        quoted += c;
    }
    return quoted + '"';
}

bool is_plain_name(std::string_view text, std::size_t length_max) noexcept {
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    return !text.empty() && text.size() <= length_max && is_lower(text[0]) &&
           std::all_of(text.begin(), text.end(),
                       [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; });
}

std::optional<std::string_view> nearest(std::string_view name,
                                        std::span<const std::string_view> candidates) {
    std::optional<std::string_view> best;
    std::size_t best_distance = 0;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(name, candidate);
        if (distance * 3 > std::max(name.size(), candidate.size())) continue;
        if (!best || distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace baton

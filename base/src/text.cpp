#include "baton/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace baton {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// The length of the valid UTF-8 sequence at the start of `text`, or 0 (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return 1;

    std::size_t length = 0;
    std::uint8_t second_min = 0x80;
    std::uint8_t second_max = 0xBF;
    if (first >= 0xC2 && first <= 0xDF) {
        length = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        length = 3;
        if (first == 0xE0) second_min = 0xA0;
        if (first == 0xED) second_max = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
        length = 4;
        if (first == 0xF0) second_min = 0x90;
        if (first == 0xF4) second_max = 0x8F;
    } else {
        return 0;
    }
    if (text.size() < length) return 0;
    if (byte(1) < second_min || byte(1) > second_max) return 0;
    for (std::size_t i = 2; i < length; ++i) {
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    }
    return length;
}

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
        const std::size_t length = sequence_length(text);
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
        const std::size_t length = sequence_length(text);
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
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
        return std::string(text);
    }
    std::string quoted = "\"";
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

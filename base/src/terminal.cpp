#include "baton/base/terminal.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "utf8.hpp"

namespace baton {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// Unicode's Cc, Zl, Zp, and of Cf what turns direction or has no shape. The joiners U+200C and
// U+200D stay, which some scripts need.
constexpr std::array<Range, 10> powerful{{{0x00, 0x1F},
                                          {0x7F, 0x9F},
                                          {0x61C, 0x61C},
                                          {0x200B, 0x200B},
                                          {0x200E, 0x200F},
                                          {0x2028, 0x202E},
                                          {0x2060, 0x206F},
                                          {0xFEFF, 0xFEFF},
                                          {0xFFF9, 0xFFFB},
                                          {0xE0000, 0xE007F}}};

bool is_powerful(char32_t character) {
    return std::ranges::any_of(powerful, [&](const Range& range) {
        return character >= range.first && character <= range.last;
    });
}

char32_t decoded(std::string_view sequence) {
    constexpr std::array<std::uint8_t, 5> first_bits{0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t character = static_cast<std::uint8_t>(sequence[0]) & first_bits[sequence.size()];
    for (const char c : sequence.substr(1)) {
        character = (character << 6U) | (static_cast<std::uint8_t>(c) & 0x3FU);
    }
    return character;
}

std::string hexadecimal(char32_t value, std::size_t digit_count) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(digit_count, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4U) {
        *digit = digits[value & 0xFU];
    }
    return text;
}

std::string shown(char32_t character) {
    switch (character) {
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return " ";
        default:
            break;
    }
    if (character <= 0xFF) return "\\x" + hexadecimal(character, 2);
    if (character <= 0xFFFF) return "\\u" + hexadecimal(character, 4);
    return "\\U" + hexadecimal(character, 8);
}

// As JSON writes what is above U+FFFF: two UTF-16 units.
std::string escaped_in_json(char32_t character) {
    if (character <= 0xFFFF) return "\\u" + hexadecimal(character, 4);
    const char32_t rest = character - 0x10000;
    return "\\u" + hexadecimal(0xD800 + (rest >> 10U), 4) + "\\u" +
           hexadecimal(0xDC00 + (rest & 0x3FFU), 4);
}

// `text` with `replaced` for each character that is powerful, and `broken` for each byte that is
// not UTF-8.
template <class Replaced, class Broken>
std::string filtered(std::string_view text, const Replaced& replaced, const Broken& broken) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0) {
            result += broken(static_cast<std::uint8_t>(text[0]));
        } else if (const char32_t character = decoded(sequence); is_powerful(character)) {
            result += replaced(character);
        } else {
            result += sequence;
        }
        text.remove_prefix(sequence.size());
    }
    return result;
}

}  // namespace

std::string terminal_line(std::string_view text) {
    return filtered(text, shown, [](std::uint8_t byte) { return "\\x" + hexadecimal(byte, 2); });
}

std::string terminal_json(std::string_view json) {
    const auto in_json = [](char32_t character) {
        // Between the values of an object, these are white space.
        const bool is_space = character == '\n' || character == '\r' || character == '\t';
        return is_space ? std::string(1, static_cast<char>(character)) : escaped_in_json(character);
    };
    return filtered(json, in_json, [](std::uint8_t) { return std::string("\\ufffd"); });
}

}  // namespace baton

// trimmed: a text without what is white at its ends.
//
// Threads: a pure function.
#pragma once

#include <string_view>

namespace baton::node {

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) {
    constexpr std::string_view spaces = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(spaces);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(spaces) + 1 - begin);
}

}  // namespace baton::node

// What the readers of tokens have in common: characters, and a place in a text.
//
// Threads: no state.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace baton::tokens {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}
/// Bytes above 127 are parts of letters.
constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80U;
}

/// With line ends as in Unix, and without a byte order mark.
inline std::string with_plain_line_ends(std::string_view source) {
    if (source.starts_with("\xEF\xBB\xBF")) source.remove_prefix(3);
    std::string text;
    text.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
        text += source[i];
    }
    return text;
}

/// A text that is read from the left.
class Text {
public:
    explicit Text(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] char peek(std::size_t ahead = 0) const {
        return ahead < rest_.size() ? rest_[ahead] : '\0';
    }
    [[nodiscard]] bool at(std::string_view text) const { return rest_.starts_with(text); }
    [[nodiscard]] std::string_view rest() const { return rest_; }
    std::string_view take(std::size_t size) {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    /// Up to the end of the next `end`, or all.
    std::string_view take_through(std::string_view end, std::size_t from = 0) {
        const std::size_t found = rest_.find(end, from);
        return take(found == std::string_view::npos ? rest_.size() : found + end.size());
    }
    template <class Predicate>
    std::string_view take_while(Predicate&& predicate) {
        const auto end = std::ranges::find_if_not(rest_, predicate);
        return take(static_cast<std::size_t>(end - rest_.begin()));
    }

private:
    std::string_view rest_;
};

}  // namespace baton::tokens

// Postgres arrays in text form, read by the rules of Postgres and not by code of Baton.
#pragma once

#include <cctype>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace baton::testing {

using Cell = std::optional<std::string>;

/// The elements of a one-dimensional Postgres array: unquoted NULL is null, a backslash takes the
/// next character as it is, unquoted white space around an element is dropped.
inline std::vector<Cell> parsed_array(std::string_view text) {
    const auto refuse = [&] {
        throw std::runtime_error("malformed array literal: " + std::string(text));
    };
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') refuse();
    text = text.substr(1, text.size() - 2);
    std::vector<Cell> cells;
    if (text.empty()) return cells;
    std::size_t at = 0;
    for (;;) {
        std::string cell;
        bool was_quoted = false;
        while (at < text.size() && text[at] != ',') {
            if (text[at] == '{' || text[at] == '}') refuse();
            if (text[at] != '"') {
                if (text[at] == '\\') ++at;
                if (!was_quoted && std::isspace(static_cast<unsigned char>(text.at(at))) == 0)
                    cell += text[at];
                ++at;
                continue;
            }
            if (was_quoted || !cell.empty()) refuse();
            was_quoted = true;
            for (++at; text.at(at) != '"'; ++at) {
                if (text[at] == '\\') ++at;
                cell += text.at(at);
            }
            ++at;
        }
        if (!was_quoted && cell.empty()) refuse();
        if (!was_quoted && cell == "NULL") {
            cells.emplace_back(std::nullopt);
        } else {
            cells.emplace_back(std::move(cell));
        }
        if (at == text.size()) return cells;
        ++at;
    }
}

}  // namespace baton::testing

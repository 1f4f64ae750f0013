#include "baton/sql/statement.hpp"

#include <algorithm>

#include "baton/base/check.hpp"

namespace baton::sql {
namespace {

bool begins_a_name(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
bool is_of_a_name(char c) { return begins_a_name(c) || (c >= '0' && c <= '9'); }

// Where what begins at `from` ends, which is no argument: a quoted text, a cast, or one character.
std::size_t end_of_other(std::string_view text, std::size_t from) {
    if (text[from] == '\'') {
        const std::size_t end = text.find('\'', from + 1);
        BATON_CHECK(end != std::string_view::npos);
        return end + 1;
    }
    return text.substr(from).starts_with("::") ? from + 2 : from + 1;
}

}  // namespace

ParsedStatement::ParsedStatement(std::string_view text) : source_(text) {
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at + 1;
        const bool is_argument = text[at] == ':' && end < text.size() && begins_a_name(text[end]);
        while (is_argument && end < text.size() && is_of_a_name(text[end])) ++end;
        if (!is_argument) {
            end = end_of_other(text, at);
            text_ += text.substr(at, end - at);
        } else {
            const std::string_view name = text.substr(at + 1, end - at - 1);
            auto known = std::ranges::find(names_, name);
            if (known == names_.end()) known = names_.emplace(known, name);
            text_ += '$' + std::to_string(known - names_.begin() + 1);
        }
        at = end;
    }
}

std::vector<Parameter> ParsedStatement::in_order(std::span<const Argument> arguments) const {
    BATON_CHECK(arguments.size() == names_.size());
    std::vector<Parameter> values;
    values.reserve(names_.size());
    for (const std::string& name : names_) {
        const auto found = std::ranges::find(arguments, name, &Argument::name);
        BATON_CHECK(found != arguments.end());
        values.push_back(found->value);
    }
    return values;
}

}  // namespace baton::sql

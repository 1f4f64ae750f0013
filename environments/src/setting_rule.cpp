// What a rule says of a text.
#include <algorithm>
#include <charconv>

#include "baton/base/text.hpp"
#include "baton/environments/environment.hpp"

namespace baton::environments {

using Type = SettingMember::Type;

std::string SettingRule::expectation() const {
    switch (member.type) {
        case Type::integer:
            return "an integer from " + std::to_string(min) + " to " + std::to_string(max);
        case Type::boolean:
            return "true or false";
        case Type::list:
            return "a list of " + std::string(items);
        case Type::table:
            return "a table";
        case Type::tables:
            return "tables: [[" + std::string(key) + "]]";
        case Type::text:
            break;
    }
    if (choices.empty()) return may_be_empty ? "a string" : "a string that is not empty";
    std::string names;
    for (const std::string_view choice : choices) {
        if (!names.empty()) names += choice == choices.back() ? " or " : ", ";
        names += json_quoted(choice);
    }
    return names;
}

bool SettingRule::accepts(std::string_view text) const {
    if (member.type == Type::integer || has_numbers()) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        return error == std::errc{} && end == text.data() + text.size() && number >= min &&
               number <= max;
    }
    if (member.type == Type::boolean) return text == "true" || text == "false";
    if (choices.empty()) return may_be_empty || !text.empty();
    return std::ranges::find(choices, text) != choices.end();
}

std::string_view SettingRule::fallback_in(Kind kind) const {
    const bool differs = kind == Kind::development && !fallback_in_development.empty();
    return differs ? fallback_in_development : fallback;
}

}  // namespace baton::environments

// The value that a setting's text stands for.
//
// Threads: pure functions.
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>

#include "baton/environments/environment.hpp"

namespace baton::environments {

/// `text` was accepted by the rule.
template <class Value>
Value value_of(const SettingRule& rule, const std::string& text) {
    if constexpr (std::is_enum_v<Value>) {
        return static_cast<Value>(std::ranges::find(rule.choices, text) - rule.choices.begin());
    } else if constexpr (std::same_as<Value, bool>) {
        return text == "true";
    } else if constexpr (std::same_as<Value, std::string>) {
        return text;
    } else {
        std::int64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        return Value(number);
    }
}

}  // namespace baton::environments

// A member of what the file may declare several of, as a setting: [[handler]], [[schedule]],
// [[workflow]].
//
// Threads: pure functions.
#pragma once

#include <concepts>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "baton/environments/environment.hpp"
#include "setting_value.hpp"

namespace baton::environments {

template <class Value>
constexpr bool is_list = requires(Value value) {
    value.push_back({});
    requires !std::same_as<Value, std::string>;
};

/// Takes it for the newest of the environment's `list`.
template <auto list, auto member>
constexpr SettingMember item_of() {
    using Type = SettingMember::Type;
    using Value =
        std::remove_cvref_t<decltype((std::declval<Environment&>().*list).back().value.*member)>;
    constexpr bool is_text = std::same_as<Value, std::string> ||
                             std::same_as<Value, std::filesystem::path> || std::is_enum_v<Value>;
    return {
        is_list<Value> ? Type::list
        : is_text      ? Type::text
                       : Type::integer,
        [](Environment& environment, const SettingRule& rule,
           const Setting<std::vector<std::string>>& texts, const std::filesystem::path& folder) {
            Value& taken = (environment.*list).back().value.*member;
            if constexpr (is_list<Value>) {
                for (const std::string& text : texts.value) {
                    taken.push_back(value_of<typename Value::value_type>(rule, text));
                }
            } else if constexpr (std::same_as<Value, std::filesystem::path>) {
                taken = (folder / texts.value.front()).lexically_normal();
            } else {
                taken = value_of<Value>(rule, texts.value.front());
            }
        },
        nullptr};
}

}  // namespace baton::environments

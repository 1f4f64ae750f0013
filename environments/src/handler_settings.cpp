// What a [[handler]] may have, one row each: its member is in HandlerSetting.
#include <concepts>
#include <type_traits>
#include <utility>

#include "baton/environments/environment.hpp"
#include "setting_value.hpp"

namespace baton::environments {
namespace {

namespace fs = std::filesystem;
using Type = SettingMember::Type;
using Texts = Setting<std::vector<std::string>>;

template <class Value>
constexpr bool is_list = requires(Value value) {
    value.push_back({});
    requires !std::same_as<Value, std::string>;
};

// Takes it for the newest of the environment's handlers.
template <auto member>
constexpr SettingMember value() {
    using Value = std::remove_cvref_t<decltype(std::declval<HandlerSetting&>().*member)>;
    constexpr bool is_text =
        std::same_as<Value, std::string> || std::same_as<Value, fs::path> || std::is_enum_v<Value>;
    return {is_list<Value> ? Type::list
            : is_text      ? Type::text
                           : Type::integer,
            [](Environment& environment, const SettingRule& rule, const Texts& texts,
               const fs::path& folder) {
                Value& taken = environment.handlers.back().value.*member;
                if constexpr (is_list<Value>) {
                    for (const std::string& text : texts.value) {
                        taken.push_back(value_of<typename Value::value_type>(rule, text));
                    }
                } else if constexpr (std::same_as<Value, fs::path>) {
                    taken = (folder / texts.value.front()).lexically_normal();
                } else {
                    taken = value_of<Value>(rule, texts.value.front());
                }
            },
            nullptr};
}

constexpr std::int64_t version_max = 9999;
constexpr std::string_view lanes[] = {"none", "key"};  // in the order of HandlerLane

// The order is that of docs/settings.md.
constexpr SettingRule rules[] = {
    {.key = "handler.name",
     .help = "name of the handler",
     .member = value<&HandlerSetting::name>(),
     .is_required = true},
    {.key = "handler.version",
     .help = "raised with each change of what it does",
     .member = value<&HandlerSetting::version>(),
     .min = 1,
     .max = version_max,
     .is_required = true},
    {.key = "handler.command",
     .help = "the program, as a path or a name to find in PATH, and its arguments; no shell",
     .member = value<&HandlerSetting::command>(),
     .items = "words",
     .is_required = true},
    {.key = "handler.folder",
     .help = "where it is run, and what its paths are relative to; relative to this file",
     .member = value<&HandlerSetting::folder>(),
     .fallback = "."},
    {.key = "handler.files",
     .help = "what it is made of beside the program: they are part of its build",
     .member = value<&HandlerSetting::files>(),
     .items = "paths"},
    {.key = "handler.events",
     .help = "the types of events that become tasks of it",
     .member = value<&HandlerSetting::events>(),
     .items = "types of events"},
    {.key = "handler.lane",
     .help = "whether the tasks of one key are done one after the other: their event's key is "
             "their lane",
     .member = value<&HandlerSetting::lane>(),
     .fallback = "none",
     .choices = lanes},
    {.key = "handler.accepts_from",
     .help = "the versions whose tasks it does, too",
     .member = value<&HandlerSetting::accepts_from>(),
     .min = 1,
     .max = version_max,
     .items = "versions from 1 to 9999"},
    {.key = "handler.variables",
     .help = "variables of the node that it gets, beside those that each command gets",
     .member = value<&HandlerSetting::variables>(),
     .items = "names of variables"},
    {.key = "handler.timeout_ms",
     .help = "after how many milliseconds it is ended, and the attempt has failed; 0: never",
     .member = value<&HandlerSetting::time_limit>(),
     .fallback = "0",
     .min = 0,
     .max = 86'400'000},
    {.key = "handler.threads",
     .help = "how many of its tasks run at once on a node",
     .member = value<&HandlerSetting::threads>(),
     .fallback = "4",
     .min = 1,
     .max = 256},
};

}  // namespace

std::span<const SettingRule> handler_rules() { return rules; }

}  // namespace baton::environments

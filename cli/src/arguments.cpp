#include "arguments.hpp"

#include <algorithm>

namespace baton::cli {
namespace {

const Verb* verb_named(const std::vector<Verb>& verbs, const std::string& word) {
    const auto found = std::ranges::find(verbs, word, &Verb::name);
    return found == verbs.end() ? nullptr : &*found;
}

// Whether the option of this name takes a value; nothing where no verb has it.
std::optional<bool> takes_value(const std::vector<Verb>& verbs, const std::string& name) {
    for (const Verb& verb : verbs) {
        for (const Option& option : verb.options) {
            if (option.name == name) return !std::holds_alternative<bool*>(option.place);
        }
        for (const SettingFlag& flag : flags_of(verb.settings)) {
            if (flag.name == name) return true;
        }
        if (const auto inside = takes_value(verb.verbs, name)) return inside;
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::string> with_verb_first(const std::vector<Verb>& verbs,
                                         const std::vector<std::string>& arguments) {
    std::vector<std::string> leading;
    auto at = arguments.begin();
    while (at != arguments.end() && at->starts_with("--")) {
        const std::size_t equals = at->find('=');
        // What is the root's own, or nobody's, stays where it is.
        const std::string name = at->substr(0, equals);
        const bool is_roots = name == "--version" || name.starts_with("--help");
        const auto is_followed = is_roots ? std::nullopt : takes_value(verbs, name);
        if (!is_followed) return arguments;
        leading.push_back(*at++);
        if (*is_followed && equals == std::string::npos && at != arguments.end()) {
            leading.push_back(*at++);
        }
    }
    if (leading.empty() || at == arguments.end()) return arguments;

    std::vector<std::string> ordered{*at++};
    const Verb* verb = verb_named(verbs, ordered.front());
    while (verb != nullptr && at != arguments.end()) {
        verb = verb_named(verb->verbs, *at);
        if (verb != nullptr) ordered.push_back(*at++);
    }
    ordered.insert(ordered.end(), leading.begin(), leading.end());
    ordered.insert(ordered.end(), at, arguments.end());
    return ordered;
}

}  // namespace baton::cli

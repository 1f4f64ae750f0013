#include "arguments.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace baton::cli {
namespace {

std::vector<const CLI::App*> verbs_of(const CLI::App& group) {
    return group.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* verb_named(const CLI::App& group, const std::string& word) {
    const std::vector<const CLI::App*> verbs = verbs_of(group);
    const auto found =
        std::ranges::find_if(verbs, [&](const CLI::App* verb) { return verb->check_name(word); });
    return found == verbs.end() ? nullptr : *found;
}

// The option of this name of any verb; the root's own are none.
const CLI::Option* option_of_a_verb(const CLI::App& group, const std::string& name) {
    for (const CLI::App* verb : verbs_of(group)) {
        for (const CLI::Option* option : verb->get_options()) {
            if (option->check_name(name)) return option;
        }
        if (const CLI::Option* inside = option_of_a_verb(*verb, name)) return inside;
    }
    return nullptr;
}

}  // namespace

std::vector<std::string> with_verb_first(const CLI::App& root,
                                         const std::vector<std::string>& arguments) {
    std::vector<std::string> leading;
    auto at = arguments.begin();
    while (at != arguments.end() && at->starts_with("--")) {
        const std::size_t equals = at->find('=');
        const std::string name = at->substr(0, equals);
        const CLI::Option* option = option_of_a_verb(root, name);
        // What is the root's own, or nobody's, stays where it is.
        if (option == nullptr || root.get_option_no_throw(name) != nullptr) return arguments;
        leading.push_back(*at++);
        const bool takes_value = option->get_items_expected_max() > 0;
        if (takes_value && equals == std::string::npos && at != arguments.end()) {
            leading.push_back(*at++);
        }
    }
    if (leading.empty() || at == arguments.end()) return arguments;

    std::vector<std::string> ordered{*at++};
    const CLI::App* verb = verb_named(root, ordered.front());
    while (verb != nullptr && at != arguments.end()) {
        verb = verb_named(*verb, *at);
        if (verb != nullptr) ordered.push_back(*at++);
    }
    ordered.insert(ordered.end(), leading.begin(), leading.end());
    ordered.insert(ordered.end(), at, arguments.end());
    return ordered;
}

}  // namespace baton::cli

#include "parser.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <set>

#include "arguments.hpp"
#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

std::string quoted(const std::string& text) { return json_quoted(text.substr(0, 80)); }

// "a" or "a; did you mean \"b\"?"
std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    const auto near = nearest(word, candidates);
    return near ? "; did you mean " + std::string(*near) + "?" : "";
}

// CLI11 would call an unknown verb an unexpected argument.
void refuse_unknown_verb(const CLI::App& root, const std::vector<std::string>& arguments) {
    const CLI::App* at = &root;
    std::string path = root.get_name();
    for (const std::string& word : arguments) {
        const auto verbs = at->get_subcommands([](const CLI::App*) { return true; });
        if (verbs.empty() || word.starts_with('-')) return;
        const auto found = std::ranges::find_if(
            verbs, [&](const CLI::App* verb) { return verb->check_name(word); });
        if (found == verbs.end()) {
            std::vector<std::string> names;
            names.reserve(verbs.size());
            for (const CLI::App* verb : verbs) names.push_back(verb->get_name());
            refuse("there is no verb " + quoted(word) + suggestion(word, names) + "; see `" + path +
                   " --help`");
        }
        at = *found;
        path += " " + word;
    }
}

const CLI::App& deepest(const CLI::App& root, std::string& path) {
    const CLI::App* at = &root;
    path = root.get_name();
    while (!at->get_subcommands().empty()) {
        at = at->get_subcommands().back();
        path += " " + at->get_name();
    }
    return *at;
}

// What CLI11 found wrong, in our words.
[[noreturn]] void refuse_parse(const CLI::App& root, const CLI::ParseError& error) {
    std::string path;
    const CLI::App& verb = deepest(root, path);
    const std::string see = "; see `" + path + " --help`";
    const std::vector<std::string> extra = root.remaining(true);
    const bool lacks_verb = error.what() == std::string_view("A subcommand is required");
    if ((lacks_verb || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) &&
        !extra.empty()) {
        const std::string word = extra.front().substr(0, extra.front().find('='));
        if (!word.starts_with('-')) refuse("unexpected argument " + quoted(word) + see);
        std::vector<std::string> names;
        for (const CLI::Option* option : verb.get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
        refuse("there is no option " + quoted(word) + suggestion(word, names) + see);
    }
    std::string what = error.what();
    if (lacks_verb) what = "a verb is missing";
    std::ranges::replace(what, '\n', ' ');
    if (what.size() > 1 && what[1] >= 'a' && what[1] <= 'z') {
        what[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(what[0])));
    }
    refuse(what + see);
}

std::int64_t number_of(const Option& option, const std::string& text) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const auto [min, max] = option.bounds;
    if (error == std::errc{} && stop == end && number >= min && number <= max) return number;
    const bool is_bounded = max != Bounds().max;
    refuse(option.name + " must be a whole number " +
           (is_bounded ? "from " + std::to_string(min) + " to " + std::to_string(max)
                       : "of at least " + std::to_string(min)) +
           ", not " + quoted(text));
}

// Makes an option of CLI11's, by the type of its place.
struct Adding {
    CLI::App& app;
    const Option& option;
    const std::string help = advice(option.help);

    CLI::Option* operator()(bool* place) const { return app.add_flag(option.name, *place, help); }
    CLI::Option* operator()(std::string* place) const { return add(*place); }
    CLI::Option* operator()(std::optional<std::string>* place) const { return add(*place); }
    CLI::Option* operator()(std::optional<std::int64_t>* place) const {
        const auto take = [place, this_option = option](const std::vector<std::string>& words) {
            *place = number_of(this_option, words.back());
            return true;
        };
        return app.add_option(option.name, take, help)->type_name("INT");
    }
    CLI::Option* operator()(std::vector<std::string>* place) const {
        CLI::Option* const added = add(*place);
        if (!option.name.starts_with('-')) return added;
        return added->type_size(1)->expected(1)->multi_option_policy(
            CLI::MultiOptionPolicy::TakeAll);
    }

private:
    template <class Place>
    CLI::Option* add(Place& place) const {
        return app.add_option(option.name, place, help);
    }
};

// The end of every --help: more, an example, and the exit codes.
std::string footer(const std::string& about) {
    std::string told;
    // An example is advice; what else stands there may have lines.
    for (std::size_t at = 0; at < about.size();) {
        const std::size_t end = std::min(about.find('\n', at), about.size());
        told += advice(about.substr(at, end - at)) + "\n";
        at = end + 1;
    }
    return told +
           "Exit codes: 0 done, 1 it failed (one line on stderr says why), 2 the command "
           "line or a setting is wrong.";
}

class Parser {
public:
    Parser(const std::vector<Verb>& verbs, Invocation& invocation);
    // See parse().
    const Verb* read(const std::vector<std::string>& arguments);

private:
    // A setting of a verb.
    struct Flag {
        std::string name;
        std::string value;
        const CLI::Option* option = nullptr;
    };
    void add(CLI::App& group, const Verb& verb);
    void add_options(CLI::App& added, const std::vector<Option>& options);
    static void refuse_options(const CLI::App& group, const Verb& verb);
    void refuse_empty(const std::vector<std::string>& arguments) const;

    const std::vector<Verb>& verbs_;
    Invocation& invocation_;
    CLI::App root_;
    std::deque<Flag> flags_;  // known to CLI11 by their addresses
    std::set<const CLI::Option*> may_be_empty_;
    const Verb* chosen_ = nullptr;
};

Parser::Parser(const std::vector<Verb>& verbs, Invocation& invocation)
    : verbs_(verbs),
      invocation_(invocation),
      root_("Redux for a fleet of machines, on the Postgres they already have.",
            invocation.app.name()) {
    root_.require_subcommand(1);
    root_.set_version_flag("--version", std::string(version()), "print the version of Baton");
    root_.set_help_all_flag("--help-all", "print the help of every verb");
    root_.footer(footer("Try it: " + invocation.app.name() + " up"));
    for (const Verb& verb : verbs) add(root_, verb);
}

void Parser::add(CLI::App& group, const Verb& verb) {
    CLI::App* const added = group.add_subcommand(verb.name, verb.help);
    if (verb.is_own) {
        added->allow_extras();
        if (!verb.about.empty()) added->footer(verb.about);
    } else {
        added->footer(footer(verb.about));
    }
    if (!verb.verbs.empty()) {
        added->require_subcommand(verb.run ? 0 : 1, 1);
        for (const Verb& inner : verb.verbs) add(*added, inner);
        if (!verb.run) return;
    }
    add_options(*added, verb.options);
    for (const SettingFlag& flag : flags_of(verb.settings)) {
        Flag& setting = flags_.emplace_back(Flag{flag.name, {}, nullptr});
        setting.option = added->add_option(flag.name, setting.value, flag.help)->group("Settings");
    }
    added->callback([this, &verb, added] {
        if (!added->get_subcommands().empty()) {
            refuse_options(*added, verb);
            return;  // the verb of the group, which is chosen by now
        }
        chosen_ = &verb;
        invocation_.settings = verb.settings;
        if (verb.is_own) invocation_.rest = added->remaining();
    });
}

void Parser::add_options(CLI::App& added, const std::vector<Option>& options) {
    for (const Option& option : options) {
        CLI::Option* const made = std::visit(Adding{added, option}, option.place);
        made->required(option.is_required);
        if (!option.placeholder.empty()) made->type_name(option.placeholder);
        if (!option.choices.empty()) made->check(CLI::IsMember(option.choices));
        if (option.may_be_empty) may_be_empty_.insert(made);
    }
    for (const Option& option : options) {
        CLI::Option* const made = added.get_option(option.name);
        if (!option.needs.empty()) made->needs(added.get_option(option.needs));
        if (!option.excludes.empty()) made->excludes(added.get_option(option.excludes));
    }
}

// What a group takes where it is asked by itself means nothing before one of its verbs.
void Parser::refuse_options(const CLI::App& group, const Verb& verb) {
    for (const Option& option : verb.options) {
        if (group.get_option(option.name)->count() == 0) continue;
        refuse(option.name + " does not go with " + verb.name + " " +
               group.get_subcommands().back()->get_name());
    }
}

// An empty argument is not an absent one: a script whose variable is empty means something else
// than what is done without it. Of what a verb of the application is given, only that verb knows.
void Parser::refuse_empty(const std::vector<std::string>& arguments) const {
    std::string path;
    const CLI::App& verb = deepest(root_, path);
    const auto refuse_it = [&](const std::string& name) {
        refuse(name + " is empty: give it a value, or leave it out; see `" + path + " --help`");
    };
    for (const CLI::App* at : {&root_, &verb}) {
        for (const CLI::Option* option : at->get_options()) {
            if (may_be_empty_.contains(option)) continue;
            const auto& values = option->results();
            if (std::ranges::find(values, "") != values.end()) refuse_it(option->get_name());
        }
    }
    // CLI11 takes what follows "--name=" for its value.
    if (verb.get_allow_extras()) return;
    for (const std::string& argument : arguments) {
        if (argument == "--") return;
        if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
            refuse_it(argument.substr(0, argument.size() - 1));
        }
    }
}

const Verb* Parser::read(const std::vector<std::string>& given) {
    const std::vector<std::string> arguments = with_verb_first(verbs_, given);
    refuse_unknown_verb(root_, arguments);
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        root_.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        write_out(root_.help());
        return nullptr;
    } catch (const CLI::CallForVersion&) {
        write_out("baton " + std::string(version()) + "\n");
        return nullptr;
    } catch (const CLI::CallForAllHelp&) {
        write_out(root_.help("", CLI::AppFormatMode::All));
        return nullptr;
    } catch (const CLI::ParseError& error) {
        refuse_empty(arguments);
        refuse_parse(root_, error);
    }
    refuse_empty(arguments);
    for (const Flag& flag : flags_) {
        if (flag.option->count() > 0) invocation_.flags[flag.name] = flag.value;
    }
    return chosen_;
}

}  // namespace

const Verb* parse(const std::vector<Verb>& verbs, const std::vector<std::string>& arguments,
                  Invocation& invocation) {
    return Parser(verbs, invocation).read(arguments);
}

}  // namespace baton::cli

// App: builds the command line, runs the verb, and says in one line what went wrong.
#include "baton/cli/app.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "arguments.hpp"
#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/rights.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton {
namespace {

using cli::Invocation;

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
            cli::refuse("there is no verb " + quoted(word) + suggestion(word, names) + "; see `" +
                        path + " --help`");
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
        if (!word.starts_with('-')) cli::refuse("unexpected argument " + quoted(word) + see);
        std::vector<std::string> names;
        for (const CLI::Option* option : verb.get_options()) {
            for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
        }
        cli::refuse("there is no option " + quoted(word) + suggestion(word, names) + see);
    }
    std::string what = error.what();
    if (lacks_verb) what = "a verb is missing";
    std::ranges::replace(what, '\n', ' ');
    if (!what.empty() && what.size() > 1 && what[1] >= 'a' && what[1] <= 'z') {
        what[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(what[0])));
    }
    cli::refuse(what + see);
}

void add_verbs(CLI::App& root, Invocation& invocation) {
    cli::add_up(root, invocation);
    cli::add_environment(root, invocation);
    cli::add_orchestrate(root, invocation);
    cli::add_dispatch(root, invocation);
    cli::add_log(root, invocation);
    cli::add_view(root, invocation);
    cli::add_views(root, invocation);
    cli::add_grant(root, invocation);
    cli::add_diff(root, invocation);
    cli::add_replay(root, invocation);
    cli::add_wait(root, invocation);
    cli::add_versions(root, invocation);
    cli::add_promote(root, invocation);
    cli::add_rollback(root, invocation);
    cli::add_retire(root, invocation);
    cli::add_dead(root, invocation);
    cli::add_status(root, invocation);
    cli::add_doctor(root, invocation);
    cli::add_version(root, invocation);
}

// An empty argument is not an absent one: a script whose variable is empty means something else
// than what is done without it. A key and a tenant may be empty texts; of what a verb of the
// application is given, only that verb knows.
void refuse_empty(const CLI::App& root, const std::vector<std::string>& arguments) {
    std::string path;
    const CLI::App& verb = deepest(root, path);
    const auto refuse = [&](const std::string& name) {
        cli::refuse(name + " is empty: give it a value, or leave it out; see `" + path +
                    " --help`");
    };
    const auto may_be_empty = [](const std::string& name) {
        return name == "--key" || name == "--tenant";
    };
    for (const CLI::App* at : {&root, &verb}) {
        for (const CLI::Option* option : at->get_options()) {
            if (may_be_empty(option->get_name())) continue;
            const auto& values = option->results();
            if (std::ranges::find(values, "") != values.end()) refuse(option->get_name());
        }
    }
    // CLI11 takes what follows "--name=" for its value.
    if (verb.get_allow_extras()) return;
    for (const std::string& argument : arguments) {
        if (argument == "--") return;
        if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
            refuse(argument.substr(0, argument.size() - 1));
        }
    }
}

// Parses the command line. Returns false when that was all: a --help was printed.
bool parse(CLI::App& root, const std::vector<std::string>& arguments) {
    refuse_unknown_verb(root, arguments);
    try {
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        root.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        cli::write_out(root.help());
        return false;
    } catch (const CLI::CallForVersion&) {
        cli::write_out("baton " + std::string(cli::version()) + "\n");
        return false;
    } catch (const CLI::CallForAllHelp&) {
        cli::write_out(root.help("", CLI::AppFormatMode::All));
        return false;
    } catch (const CLI::ParseError& error) {
        refuse_empty(root, arguments);
        refuse_parse(root, error);
    }
    refuse_empty(root, arguments);
    return true;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
        text.replace(at, what.size(), with);
    }
}

// Whether the environment's tables are there, or how the schema stands behind this program. Nothing
// where it is well, or where that cannot be told.
std::optional<std::string> fault_of_schema(const environments::Environment& environment) {
    const std::string& name = environment.name.value;
    try {
        sql::Connection connection(environment.url.value,
                                   {.schema = "pg_catalog", .writable = false, .pooled = true});
        const sql::InstallStatus status = sql::Migrator().status(connection, environment.schema());
        if (!status.installed) {
            return "the environment " + name +
                   " is not installed in this database; run `baton environment install " + name +
                   "`";
        }
        if (status.pending.empty() && status.drifted.empty()) return std::nullopt;
        return "the environment " + name +
               " is older than this program; run `baton environment upgrade " + name + "`";
    } catch (const Error&) {
        return std::nullopt;
    }
}

// What the server's words mean for whoever typed the command.
Error explained(const Error& error, const Invocation& invocation) {
    std::string what = error.what();
    ErrorCode code = error.code();
    if (const auto* const server = dynamic_cast<const sql::SqlError*>(&error);
        server != nullptr && invocation.environment) {
        const std::string& state = server->sqlstate();
        // undefined function, undefined table, invalid schema
        if (state == "42883" || state == "42P01" || state == "3F000") {
            if (const auto fault = fault_of_schema(*invocation.environment)) {
                what = *fault;
                code = ErrorCode::not_installed;
            }
        }
        what += sql::advice_on_rights(error);
    }
    // What was written below the command line does not know the program, nor its environment.
    if (invocation.environment) {
        const std::string name = " " + invocation.environment->name.value + "`";
        replace_all(what, " environment install`", " environment install" + name);
        replace_all(what, " environment upgrade`", " environment upgrade" + name);
    }
    return {code, what};
}

// One line for each thing that is wrong; settings are the only case with several.
void complain(const App& app, std::string_view what, std::string_view code = {}) {
    const std::string suffix = code.empty() ? "" : " [" + std::string(code) + "]";
    std::string text;
    while (!what.empty()) {
        const std::string_view line = what.substr(0, what.find('\n'));
        what.remove_prefix(std::min(what.size(), line.size() + 1));
        if (!line.empty()) text += app.name() + ": " + cli::advice(line) + suffix + "\n";
    }
    std::fwrite(text.data(), 1, text.size(), stderr);
}

int exit_code_of(const Error& error) {
    switch (error.code()) {
        case ErrorCode::usage:
        case ErrorCode::settings_invalid:
        case ErrorCode::name_invalid:
            return 2;
        default:
            return 1;
    }
}

// Makes the output of a verb that has ended visible.
void tell(int code) {
    try {
        cli::flush_out();
    } catch (const Error& error) {
        if (code != 0) throw;
        throw Error(error.code(), "the command is carried out, but " + std::string(error.what()));
    }
}

int run_verb(const Invocation& invocation) {
    try {
        const int code = invocation.chosen();
        tell(code);
        return code;
    } catch (const Error& error) {
        const Error told = explained(error, invocation);
        if (invocation.logs_json) {
            log().error("{}", with_code(told.code(), cli::advice(told.what())));
        } else {
            complain(invocation.app, told.what(), sqlstate_of(told.code()));
        }
        return exit_code_of(error);
    }
}

}  // namespace

App::App(std::string name) : name_(std::move(name)) {}

App::~App() = default;

App& App::add_sql_reducer(std::filesystem::path file) {
    sql_reducers_.push_back(std::move(file));
    return *this;
}

App& App::add_view_set(std::string name, int version, std::vector<std::string> views) {
    view_sets_.push_back({std::move(name), version, std::move(views)});
    return *this;
}

App& App::add_verb(std::string name, std::string help, std::function<int(const VerbContext&)> run,
                   bool needs_environment) {
    verbs_.push_back({std::move(name), std::move(help), std::move(run), needs_environment});
    return *this;
}

int App::run(int argc, char** argv) noexcept {
    // A reader that closes our stdout is told from a failure where we write; see output.hpp.
    (void)std::signal(SIGPIPE, SIG_IGN);
    try {
        cli::name_program(name_);
        Invocation invocation{*this, argc > 0 ? argv[0] : name_, {}};
        CLI::App root("Redux for a fleet of machines, on the Postgres they already have.", name_);
        root.require_subcommand(1);
        root.set_version_flag("--version", std::string(cli::version()),
                              "print the version of Baton");
        root.set_help_all_flag("--help-all", "print the help of every verb");
        root.footer(cli::footer("Try it: " + name_ + " up"));
        add_verbs(root, invocation);
        for (const Verb& verb : verbs_) {
            const std::size_t line_end = std::min(verb.help.find('\n'), verb.help.size());
            CLI::App* const added = root.add_subcommand(verb.name, verb.help.substr(0, line_end));
            added->allow_extras();
            if (line_end < verb.help.size()) added->footer(verb.help.substr(line_end + 1));
            auto flags = std::make_shared<cli::SettingFlags>();
            if (verb.needs_environment) {
                flags->offer(*added, cli::SettingFlags::Which::all_of_any);
            }
            added->callback([&invocation, &verb, added, flags] {
                invocation.chosen = [&invocation, &verb, added, flags] {
                    VerbContext context;
                    context.arguments = added->remaining();
                    context.program = invocation.program;
                    if (verb.needs_environment) context.environment = flags->load(invocation);
                    return verb.run(context);
                };
            });
        }
        const std::vector<std::string> arguments =
            cli::with_verb_first(root, {argv + std::min(argc, 1), argv + argc});
        if (!parse(root, arguments)) {
            cli::flush_out();
            return 0;
        }
        return run_verb(invocation);
    } catch (const cli::ClosedPipe&) {
        return 0;
    } catch (const Error& error) {
        complain(*this, error.what(), sqlstate_of(error.code()));
        return exit_code_of(error);
    } catch (const std::exception& error) {
        complain(*this, error.what());
        return 1;
    }
}

}  // namespace baton

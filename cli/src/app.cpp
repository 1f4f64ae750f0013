// App: builds the command line, runs the verb, and says in one line what went wrong.
#include "baton/cli/app.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/rights.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "parser.hpp"

namespace baton {
namespace {

using cli::Invocation;

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

int run_verb(const cli::Verb& verb, Invocation& invocation) {
    try {
        const int code = verb.run(invocation);
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

App& App::add_view_set(std::string name, int version, std::vector<std::string> views,
                       std::vector<SetHandler> handlers) {
    view_sets_.push_back({std::move(name), version, std::move(views), std::move(handlers)});
    return *this;
}

App& App::add_verb(std::string name, std::string help, std::function<int(const VerbContext&)> run,
                   bool needs_environment) {
    verbs_.push_back({std::move(name), std::move(help), std::move(run), needs_environment});
    return *this;
}

// What the command line is to know of a verb of the application.
cli::Verb App::own_verb(const Verb& verb) {
    const std::size_t line_end = std::min(verb.help.find('\n'), verb.help.size());
    return {.name = verb.name,
            .help = verb.help.substr(0, line_end),
            .about = verb.help.substr(std::min(line_end + 1, verb.help.size())),
            .settings = verb.needs_environment ? cli::Settings::all_of_any : cli::Settings::none,
            .run =
                [&verb](Invocation& invocation) {
                    VerbContext context;
                    context.arguments = invocation.rest;
                    context.program = invocation.program;
                    if (verb.needs_environment) context.environment = invocation.load();
                    return verb.run(context);
                },
            .is_own = true};
}

int App::run(int argc, char** argv) noexcept {
    // A reader that closes our stdout is told from a failure where we write; see output.hpp.
    (void)std::signal(SIGPIPE, SIG_IGN);
    try {
        std::vector<cli::Verb> verbs = cli::all_verbs();
        cli::name_program(name_, verbs);
        for (const Verb& verb : verbs_) verbs.push_back(own_verb(verb));
        Invocation invocation{*this, argc > 0 ? argv[0] : name_};
        const cli::Verb* const verb =
            cli::parse(verbs, {argv + std::min(argc, 1), argv + argc}, invocation);
        if (verb != nullptr) return run_verb(*verb, invocation);
        cli::flush_out();
        return 0;
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

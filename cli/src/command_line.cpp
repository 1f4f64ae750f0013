#include "command_line.hpp"

#include <CLI/CLI.hpp>

#include "baton/base/error.hpp"
#include "baton/environments/connection_url.hpp"

namespace baton::cli {

void SettingFlags::add(CLI::App& verb, const std::string& name, const std::string& help) {
    flags_.push_back(std::make_unique<Flag>());
    Flag& flag = *flags_.back();
    flag.name = name;
    flag.option = verb.add_option(name, flag.value, help)->group("Settings");
}

void SettingFlags::offer(CLI::App& verb, Which which) {
    add(verb, "--env",
        "the environment: a name, or its file [BATON_ENVIRONMENT; environments/NAME.toml; dev]");
    for (const environments::SettingRule& rule : environments::setting_rules()) {
        if (rule.flag.empty()) continue;
        if (which == Which::connection && rule.flag != "--url") continue;
        std::string help = std::string(rule.help);
        if (rule.max != 0 || !rule.choices.empty()) help += ": " + rule.expectation();
        add(verb, std::string(rule.flag),
            help + " [" + std::string(rule.variable) + "; " + std::string(rule.key) +
                " of the file]");
    }
}

environments::Environment SettingFlags::load(Invocation& invocation) const {
    environments::Sources sources;
    for (const auto& flag : flags_) {
        if (flag->option->count() > 0) sources.flags[flag->name] = flag->value;
    }
    for (const auto& [flag, value] : given_) sources.flags[flag] = value;
    environments::Environment environment = environments::load_environment(sources);
    invocation.environment = environment.name.value;
    return environment;
}

sql::Connection connect(const environments::Environment& environment, Access access) {
    sql::ConnectOptions options;
    options.schema = environment.schema();
    options.writable = access == Access::write;
    options.pooled = true;
    try {
        return sql::Connection(environment.url.value, options);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::connection_lost) throw;
        throw Error(error.code(), std::string(error.what()) + "; the url is " +
                                      environments::redacted_url(environment.url.value) +
                                      ", from " + environment.url.origin);
    }
}

std::string footer(const std::string& text) {
    return text +
           "\nExit codes: 0 done, 1 it failed (one line on stderr says why), 2 the command "
           "line or a setting is wrong.";
}

void refuse(const std::string& message) { throw Error(ErrorCode::usage, message); }

std::chrono::milliseconds seconds_of(const std::string& flag, double seconds) {
    constexpr double seconds_max = 86'400;
    if (!(seconds >= 0 && seconds <= seconds_max)) {
        refuse(flag + " must be a number of seconds from 0 to 86400");
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace baton::cli

#include "command_line.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/environments/connection_url.hpp"
#include "output.hpp"

namespace baton::cli {

void SettingFlags::add(CLI::App& verb, const std::string& name, const std::string& help) {
    flags_.push_back(std::make_unique<Flag>());
    Flag& flag = *flags_.back();
    flag.name = name;
    flag.option = verb.add_option(name, flag.value, help)->group("Settings");
}

void SettingFlags::offer(CLI::App& verb, Which which) {
    which_ = which;
    add(verb, "--env",
        "the environment: a name, or its file [BATON_ENVIRONMENT; environments/NAME.toml; dev]");
    for (const environments::SettingRule& rule : environments::setting_rules()) {
        if (rule.flag.empty()) continue;
        const bool is_wanted =
            rule.flag == "--url" ||
            (rule.flag == "--kind" ? which != Which::connection
                                   : which == Which::all || which == Which::all_of_any);
        if (!is_wanted) continue;
        std::string help = std::string(rule.help);
        if (rule.max != 0 || !rule.choices.empty()) help += ": " + rule.expectation();
        add(verb, std::string(rule.flag),
            help + " [" + std::string(rule.variable) + "; " + std::string(rule.key) +
                " of the file]");
    }
}

std::optional<std::string> SettingFlags::given(std::string_view flag) const {
    for (const auto& each : flags_) {
        if (each->name == flag && each->option->count() > 0) return each->value;
    }
    return std::nullopt;
}

environments::Environment SettingFlags::load(Invocation& invocation) const {
    environments::Sources sources;
    sources.needs_kind = which_ == Which::all;
    for (const auto& flag : flags_) {
        if (flag->option->count() > 0) sources.flags[flag->name] = flag->value;
    }
    for (const auto& [flag, value] : given_) sources.flags[flag] = value;
    environments::Environment environment = environments::load_environment(sources);
    invocation.environment = environment;
    return environment;
}

void SettingFlags::require_one_name(const std::string& name) const {
    const auto other = given("--env");
    if (name.empty() || !other || *other == name) return;
    refuse("NAME is " + json_quoted(name) + " and --env is " + json_quoted(*other) +
           "; give one of them");
}

environments::Environment SettingFlags::load(const std::string& name, Invocation& invocation) {
    require_one_name(name);
    if (!name.empty()) give("--env", name);
    return load(invocation);
}

void describe(const environments::Environment& environment) {
    std::optional<std::string> kind;
    if (environment.kind.origin != environments::Setting<std::string>().origin) {
        kind = environments::name_of(environment.kind.value);
    }
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    transaction.exec("select describe_environment(name => $1, kind => $2)",
                     {environment.name.value, kind});
    const std::string& unknown = environment.unknown_events.value;
    if (!unknown.empty()) {
        transaction.exec("select set_unknown_events(mode => $1)", {unknown});
    }
    transaction.commit();
}

sql::Connection connect(const environments::Environment& environment, Access access) {
    sql::ConnectOptions options;
    options.schema = environment.schema();
    options.writable = access == Access::write;
    options.pooled = true;
    options.requires_trust = true;
    try {
        return sql::Connection(environment.url.value, options);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::connection_lost) throw;
        throw Error(error.code(), std::string(error.what()) + "; the url is " +
                                      environments::redacted_url(environment.url.value) +
                                      ", from " + environment.url.origin);
    }
}

std::vector<std::optional<std::string>> cells_of(const sql::Row& row, std::size_t columns) {
    std::vector<std::optional<std::string>> cells;
    for (std::size_t i = 0; i < columns; ++i) {
        const auto text = row.text_or_null(static_cast<int>(i));
        cells.push_back(text ? std::optional<std::string>(*text) : std::nullopt);
    }
    return cells;
}

std::string footer(const std::string& text) {
    std::string told;
    // An example is advice; what else stands there may have lines.
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        told += advice(text.substr(at, end - at)) + "\n";
        at = end + 1;
    }
    return told +
           "Exit codes: 0 done, 1 it failed (one line on stderr says why), 2 the command "
           "line or a setting is wrong.";
}

void refuse(const std::string& message) { throw Error(ErrorCode::usage, message); }

CLI::Option* add_number(CLI::App& verb, const std::string& name, std::optional<std::int64_t>& value,
                        const std::string& help, Bounds bounds) {
    const auto take = [&value, name, bounds](const std::vector<std::string>& words) {
        const std::string& text = words.back();
        std::int64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, number);
        if (error == std::errc{} && stop == end && number >= bounds.min && number <= bounds.max) {
            value = number;
            return true;
        }
        const bool is_bounded = bounds.max != Bounds().max;
        refuse(name + " must be a whole number " +
               (is_bounded
                    ? "from " + std::to_string(bounds.min) + " to " + std::to_string(bounds.max)
                    : "of at least " + std::to_string(bounds.min)) +
               ", not " + json_quoted(text.substr(0, 80)));
    };
    return verb.add_option(name, take, help)->type_name("INT");
}

std::chrono::milliseconds seconds_of(const std::string& flag, const std::string& text) {
    constexpr double seconds_max = 86'400;
    double seconds = -1;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc{} || stop != end || !(seconds >= 0 && seconds <= seconds_max)) {
        refuse(flag + " must be a number of seconds from 0 to 86400, not " +
               json_quoted(text.substr(0, 80)));
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

void require_view(sql::Transaction& transaction, const std::string& view) {
    std::vector<std::string> names;
    for (const sql::Row& row : transaction.exec(
             "with s as materialized (select status() as s) "
             "select v ->> 'view' from s, jsonb_array_elements(s -> 'views') as v union "
             "select v ->> 'view' from s, jsonb_array_elements(s -> 'versions') as w, "
             "jsonb_array_elements(w -> 'views') as v order by 1",
             {})) {
        names.emplace_back(row.text(0));
    }
    if (std::ranges::find(names, view) != names.end()) return;
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const auto near = nearest(view, candidates);
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
    throw Error(ErrorCode::view_unknown, "there is no view " + view.substr(0, 80) +
                                             (near ? "; did you mean " + std::string(*near) + "?"
                                              : known.empty() ? "; there are none"
                                                              : "; there are " + known));
}

}  // namespace baton::cli

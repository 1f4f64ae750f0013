#include "command_line.hpp"

#include <algorithm>
#include <charconv>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/environments/connection_url.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

// Where a setting comes from, the first that says it: variable, file, default.
std::string origins_of(const environments::SettingRule& rule) {
    std::string origins =
        std::string(rule.variable) + "; " + std::string(rule.key) + " of the file";
    if (rule.flag == "--kind") return origins + "; what the name begins with: prod, staging or dev";
    if (!rule.fallback.empty()) origins += "; " + std::string(rule.fallback);
    if (!rule.fallback_in_development.empty()) {
        origins += ", in development " + std::string(rule.fallback_in_development);
    }
    return origins;
}

}  // namespace

std::vector<SettingFlag> flags_of(Settings settings) {
    if (settings == Settings::none) return {};
    const bool is_all = settings == Settings::all || settings == Settings::all_of_any;
    std::vector<SettingFlag> flags{
        {"--env",
         "the environment: a name, or its file [BATON_ENVIRONMENT; environments/NAME.toml; dev]"}};
    for (const environments::SettingRule& rule : environments::setting_rules()) {
        const bool is_wanted = rule.flag == "--url" ||
                               (rule.flag == "--kind" ? settings != Settings::connection : is_all);
        if (rule.flag.empty() || !is_wanted) continue;
        std::string help(rule.help);
        if (rule.member.type != environments::SettingMember::Type::text || !rule.choices.empty()) {
            help += ": " + rule.expectation();
        }
        help += " [" + origins_of(rule) + "]";
        flags.push_back({std::string(rule.flag), std::move(help)});
    }
    return flags;
}

environments::Environment Invocation::load() {
    environment =
        environments::load_environment({.flags = flags, .needs_kind = settings == Settings::all});
    return *environment;
}

environments::Environment Invocation::load(const std::string& name) {
    require_one_name(name);
    if (!name.empty()) flags["--env"] = name;
    return load();
}

void Invocation::require_one_name(const std::string& name) const {
    const auto other = flags.find("--env");
    if (name.empty() || other == flags.end() || other->second == name) return;
    refuse("NAME is " + json_quoted(name) + " and --env is " + json_quoted(other->second) +
           "; give one of them");
}

Option name_option(std::string& name, bool is_required) {
    return {"NAME",
            is_required ? "the environment: a name, or its file"
                        : "the environment: a name, or its file [what --env says]",
            &name, is_required};
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
    if (environment.tenants.origin != environments::Setting<bool>().origin) {
        transaction.exec("select set_tenants(is_on => $1::boolean)",
                         {environment.tenants.value ? "true" : "false"});
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

void refuse(const std::string& message) { throw Error(ErrorCode::usage, message); }

std::chrono::milliseconds seconds_of(const std::string& flag, const std::string& text) {
    constexpr double seconds_max = 86'400;
    double seconds = -1;
    const char* const end = text.data() + text.size() - (text.ends_with('s') ? 1 : 0);
    const auto [stop, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc{} || stop != end || !(seconds >= 0 && seconds <= seconds_max)) {
        refuse(flag + " must be a number of seconds from 0 to 86400, not " +
               json_quoted(text.substr(0, 80)));
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

bool is_span(std::string_view text) {
    return !text.empty() && text.find_first_of("0123456789") == 0 &&
           text.find_first_of("-:/") == std::string_view::npos &&
           text.find_last_of("0123456789. ") != text.size() - 1;
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

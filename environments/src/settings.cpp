// The settings, one row each: what is to be known of one is here, and its member is in Environment.
#include <concepts>
#include <type_traits>
#include <utility>

#include "baton/environments/connection_url.hpp"
#include "baton/environments/environment.hpp"
#include "setting_value.hpp"

namespace baton::environments {
namespace {

namespace fs = std::filesystem;
using Type = SettingMember::Type;
using Texts = Setting<std::vector<std::string>>;

std::string joined(const std::vector<std::string>& words, const std::string& between = ", ") {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
    return text;
}

template <class Value>
std::string text_of(const SettingRule& rule, const Value& value) {
    if constexpr (std::is_enum_v<Value>) {
        return std::string(rule.choices[static_cast<std::size_t>(value)]);
    } else if constexpr (std::same_as<Value, bool>) {
        return value ? "true" : "false";
    } else if constexpr (std::same_as<Value, std::string>) {
        return rule.has_password ? redacted_url(value) : value;
    } else if constexpr (std::same_as<Value, fs::path>) {
        return value.string();
    } else if constexpr (std::same_as<Value, ViewSetSetting>) {
        std::string text("version " + std::to_string(value.version) + " of " + joined(value.views));
        for (const auto& [handler, version] : value.handlers) {
            text += ", " + handler + "@" + std::to_string(version);
        }
        return text;
    } else if constexpr (std::same_as<Value, std::int64_t>) {
        return std::to_string(value);
    } else {
        return std::to_string(value.count());
    }
}

template <auto member>
using PlaceOf = std::remove_cvref_t<decltype(std::declval<Environment&>().*member)>;

// A table of keys that people choose. Where each has a text, that is taken behind its key.
template <auto member>
constexpr SettingMember table() {
    using Value = decltype(PlaceOf<member>::mapped_type::value);
    SettingMember made{Type::table, nullptr,
                       [](const Environment& environment, const SettingRule& rule,
                          std::vector<SettingLine>& lines) {
                           for (const auto& [name, setting] : environment.*member) {
                               lines.push_back({std::string(rule.key) + "." + name,
                                                text_of(rule, setting.value), setting.origin});
                           }
                       }};
    if constexpr (std::is_enum_v<Value>) {
        made.take = [](Environment& environment, const SettingRule& rule, const Texts& texts,
                       const fs::path& /*folder*/) {
            (environment.*member)[texts.value.front()] = {value_of<Value>(rule, texts.value.back()),
                                                          texts.origin};
        };
    }
    return made;
}

template <auto member>
constexpr SettingMember list() {
    return {Type::list,
            [](Environment& environment, const SettingRule& /*rule*/, const Texts& texts,
               const fs::path& folder) {
                auto& [items, origin] = environment.*member;
                items.clear();
                for (const std::string& text : texts.value) {
                    if constexpr (std::same_as<decltype(items), std::vector<fs::path>>) {
                        items.push_back((folder / text).lexically_normal());
                    } else {
                        items.push_back(text);
                    }
                }
                origin = texts.origin;
            },
            [](const Environment& environment, const SettingRule& rule,
               std::vector<SettingLine>& lines) {
                const auto& [items, origin] = environment.*member;
                for (const auto& item : items) {
                    lines.push_back({std::string(rule.key), text_of(rule, item), origin});
                }
            }};
}

template <auto member>
constexpr SettingMember value() {
    using Value = decltype(PlaceOf<member>::value);
    constexpr bool is_path = std::same_as<Value, fs::path>;
    constexpr Type type = std::same_as<Value, bool> ? Type::boolean
                          : std::is_enum_v<Value> || std::same_as<Value, std::string> || is_path
                              ? Type::text
                              : Type::integer;
    return {
        type,
        [](Environment& environment, const SettingRule& rule, const Texts& texts,
           [[maybe_unused]] const fs::path& folder) {
            if constexpr (is_path) {
                environment.*
                    member = {(folder / texts.value.front()).lexically_normal(), texts.origin};
            } else {
                environment.*member = {value_of<Value>(rule, texts.value.front()), texts.origin};
            }
        },
        [](const Environment& environment, const SettingRule& rule,
           std::vector<SettingLine>& lines) {
            const auto& setting = environment.*member;
            lines.push_back({std::string(rule.key), text_of(rule, setting.value), setting.origin});
        }};
}

void describe_handlers(const Environment& environment, const SettingRule& rule,
                       std::vector<SettingLine>& lines) {
    for (const auto& [handler, origin] : environment.handlers) {
        const bool is_command = handler.kind == HandlerKind::command;
        lines.push_back({std::string(rule.key) + "." + handler.name,
                         "version " + std::to_string(handler.version) + ": " +
                             (is_command ? joined(handler.command, " ") : handler.url),
                         origin});
    }
}

void describe_schedules(const Environment& environment, const SettingRule& rule,
                        std::vector<SettingLine>& lines) {
    for (const auto& [schedule, origin] : environment.schedules) {
        const std::string what =
            schedule.handler.empty() ? "event " + schedule.event : schedule.handler;
        lines.push_back({std::string(rule.key) + "." + schedule.name,
                         what + ": " + schedule.spec + " " + schedule.zone, origin});
    }
}

void describe_workflows(const Environment& environment, const SettingRule& rule,
                        std::vector<SettingLine>& lines) {
    for (const auto& [workflow, origin] : environment.workflows) {
        lines.push_back({std::string(rule.key) + "." + workflow.name,
                         "version " + std::to_string(workflow.version), origin});
    }
}

// The texts of an enumeration, in the order of its enumerators.
constexpr std::string_view kinds[] = {"production", "staging", "development"};
constexpr std::string_view log_formats[] = {"human", "json"};
constexpr std::string_view policies[] = {"halt", "skip"};
// Those of a text.
constexpr std::string_view log_levels[] = {"debug", "info", "warn", "error", "off"};
constexpr std::string_view bus_levels[] = {"silly", "debug", "info", "warn", "error", "off"};
constexpr std::string_view unknown_events[] = {"accept", "warn", "refuse"};

// The order is that of `environment show`, of --help and of docs/settings.md.
constexpr SettingRule rules[] = {
    {.key = "name",
     .help = "name of the environment",
     .member = value<&Environment::name>(),
     .fallback = "dev"},
    {.key = "kind",
     .flag = "--kind",
     .variable = "BATON_KIND",
     .help = "how careful Baton is",
     .member = value<&Environment::kind>(),
     .choices = kinds},
    {.key = "connection.url",
     .flag = "--url",
     .variable = "DATABASE_URL",
     .help = "the database, as a URL or as key=value pairs",
     .member = value<&Environment::url>(),
     .has_password = true},
    {.key = "enrol.client_dn",
     .help = "what the TLS certificate of a machine that is enrolled must say",
     .member = value<&Environment::client_dn>()},
    {.key = "orchestrator.lease_ms",
     .flag = "--lease-ms",
     .variable = "BATON_LEASE_MS",
     .help = "how many milliseconds a leader that is not heard of keeps the others waiting",
     .member = value<&Environment::lease>(),
     .fallback = "5000",
     .min = 500,
     .max = 600'000},
    {.key = "orchestrator.batch_max",
     .flag = "--batch-max",
     .variable = "BATON_BATCH_MAX",
     .help = "the most events of one batch",
     .member = value<&Environment::batch_max>(),
     .fallback = "50000",
     .min = 1,
     .max = 1'000'000},
    {.key = "orchestrator.poll_ms",
     .flag = "--poll-ms",
     .variable = "BATON_POLL_MS",
     .help = "after how many milliseconds the log is looked at although nobody rang",
     .member = value<&Environment::poll>(),
     .fallback = "1000",
     .min = 10,
     .max = 600'000},
    {.key = "orchestrator.rollback_window_h",
     .flag = "--rollback-window-h",
     .variable = "BATON_ROLLBACK_WINDOW_H",
     .help = "how many hours a version that was live is kept for a rollback",
     .member = value<&Environment::rollback_window>(),
     .fallback = "24",
     .min = 0,
     .max = 8760},
    {.key = "orchestrator.snapshot_every",
     .flag = "--snapshot-every",
     .variable = "BATON_SNAPSHOT_EVERY",
     .help = "after how many events the views are copied for time travel; 0: never",
     .member = value<&Environment::snapshot_every>(),
     .fallback = "0",
     .min = 0,
     .max = 1'000'000'000},
    {.key = "orchestrator.snapshots_max",
     .flag = "--snapshots-max",
     .variable = "BATON_SNAPSHOTS_MAX",
     .help = "how many copies of a view are kept",
     .member = value<&Environment::snapshots_max>(),
     .fallback = "16",
     .min = 1,
     .max = 1000},
    {.key = "node.lease_ms",
     .flag = "--node-lease-ms",
     .variable = "BATON_NODE_LEASE_MS",
     .help = "after how many milliseconds the tasks of a node that is not heard of go to others",
     .member = value<&Environment::node_lease>(),
     .fallback = "30000",
     .min = 1000,
     .max = 3'600'000},
    {.key = "node.poll_ms",
     .flag = "--node-poll-ms",
     .variable = "BATON_NODE_POLL_MS",
     .help = "after how many milliseconds a node looks again for tasks where there were none; "
             "where it is rung, ever less often, up to 30 times as long",
     .member = value<&Environment::node_poll>(),
     .fallback = "1000",
     .min = 10,
     .max = 600'000},
    {.key = "node.stop_ms",
     .flag = "--node-stop-ms",
     .variable = "BATON_NODE_STOP_MS",
     .help = "how many milliseconds the handlers that run may go on when a node is stopped",
     .member = value<&Environment::node_stop>(),
     .fallback = "4000",
     .min = 0,
     .max = 3'600'000},
    {.key = "log.format",
     .flag = "--log",
     .variable = "BATON_LOG",
     .help = "log lines for people or for machines",
     .member = value<&Environment::log>(),
     .fallback = "human",
     .choices = log_formats},
    {.key = "log.level",
     .flag = "--log-level",
     .variable = "BATON_LOG_LEVEL",
     .help = "the least severe line that is logged",
     .member = value<&Environment::log_level>(),
     .fallback = "info",
     .choices = log_levels},
    {.key = "policy.on_poison",
     .flag = "--on-poison",
     .variable = "BATON_ON_POISON",
     .help = "what a view does with an event that its reducer throws on",
     .member = value<&Environment::on_poison>(),
     .fallback = "halt",
     .fallback_in_development = "skip",
     .choices = policies},
    {.key = "policy.auto_promote",
     .flag = "--auto-promote",
     .variable = "BATON_AUTO_PROMOTE",
     .help = "whether a version is promoted by itself once it is built",
     .member = value<&Environment::auto_promote>(),
     .fallback = "false",
     .fallback_in_development = "true"},
    {.key = "policy.tenants",
     .help = "whether tenants see what is theirs and nothing else",
     .member = value<&Environment::tenants>()},
    {.key = "policy.follow_program",
     .flag = "--follow-program",
     .variable = "BATON_FOLLOW_PROGRAM",
     .help = "development: whether views are built anew when the program was",
     .member = value<&Environment::follow_program>(),
     .fallback = "false",
     .fallback_in_development = "true"},
    {.key = "events.unknown",
     .help = "what is done about an event of a type that nobody knows",
     .member = value<&Environment::unknown_events>(),
     .choices = unknown_events},
    {.key = "policy.views",
     .help = "views that differ from policy.on_poison",
     .member = table<&Environment::on_poison_of_view>(),
     .choices = policies},
    {.key = "enrol.networks",
     .help = "from where a machine that is enrolled may come",
     .member = list<&Environment::networks>(),
     .items = "networks like \"10.1.0.0/16\""},
    {.key = "node.labels",
     .help = "what a node has that tasks may ask for, beside its handlers",
     .member = list<&Environment::node_labels>(),
     .items = "labels like \"gpu\""},
    {.key = "bus.promote",
     .help = "events that a handler may promote from its local bus to the log",
     .member = list<&Environment::promoted_events>(),
     .items = "types like \"month/computed\""},
    {.key = "bus.global",
     .help = "events of the log that every task's local bus hears, as global/TYPE",
     .member = list<&Environment::global_events>(),
     .items = "types like \"price/changed\""},
    {.key = "bus.failures",
     .help = "folder for what attempts that failed had said on their bus, relative to this file",
     .member = value<&Environment::bus_failures>()},
    {.key = "bus.failure_files",
     .help = "of how many attempts that failed it is kept",
     .member = value<&Environment::bus_failure_files>(),
     .fallback = "100",
     .min = 1,
     .max = 10'000},
    {.key = "bus.failure_days",
     .help = "for how many days",
     .member = value<&Environment::bus_failure_days>(),
     .fallback = "7",
     .min = 1,
     .max = 3650},
    {.key = "bus.to_log",
     .help = "the least severe line of a handler's bus that is in the node's log, too",
     .member = value<&Environment::bus_to_log>(),
     .fallback = "off",
     .choices = bus_levels},
    {.key = "bus.error_lines",
     .help = "how many of its last lines an attempt's error has",
     .member = value<&Environment::bus_error_lines>(),
     .fallback = "0",
     .max = 100},
    {.key = "bus.error_lines_except",
     .help = "tenants of whose tasks no line is in an error",
     .member = list<&Environment::bus_error_lines_except>(),
     .items = "tenants"},
    {.key = "view_sets",
     .help =
         "views that change their version together: version and views of each set, and handlers",
     .member = table<&Environment::view_sets>()},
    {.key = "endpoints.allow",
     .help = "networks of no public addresses that endpoints may be in",
     .member = list<&Environment::endpoint_networks>(),
     .items = "networks like \"10.1.0.0/16\""},
    {.key = "endpoints.plain_http",
     .help = "whether an endpoint's URL may be of http://, without TLS",
     .member = value<&Environment::endpoint_plain_http>(),
     .fallback = "false"},
    {.key = "endpoints.ca_file",
     .help = "certificates that are believed instead of the system's, relative to this file",
     .member = value<&Environment::endpoint_ca_file>()},
    {.key = "handler",
     .help = "handlers that are commands or endpoints",
     .member = {Type::tables, nullptr, describe_handlers}},
    {.key = "schedule",
     .help = "tasks and events that are made at certain times",
     .member = {Type::tables, nullptr, describe_schedules}},
    {.key = "workflow",
     .help = "tasks that follow from each other",
     .member = {Type::tables, nullptr, describe_workflows}},
    {.key = "reducers.sql",
     .help = "the files of SQL reducers, relative to this file",
     .member = list<&Environment::sql_reducers>(),
     .items = "paths"},
};

}  // namespace

std::span<const SettingRule> setting_rules() { return rules; }

Environment::Environment() {
    for (const SettingRule& rule : setting_rules()) {
        const std::string_view fallback = rule.fallback_in(kind.value);
        if (fallback.empty()) continue;
        rule.member.take(*this, rule, {{std::string(fallback)}}, {});
    }
}

std::vector<SettingLine> described(const Environment& environment) {
    std::vector<SettingLine> lines;
    for (const SettingRule& rule : setting_rules()) {
        rule.member.describe(environment, rule, lines);
    }
    return lines;
}

}  // namespace baton::environments

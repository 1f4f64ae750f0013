// What a process is told: which environment it belongs to, where its database is, how it behaves.
//
// Each value comes from the first of these that has it: a flag of the command line, a variable of
// the process, the environment's file (environments/*.toml), the default; and it says which it was.
// A file is checked as a whole, and all that is wrong with it is reported together.
//
// Threads: an Environment is a value. load_environment() reads variables of the process: call it
// before the first thread that sets one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "baton/base/log.hpp"

namespace baton::environments {

/// How careful Baton is. Only `development` may let machines enrol themselves.
enum class Kind { production, staging, development };

/// What happens after a reducer threw on an event: the view waits for a person, or goes on without.
enum class OnPoison { halt, skip };

/// A value, and where it came from: "--url", "DATABASE_URL", "environments/production.toml:7",
/// "default".
template <typename Value>
struct Setting {
    Value value;
    std::string origin = "default";
};

/// Views that change their versions together, as the file declares them.
struct ViewSetSetting {
    int version = 0;                      ///< 1 to 9999.
    std::vector<std::string> views;       ///< One at least.
    std::map<std::string, int> handlers;  ///< Their versions, by name.
};

/// What the lane of a task is that follows from an event.
enum class HandlerLane { none, key };

/// What does the tasks of a handler that the file declares.
enum class HandlerKind { command, http };

/// How a request is made of a task.
enum class HandlerMethod { post, put, patch };

/// A handler that is a command, or an endpoint, as the file declares it: [[handler]].
struct HandlerSetting {
    std::string name;
    int version = 0;  ///< 1 to 9999.
    HandlerKind kind = HandlerKind::command;
    std::vector<std::string> command;  ///< The program and its arguments.
    std::filesystem::path folder;      ///< Does not depend on the working folder.
    std::vector<std::string> files;    ///< Relative to `folder`.
    std::vector<std::string> events;
    std::vector<int> accepts_from;
    std::vector<std::string> variables;
    std::chrono::milliseconds time_limit{};  ///< 0: none.
    int threads = 0;
    HandlerLane lane = HandlerLane::none;
    // Of an endpoint:
    std::string url;
    HandlerMethod method = HandlerMethod::post;
    std::vector<std::string> headers;    ///< "name: value".
    std::string bearer;                  ///< Of a secret, its name: "env:TOKEN", "file:/run/token".
    std::vector<std::string> sign_with;  ///< Likewise; the newest first.
    int concurrency = 0;                 ///< Requests of a node at once.
    std::int64_t answer_max = 0;         ///< Bytes.
    /// How long after an answer of 202 its callback may come; 0: none comes.
    std::chrono::seconds callback{};
};

/// What is made again and again, as the file declares it: [[schedule]]. What each means is said in
/// docs/schedules.md; the texts are for the database to judge.
struct ScheduleSetting {
    std::string name;
    std::string spec;
    std::string zone;
    std::string handler;  ///< Of its tasks; or
    std::string event;    ///< the type of its events: one of the two.
    std::string payload;  ///< JSON.
    std::string key;      ///< Of the event; empty: none.
    std::string tenant;   ///< Empty: none.
    int priority = 0;
    std::vector<std::string> labels;
    std::string overlap;  ///< Empty: as it is where nothing is said.
    std::string missed;
    int missed_limit = 0;
    std::chrono::seconds missed_window{};
    std::chrono::milliseconds jitter{};
    std::string starts_at;  ///< Empty: at once.
    std::string ends_at;    ///< Empty: never.
};

/// What follows from what, as the file declares it: [[workflow]]. docs/workflows.md says what each
/// means; the steps are for the database to judge.
struct WorkflowSetting {
    std::string name;
    int version = 0;
    std::string on_failure;
    std::string steps;  ///< JSON, of its [[workflow.step]], as define_workflow() takes it.
};

/// What a setting is called, may be and is by default, says its row in src/settings.cpp.
struct Environment {
    /// Each setting has its default.
    Environment();

    Setting<std::string> name;
    Setting<Kind> kind{Kind::development};
    /// As libpq takes it; with passwords. For people: redacted_url().
    Setting<std::string> url;
    /// What `baton environment enrol` pins a machine to where it is not told otherwise: the
    /// networks that it may come from, and what its TLS certificate must say; empty: no pin. Nobody
    /// is admitted or refused by this file: the pins are kept in the database.
    Setting<std::vector<std::string>> networks;
    Setting<std::string> client_dn;
    /// How long a leader that is not heard of keeps the others waiting.
    Setting<std::chrono::milliseconds> lease;
    /// The most events of one batch.
    Setting<std::int64_t> batch_max;
    /// What dispatch does about an event of a type that nobody knows: accept, warn or refuse;
    /// empty: as it is in the database, where installing and upgrading write it.
    Setting<std::string> unknown_events;
    /// How often the log is looked at although nobody rang.
    Setting<std::chrono::milliseconds> poll;
    /// How long a version that was live is kept up to date for a rollback.
    Setting<std::chrono::hours> rollback_window;
    /// A copy of the views' rows is kept every so many events, for time travel; 0 for none.
    Setting<std::int64_t> snapshot_every;
    /// How many copies of a view are kept, further and further apart.
    Setting<std::int64_t> snapshots_max;
    /// After how long the tasks of a node that is not heard of go to others.
    Setting<std::chrono::milliseconds> node_lease;
    /// How often a node looks for tasks where there were none.
    Setting<std::chrono::milliseconds> node_poll;
    /// How long the handlers that run may go on when a node is stopped.
    Setting<std::chrono::milliseconds> node_stop;
    /// What a node has that tasks may ask for, beside its handlers.
    Setting<std::vector<std::string>> node_labels;
    /// The types of the events that a handler may promote from its local bus.
    Setting<std::vector<std::string>> promoted_events;
    /// The types of the events of the log that the local bus of every task hears.
    Setting<std::vector<std::string>> global_events;
    /// Where what a failed attempt said on its bus is kept; empty: nowhere. Of how many attempts,
    /// and for how many days.
    Setting<std::filesystem::path> bus_failures;
    Setting<std::int64_t> bus_failure_files;
    Setting<std::int64_t> bus_failure_days;
    /// Of what handlers log on their bus, what is in the node's log, too: silly, debug, info, warn,
    /// error or off.
    Setting<std::string> bus_to_log;
    /// How many of its last lines an attempt's error has, but for tasks of these tenants.
    Setting<std::int64_t> bus_error_lines;
    Setting<std::vector<std::string>> bus_error_lines_except;
    Setting<LogFormat> log;
    /// debug, info, warn, error or off.
    Setting<std::string> log_level;
    Setting<OnPoison> on_poison;
    /// Views that differ from on_poison.
    std::map<std::string, Setting<OnPoison>, std::less<>> on_poison_of_view;
    /// Whether a version is promoted by itself once it is built; production cannot have it.
    Setting<bool> auto_promote;
    /// Whether the environment keeps tenants apart; not said: as it is in the database, where
    /// installing and upgrading write it.
    Setting<bool> tenants;
    /// Whether a view is built anew when the program was, unless its reducer says by itself which
    /// code it is. Outside of development it is always false.
    Setting<bool> follow_program;
    /// [view_sets], by name.
    std::map<std::string, Setting<ViewSetSetting>, std::less<>> view_sets;
    /// What endpoints may be connected to beside public addresses, as CIDR; whether without TLS;
    /// whose certificates are believed beside the system's.
    Setting<std::vector<std::string>> endpoint_networks;
    Setting<bool> endpoint_plain_http;
    Setting<std::filesystem::path> endpoint_ca_file;
    /// [[handler]], in their order.
    std::vector<Setting<HandlerSetting>> handlers;
    /// [[schedule]], in their order.
    std::vector<Setting<ScheduleSetting>> schedules;
    /// [[workflow]], in their order.
    std::vector<Setting<WorkflowSetting>> workflows;
    /// The .sql files of SQL reducers, as paths that do not depend on the working folder.
    Setting<std::vector<std::filesystem::path>> sql_reducers;

    /// The schema of this environment in its database.
    [[nodiscard]] std::string schema() const;
    /// What to do with an event that this view's reducer threw on.
    [[nodiscard]] OnPoison on_poison_for(std::string_view view) const;
};

/// One setting as people read it.
struct SettingLine {
    std::string key;
    std::string value;  ///< Without secrets.
    std::string origin;
};

struct SettingRule;

/// Where a setting is in an Environment, and so of which type it is.
struct SettingMember {
    enum class Type { text, integer, boolean, list, table, tables };
    Type type;
    /// Takes the texts, which were accepted: one; those of a list; or a key of a table and its
    /// own. Paths are relative to `folder`. Nothing, where a table has no such texts.
    void (*take)(Environment& environment, const SettingRule& rule,
                 const Setting<std::vector<std::string>>& texts,
                 const std::filesystem::path& folder);
    /// Adds its lines: one, or one for each item of a list and each key of a table.
    void (*describe)(const Environment& environment, const SettingRule& rule,
                     std::vector<SettingLine>& lines);
};

/// All that there is to know of a setting: it is merged, shown, offered as a flag and documented by
/// this.
struct SettingRule {
    std::string_view key;            ///< As in the file, with its table: "orchestrator.lease_ms".
    std::string_view flag = {};      ///< "--lease-ms"; empty: it has none.
    std::string_view variable = {};  ///< "BATON_LEASE_MS"; empty: it has none.
    std::string_view help;           ///< What it is, in a line.
    SettingMember member;
    std::string_view fallback = {};                 ///< The default, as a text.
    std::string_view fallback_in_development = {};  ///< The default there, where it is another.
    std::int64_t min = 0;                           ///< The bounds of an integer.
    std::int64_t max = 0;
    /// The texts that there are; of an enumeration in the order of its enumerators. Empty: any.
    std::span<const std::string_view> choices = {};
    std::string_view items = {};    ///< What is in a list, in the plural.
    bool has_password = false;      ///< A URL, which is shown without it.
    bool is_required = false;       ///< In a table of its own, which is nothing without it.
    std::string_view of_kind = {};  ///< Of a [[handler]] of this kind alone.
    bool may_be_empty = false;      ///< Of a text.

    /// Whether what is in a list are integers, within the bounds.
    [[nodiscard]] bool has_numbers() const {
        return member.type == SettingMember::Type::list && max > 0;
    }

    /// What a value must be: "an integer from 10 to 20".
    [[nodiscard]] std::string expectation() const;
    /// Whether `text` is such a value.
    [[nodiscard]] bool accepts(std::string_view text) const;
    /// The default in an environment of this kind.
    [[nodiscard]] std::string_view fallback_in(Kind kind) const;
};
/// All settings.
[[nodiscard]] std::span<const SettingRule> setting_rules();
/// What a [[handler]] may have: "handler.name". Their members take it for the newest handler of an
/// environment, and describe nothing.
[[nodiscard]] std::span<const SettingRule> handler_rules();
/// Likewise of a [[schedule]].
[[nodiscard]] std::span<const SettingRule> schedule_rules();
/// Likewise of a [[workflow]].
[[nodiscard]] std::span<const SettingRule> workflow_rules();
/// What a [[workflow.step]] may have: "step.handler". They have no member: see
/// WorkflowSetting::steps.
[[nodiscard]] std::span<const SettingRule> workflow_step_rules();

struct Sources {
    /// Flags that were given, by name: {"--url", "postgresql://…"}. "--env" has the name of the
    /// environment, or the path of its file (with a / or ending in .toml).
    std::map<std::string, std::string, std::less<>> flags = {};
    /// Variables, which the process's own are unless a test gives others. An empty one is unset.
    std::function<std::optional<std::string>(const std::string& name)> variable = {};
    /// Where the file of a name is looked for, as <name>.toml.
    std::filesystem::path folder = "environments";
    /// False: what is to be done is the same for every kind, so that one which nobody gave is no
    /// error; the environment then counts as `production`.
    bool needs_kind = true;
};

/// "production", "staging" or "development".
[[nodiscard]] std::string name_of(Kind kind);

/// The kind that a name promises: of `prod…`, `staging…` and `dev…`. Other names promise nothing.
[[nodiscard]] std::optional<Kind> kind_of_name(std::string_view name) noexcept;

/// Reads the environment that `--env` or BATON_ENVIRONMENT names, `dev` if neither does. A name
/// without a file needs a URL from elsewhere; its kind is what a flag or a variable says, else
/// kind_of_name(). Nothing may make another kind of what its file, or a name that begins with
/// `prod`, says that it is. Throws Error(settings_invalid) with one line for each thing that is
/// wrong, in the form "where: what".
[[nodiscard]] Environment load_environment(const Sources& sources);

/// All settings of an environment, in the order of the rules.
[[nodiscard]] std::vector<SettingLine> described(const Environment& environment);

}  // namespace baton::environments

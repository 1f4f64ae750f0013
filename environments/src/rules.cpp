// The settings that have one value each: what they are called everywhere, and what they may be.
#include <algorithm>
#include <array>
#include <charconv>

#include "baton/base/text.hpp"
#include "baton/environments/environment.hpp"

namespace baton::environments {

std::span<const SettingRule> setting_rules() {
    static const std::array<SettingRule, 16> rules{{
        {.key = "name",
         .flag = "",
         .variable = "",
         .help = "name of the environment",
         .choices = {}},
        {.key = "kind",
         .flag = "--kind",
         .variable = "BATON_KIND",
         .help = "how careful Baton is",
         .choices = {"production", "staging", "development"}},
        {.key = "connection.url",
         .flag = "--url",
         .variable = "DATABASE_URL",
         .help = "the database, as a URL or as key=value pairs",
         .choices = {}},
        {.key = "enrol.client_dn",
         .flag = "",
         .variable = "",
         .help = "what the TLS certificate of a machine that is enrolled must say",
         .choices = {}},
        {.key = "orchestrator.lease_ms",
         .flag = "--lease-ms",
         .variable = "BATON_LEASE_MS",
         .help = "how long a leader that is not heard of keeps the others waiting",
         .choices = {},
         .min = 500,
         .max = 600'000},
        {.key = "orchestrator.batch_max",
         .flag = "--batch-max",
         .variable = "BATON_BATCH_MAX",
         .help = "the most events of one batch",
         .choices = {},
         .min = 1,
         .max = 1'000'000},
        {.key = "orchestrator.poll_ms",
         .flag = "--poll-ms",
         .variable = "BATON_POLL_MS",
         .help = "how often the log is looked at although nobody rang",
         .choices = {},
         .min = 10,
         .max = 600'000},
        {.key = "orchestrator.rollback_window_h",
         .flag = "--rollback-window-h",
         .variable = "BATON_ROLLBACK_WINDOW_H",
         .help = "how many hours a version that was live is kept for a rollback",
         .choices = {},
         .min = 0,
         .max = 8760},
        {.key = "orchestrator.snapshot_every",
         .flag = "--snapshot-every",
         .variable = "BATON_SNAPSHOT_EVERY",
         .help = "after how many events the views are copied for time travel; 0: never",
         .choices = {},
         .min = 0,
         .max = 1'000'000'000},
        {.key = "orchestrator.snapshots_max",
         .flag = "--snapshots-max",
         .variable = "BATON_SNAPSHOTS_MAX",
         .help = "how many copies of a view are kept",
         .choices = {},
         .min = 1,
         .max = 1000},
        {.key = "orchestrator.log",
         .flag = "--log",
         .variable = "BATON_LOG",
         .help = "log lines for people or for machines",
         .choices = {"human", "json"}},
        {.key = "orchestrator.log_level",
         .flag = "--log-level",
         .variable = "BATON_LOG_LEVEL",
         .help = "the least severe line that is logged",
         .choices = {"debug", "info", "warn", "error", "off"}},
        {.key = "policy.on_poison",
         .flag = "--on-poison",
         .variable = "BATON_ON_POISON",
         .help = "what a view does with an event that its reducer throws on",
         .choices = {"halt", "skip"}},
        {.key = "policy.auto_promote",
         .flag = "--auto-promote",
         .variable = "BATON_AUTO_PROMOTE",
         .help = "whether a version is promoted by itself once it is built",
         .choices = {"true", "false"},
         .is_boolean = true},
        {.key = "policy.follow_program",
         .flag = "--follow-program",
         .variable = "BATON_FOLLOW_PROGRAM",
         .help = "development: whether views are built anew when the program was",
         .choices = {"true", "false"},
         .is_boolean = true},
        {.key = "events.unknown",
         .flag = "",
         .variable = "",
         .help = "what is done about an event of a type that nobody knows",
         .choices = {"accept", "warn", "refuse"}},
    }};
    return rules;
}

std::string SettingRule::expectation() const {
    if (max != 0) return "an integer from " + std::to_string(min) + " to " + std::to_string(max);
    if (is_boolean) return "true or false";
    if (choices.empty()) return "a string that is not empty";
    std::string names;
    for (const std::string_view choice : choices) {
        if (!names.empty()) names += choice == choices.back() ? " or " : ", ";
        names += json_quoted(choice);
    }
    return names;
}

bool SettingRule::accepts(std::string_view text) const {
    if (max != 0) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        return error == std::errc{} && end == text.data() + text.size() && number >= min &&
               number <= max;
    }
    if (choices.empty()) return !text.empty();
    return std::find(choices.begin(), choices.end(), text) != choices.end();
}

}  // namespace baton::environments

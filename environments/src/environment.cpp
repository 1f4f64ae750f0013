#include "baton/environments/environment.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/environments/connection_url.hpp"
#include "baton/environments/name.hpp"
#include "file.hpp"
#include "variables.hpp"

namespace baton::environments {
namespace {

namespace fs = std::filesystem;

// In the order of the enumerators.
constexpr std::string_view kinds[] = {"development", "staging", "production"};
constexpr std::string_view policies[] = {"halt", "skip"};
constexpr std::string_view formats[] = {"human", "json"};

template <typename Enum, std::size_t count>
Enum enum_of(const std::string_view (&names)[count], std::string_view name) {
    const auto* const found = std::find(std::begin(names), std::end(names), name);
    return static_cast<Enum>(std::distance(std::begin(names), found));
}

template <typename Enum, std::size_t count>
std::string name_of(const std::string_view (&names)[count], Enum value) {
    return std::string(names[static_cast<std::size_t>(value)]);
}

std::int64_t number_of(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::optional<std::string> variable_of_process(const std::string& name) {
    const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool is_path(const std::string& name) {
    return name.find('/') != std::string::npos || name.ends_with(".toml");
}

bool looks_like_url(const std::string& text) {
    return text.starts_with("postgresql://") || text.starts_with("postgres://") ||
           (text.find("://") == std::string::npos && text.find('=') != std::string::npos);
}

class Loader {
public:
    explicit Loader(const Sources& sources)
        : sources_(sources), variable_(sources.variable ? sources.variable : variable_of_process) {}

    Environment load() {
        choose();
        if (path_.empty() || file_.is_toml) {
            merge_identity();
            merge_url();
            merge_rest();
        }
        if (problems_.empty()) return std::move(environment_);
        std::string lines;
        for (const std::string& problem : problems_) lines += (lines.empty() ? "" : "\n") + problem;
        throw Error(ErrorCode::settings_invalid, lines);
    }

private:
    void report(const std::string& origin, const std::string& problem) {
        problems_.push_back(origin + ": " + problem);
    }

    // Which environment is meant, and which file is its.
    void choose() {
        if (const auto chosen = given_outside("--env", "BATON_ENVIRONMENT"))
            environment_.name = *chosen;
        const Given& name = environment_.name;
        if (is_path(name.value)) {
            path_ = name.value;
        } else if (is_name(name.value)) {
            const fs::path path = sources_.folder / (name.value + ".toml");
            if (fs::exists(path)) path_ = path;
        }
        if (path_.empty()) return;
        file_ = read_file(path_);
        problems_ = file_.problems;
    }

    [[nodiscard]] std::optional<Given> given_outside(std::string_view flag,
                                                     std::string_view variable) const {
        if (const auto found = sources_.flags.find(flag); found != sources_.flags.end()) {
            return Given{found->second, std::string(flag)};
        }
        if (variable.empty()) return std::nullopt;
        const auto value = variable_(std::string(variable));
        if (!value || value->empty()) return std::nullopt;
        return Given{*value, std::string(variable)};
    }

    [[nodiscard]] std::optional<Given> given_in_file(std::string_view key) const {
        const auto found = file_.values.find(key);
        return found == file_.values.end() ? std::nullopt : std::optional<Given>(found->second);
    }

    // What was given for a setting that needs no second look. The file's values have been checked.
    std::optional<Given> given(std::string_view key) {
        const auto rules = setting_rules();
        const auto rule = std::find_if(rules.begin(), rules.end(),
                                       [key](const SettingRule& each) { return each.key == key; });
        BATON_CHECK(rule != rules.end());
        auto outside = given_outside(rule->flag, rule->variable);
        if (!outside) return given_in_file(key);
        if (rule->accepts(outside->value)) return outside;
        report(outside->origin, std::string(key) + " must be " + rule->expectation() + ", not " +
                                    json_quoted(outside->value));
        return std::nullopt;
    }

    void merge_identity() {
        const Given chosen = environment_.name;
        if (!path_.empty() && file_.values.empty() && !problems_.empty())
            return;  // not readable at all
        if (!path_.empty()) {
            require_in_file("name");
            require_in_file("kind");
        }
        if (const auto name = given_in_file("name")) environment_.name = *name;
        check_name(chosen);
        merge_kind();
    }

    // The kind decides how careful Baton is, so it is never guessed, and never weakened in passing.
    void merge_kind() {
        const std::string& name = environment_.name.value;
        const auto value = given("kind");
        auto said = given_in_file("kind");
        const auto promised = kind_of_name(name);
        if (!said && promised && path_.empty()) {
            said = Given{name_of(kinds, *promised), "the name"};
        }
        const bool is_bound = said && (!path_.empty() || promised == Kind::production);
        if (value && is_bound && value->value != said->value) {
            return report(value->origin, "kind is " + json_quoted(value->value) + ", but " +
                                             said->origin + " says that " + name + " is of kind " +
                                             json_quoted(said->value));
        }
        if (const auto& kind = value ? value : said) {
            environment_.kind = {enum_of<Kind>(kinds, kind->value), kind->origin};
            return;
        }
        environment_.kind.value = Kind::production;
        if (!sources_.needs_kind || !path_.empty() || !problems_.empty()) return;
        report("the kind of the environment " + json_quoted(name) + " is not known",
               "give --kind or set BATON_KIND (production, staging or development), or write " +
                   (sources_.folder / (name + ".toml")).string());
    }

    void require_in_file(std::string_view key) {
        if (!given_in_file(key)) report(path_.string(), std::string(key) + " is missing");
    }

    void check_name(const Given& chosen) {
        const Given& name = environment_.name;
        if (name.value.empty()) return;  // reported by who read it
        try {
            static_cast<void>(schema_of(name.value));
        } catch (const Error& error) {
            return report(name.origin, error.what());
        }
        // A file that was copied and not adapted must not lead to another environment.
        if (!path_.empty() && !is_path(chosen.value) && name.value != chosen.value) {
            report(name.origin, "the file of the environment " + json_quoted(chosen.value) +
                                    " says that its name is " + json_quoted(name.value));
        }
    }

    void merge_url() {
        if (const auto outside = given_outside("--url", "DATABASE_URL")) {
            environment_.url = *outside;
        } else if (const auto inside = given_in_file("connection.url")) {
            std::vector<std::string> problems;
            environment_.url = {expanded_url(inside->value, variable_, problems), inside->origin};
            for (const std::string& problem : problems) report(inside->origin, problem);
            if (!problems.empty()) return;
        } else {
            const fs::path path =
                path_.empty() ? sources_.folder / (environment_.name.value + ".toml") : path_;
            return report("no database is named",
                          "set DATABASE_URL, give --url, or write url under "
                          "[connection] in " +
                              path.string());
        }
        if (looks_like_url(environment_.url.value)) return;
        report(environment_.url.origin,
               "connection.url must begin with postgresql:// or consist of key=value pairs");
    }

    void merge_rest() {
        if (const auto value = given("orchestrator.lease_ms")) {
            environment_.lease = {std::chrono::milliseconds(number_of(value->value)),
                                  value->origin};
        }
        if (const auto value = given("orchestrator.batch_max")) {
            environment_.batch_max = {number_of(value->value), value->origin};
        }
        if (const auto value = given("orchestrator.poll_ms")) {
            environment_.poll = {std::chrono::milliseconds(number_of(value->value)), value->origin};
        }
        if (const auto value = given("orchestrator.rollback_window_h")) {
            environment_.rollback_window = {std::chrono::hours(number_of(value->value)),
                                            value->origin};
        }
        if (const auto value = given("orchestrator.snapshot_every")) {
            environment_.snapshot_every = {number_of(value->value), value->origin};
        }
        if (const auto value = given("orchestrator.snapshots_max")) {
            environment_.snapshots_max = {number_of(value->value), value->origin};
        }
        if (const auto value = given("orchestrator.log")) {
            environment_.log = {enum_of<LogFormat>(formats, value->value), value->origin};
        }
        if (const auto value = given("orchestrator.log_level")) environment_.log_level = *value;

        merge_policy();
        environment_.view_sets = file_.view_sets;
        if (const auto value = given("events.unknown")) environment_.unknown_events = *value;
        if (const auto value = given("enrol.client_dn")) environment_.client_dn = *value;
        if (file_.networks) environment_.networks = *file_.networks;
        if (!file_.sql_reducers) return;
        environment_.sql_reducers.origin = file_.sql_reducers->origin;
        for (const std::string& path : file_.sql_reducers->value) {
            environment_.sql_reducers.value.push_back(
                (fs::absolute(path_).parent_path() / path).lexically_normal());
        }
    }

    void merge_policy() {
        const bool is_development = environment_.kind.value == Kind::development;
        environment_.on_poison.value = is_development ? OnPoison::skip : OnPoison::halt;
        if (const auto value = given("policy.on_poison")) {
            environment_.on_poison = {enum_of<OnPoison>(policies, value->value), value->origin};
        }
        for (const auto& [view, policy] : file_.views) {
            environment_.on_poison_of_view[view] = {enum_of<OnPoison>(policies, policy.value),
                                                    policy.origin};
        }
        environment_.follow_program.value = is_development;
        if (const auto follows = given("policy.follow_program")) {
            environment_.follow_program = {is_development && follows->value == "true",
                                           follows->origin};
        }
        environment_.auto_promote.value = is_development;
        const auto promotes = given("policy.auto_promote");
        if (!promotes) return;
        environment_.auto_promote = {promotes->value == "true", promotes->origin};
        const bool is_known = environment_.kind.origin != Setting<Kind>{}.origin;
        if (!environment_.auto_promote.value || environment_.kind.value != Kind::production ||
            !is_known) {
            return;
        }
        report(promotes->origin,
               "policy.auto_promote must not be true where the kind is \"production\"; which "
               "version is live there, a person says: `baton promote`");
    }

    const Sources& sources_;
    Variable variable_;
    fs::path path_;  // empty when there is no file
    File file_;
    std::vector<std::string> problems_;
    Environment environment_;
};

}  // namespace

std::string name_of(Kind kind) { return name_of(kinds, kind); }

std::optional<Kind> kind_of_name(std::string_view name) noexcept {
    if (name.starts_with("prod")) return Kind::production;
    if (name.starts_with("staging")) return Kind::staging;
    if (name.starts_with("dev")) return Kind::development;
    return std::nullopt;
}

std::string Environment::schema() const { return schema_of(name.value); }

OnPoison Environment::on_poison_for(std::string_view view) const {
    const auto found = on_poison_of_view.find(view);
    return found == on_poison_of_view.end() ? on_poison.value : found->second.value;
}

Environment load_environment(const Sources& sources) { return Loader(sources).load(); }

std::vector<SettingLine> described(const Environment& environment) {
    const auto& e = environment;
    std::vector<SettingLine> lines{
        {"name", e.name.value, e.name.origin},
        {"kind", name_of(kinds, e.kind.value), e.kind.origin},
        {"connection.url", redacted_url(e.url.value), e.url.origin},
        {"enrol.client_dn", e.client_dn.value, e.client_dn.origin},
        {"orchestrator.lease_ms", std::to_string(e.lease.value.count()), e.lease.origin},
        {"orchestrator.batch_max", std::to_string(e.batch_max.value), e.batch_max.origin},
        {"orchestrator.poll_ms", std::to_string(e.poll.value.count()), e.poll.origin},
        {"orchestrator.rollback_window_h", std::to_string(e.rollback_window.value.count()),
         e.rollback_window.origin},
        {"orchestrator.snapshot_every", std::to_string(e.snapshot_every.value),
         e.snapshot_every.origin},
        {"orchestrator.snapshots_max", std::to_string(e.snapshots_max.value),
         e.snapshots_max.origin},
        {"orchestrator.log", name_of(formats, e.log.value), e.log.origin},
        {"orchestrator.log_level", e.log_level.value, e.log_level.origin},
        {"policy.on_poison", name_of(policies, e.on_poison.value), e.on_poison.origin},
        {"policy.auto_promote", e.auto_promote.value ? "true" : "false", e.auto_promote.origin},
        {"policy.follow_program", e.follow_program.value ? "true" : "false",
         e.follow_program.origin},
        {"events.unknown", e.unknown_events.value, e.unknown_events.origin},
    };
    for (const auto& [view, policy] : e.on_poison_of_view) {
        lines.push_back({"policy.views." + view, name_of(policies, policy.value), policy.origin});
    }
    for (const std::string& network : e.networks.value) {
        lines.push_back({"enrol.networks", network, e.networks.origin});
    }
    for (const auto& [name, set] : e.view_sets) {
        std::string views;
        for (const std::string& view : set.value.views) views += (views.empty() ? "" : ", ") + view;
        lines.push_back({"view_sets." + name,
                         "version " + std::to_string(set.value.version) + " of " + views,
                         set.origin});
    }
    for (const fs::path& path : e.sql_reducers.value) {
        lines.push_back({"reducers.sql", path.string(), e.sql_reducers.origin});
    }
    return lines;
}

}  // namespace baton::environments

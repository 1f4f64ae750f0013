#include "baton/environments/environment.hpp"

#include <algorithm>
#include <cstdlib>
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

const SettingRule& rule_of(std::string_view key) {
    const auto rules = setting_rules();
    const auto rule = std::ranges::find(rules, key, &SettingRule::key);
    BATON_CHECK(rule != rules.end());
    return *rule;
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
    std::optional<Given> given(const SettingRule& rule) {
        auto outside = given_outside(rule.flag, rule.variable);
        if (!outside) return given_in_file(rule.key);
        if (rule.accepts(outside->value)) return outside;
        report(outside->origin, std::string(rule.key) + " must be " + rule.expectation() +
                                    ", not " + json_quoted(outside->value));
        return std::nullopt;
    }

    void take(const SettingRule& rule, const Given& given) {
        rule.member.take(environment_, rule, {{given.value}, given.origin}, {});
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
        const SettingRule& rule = rule_of("kind");
        const auto value = given(rule);
        auto said = given_in_file("kind");
        const auto promised = kind_of_name(name);
        if (!said && promised && path_.empty()) {
            said = Given{name_of(*promised), "the name"};
        }
        const bool is_bound = said && (!path_.empty() || promised == Kind::production);
        if (value && is_bound && value->value != said->value) {
            return report(value->origin, "kind is " + json_quoted(value->value) + ", but " +
                                             said->origin + " says that " + name + " is of kind " +
                                             json_quoted(said->value));
        }
        if (const auto& kind = value ? value : said) return take(rule, *kind);
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

    // What needs no look at the others.
    void merge_rest() {
        const Kind kind = environment_.kind.value;
        for (const SettingRule& rule : setting_rules()) {
            const auto type = rule.member.type;
            if (rule.key == "name" || rule.key == "kind" || rule.key == "connection.url") continue;
            if (type == SettingMember::Type::table || type == SettingMember::Type::tables) continue;
            if (type == SettingMember::Type::list) {
                merge_list(rule);
            } else {
                take(rule, given(rule).value_or(Given{std::string(rule.fallback_in(kind))}));
            }
        }
        environment_.follow_program.value &= kind == Kind::development;
        check_promotion();
        environment_.view_sets = file_.view_sets;
        for (const GivenTable& handler : file_.handlers) {
            environment_.handlers.push_back({{}, handler.origin});
            merge_item(handler, handler_rules());
        }
        for (const GivenTable& schedule : file_.schedules) {
            environment_.schedules.push_back({{}, schedule.origin});
            merge_item(schedule, schedule_rules());
        }
        for (const GivenTable& workflow : file_.workflows) {
            environment_.workflows.push_back({{}, workflow.origin});
            merge_item(workflow, workflow_rules());
        }
        for (const auto& [view, policy] : file_.views) {
            const SettingRule& rule = rule_of("policy.views");
            rule.member.take(environment_, rule, {{view, policy.value}, policy.origin}, {});
        }
    }

    // For the newest of them.
    void merge_item(const GivenTable& given, std::span<const SettingRule> rules) {
        const fs::path folder = fs::absolute(path_).parent_path();
        for (const SettingRule& rule : rules) {
            if (rule.member.type == SettingMember::Type::list) {
                const auto list = given.lists.find(rule.key);
                if (list == given.lists.end()) continue;
                rule.member.take(environment_, rule, list->second, folder);
            } else {
                const auto value = given.values.find(rule.key);
                const std::string text(value == given.values.end() ? rule.fallback
                                                                   : value->second.value);
                rule.member.take(environment_, rule, {{text}}, folder);
            }
        }
    }

    void merge_list(const SettingRule& rule) {
        const auto list = file_.lists.find(rule.key);
        if (list == file_.lists.end()) return;
        rule.member.take(environment_, rule, list->second, fs::absolute(path_).parent_path());
    }

    void check_promotion() {
        const auto& promotes = environment_.auto_promote;
        const bool is_known = environment_.kind.origin != Setting<Kind>{}.origin;
        if (!promotes.value || environment_.kind.value != Kind::production || !is_known) return;
        report(promotes.origin,
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

std::string name_of(Kind kind) {
    return std::string(rule_of("kind").choices[static_cast<std::size_t>(kind)]);
}

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

}  // namespace baton::environments

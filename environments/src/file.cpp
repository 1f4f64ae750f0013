#include "file.hpp"
#include "header.hpp"
#include "toml_text.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "baton/base/text.hpp"

namespace baton::environments {
namespace {

// The names that may stand in `table` ("" is the file itself).
std::vector<std::string_view> names_in(std::string_view table,
                                       std::span<const SettingRule> rules = setting_rules()) {
    std::vector<std::string_view> names;
    const std::string start = table.empty() ? "" : std::string(table) + ".";
    for (const SettingRule& rule : rules) {
        if (!rule.key.starts_with(start)) continue;
        const std::string_view rest = rule.key.substr(start.size());
        const std::string_view name = rest.substr(0, rest.find('.'));
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    return names;
}

const SettingRule* rule_of(std::string_view key,
                           std::span<const SettingRule> rules = setting_rules()) {
    const auto rule = std::ranges::find(rules, key, &SettingRule::key);
    return rule == rules.end() ? nullptr : &*rule;
}

// "--log-level" is log_level to whoever knows the flag alone.
bool is_called(const SettingRule& rule, std::string_view name) {
    std::string flag(rule.flag.substr(std::min<std::size_t>(2, rule.flag.size())));
    std::ranges::replace(flag, '-', '_');
    return flag == name || rule.key.ends_with("." + std::string(name));
}

class Reader {
public:
    explicit Reader(std::string path) : path_(std::move(path)) {}

    File read() {
        std::error_code is_no_folder;
        if (std::filesystem::is_directory(path_, is_no_folder)) {
            file_.problems.push_back(path_ + ": cannot be read: it is a folder");
            return std::move(file_);
        }
        errno = 0;
        std::ifstream stream(path_, std::ios::binary);
        const std::string text(std::istreambuf_iterator<char>(stream), {});
        if (!stream) {
            file_.problems.push_back(path_ +
                                     ": cannot be read: " + std::generic_category().message(errno));
            return std::move(file_);
        }
        try {
            const toml::table content = toml::parse(text, path_);
            file_.is_toml = true;
            read_table("", content);
        } catch (const toml::parse_error& error) {
            report(error.source(), std::string(error.description()));
        }
        std::stable_sort(problems_.begin(), problems_.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        for (auto& [line, problem] : problems_) file_.problems.push_back(std::move(problem));
        return std::move(file_);
    }

private:
    [[nodiscard]] std::string origin(const toml::source_region& source) const {
        return path_ + ":" + std::to_string(source.begin.line);
    }

    void report(const toml::source_region& source, const std::string& problem) {
        problems_.emplace_back(source.begin.line, origin(source) + ": " + problem);
    }

    void refuse(const std::string& key, const toml::node& node, const std::string& expectation) {
        report(node.source(), key + " must be " + expectation + ", not " + type_name(node));
    }

    void read_table(const std::string& name, const toml::table& table) {
        const std::vector<std::string_view> names = names_in(name);
        for (const auto& [key, node] : table) {
            const std::string full =
                name.empty() ? std::string(key.str()) : name + "." + std::string(key.str());
            if (std::find(names.begin(), names.end(), key.str()) == names.end()) {
                report_unknown(full, key, names);
            } else if (full == "policy.views") {
                read_views(node);
            } else if (full == "view_sets") {
                read_view_sets(node);
            } else if (full == "handler") {
                read_tables(full, handler_rules(), node, file_.handlers,
                            [&](const toml::table& handler) { check_handler(handler); });
            } else if (full == "schedule") {
                read_tables(full, schedule_rules(), node, file_.schedules,
                            [&](const toml::table& schedule) { check_schedule(schedule); });
            } else if (full == "workflow") {
                read_tables(full, workflow_rules(), node, file_.workflows,
                            [&](const toml::table& workflow) { check_workflow(workflow); });
            } else if (const SettingRule* const rule = rule_of(full)) {
                if (rule->member.type == SettingMember::Type::list) {
                    read_list(*rule, node, file_.lists[full]);
                } else {
                    read_value(*rule, full, node, file_.values[full]);
                }
            } else if (const toml::table* const inner = node.as_table()) {
                read_table(full, *inner);
            } else {
                refuse(full, node, "a table");
            }
        }
    }

    void report_unknown(const std::string& full, const toml::key& key,
                        const std::vector<std::string_view>& names) {
        std::string hint;
        if (const auto near = nearest(key.str(), names)) {
            hint = "did you mean " + json_quoted(*near) + "?";
        } else {
            for (const SettingRule& rule : setting_rules()) {
                const std::size_t dot = rule.key.find('.');
                if (dot == std::string_view::npos || !is_called(rule, key.str())) continue;
                const std::string_view name = rule.key.substr(dot + 1);
                hint += (hint.empty() ? "it belongs to [" : " or [") +
                        std::string(rule.key.substr(0, dot)) + "]" +
                        (name == key.str() ? "" : ", as " + json_quoted(name));
            }
        }
        if (hint.empty()) {
            for (const std::string_view name : names)
                hint += (hint.empty() ? "known are " : ", ") + std::string(name);
        }
        report(key.source(), "unknown key " + json_quoted(full) + "; " + hint);
    }

    void read_value(const SettingRule& rule, const std::string& key, const toml::node& node,
                    Given& given) {
        given.origin = origin(node.source());
        using Type = SettingMember::Type;
        const Type type = rule.member.type;
        const auto* const text = node.as_string();
        const auto* const truth = node.as_boolean();
        const auto* const number = node.as_integer();
        if (type == Type::text && text != nullptr) {
            given.value = text->get();
        } else if (type == Type::boolean && truth != nullptr) {
            given.value = truth->get() ? "true" : "false";
        } else if (type == Type::integer && number != nullptr) {
            given.value = std::to_string(number->get());
        } else {
            return refuse(key, node, rule.expectation());
        }
        if (rule.accepts(given.value)) return;
        report(node.source(), key + " must be " + rule.expectation() + ", not " +
                                  (type == Type::integer ? given.value : json_quoted(given.value)));
    }

    void read_views(const toml::node& node) {
        const toml::table* const views = node.as_table();
        if (views == nullptr) return refuse("policy.views", node, "a table");
        for (const auto& [view, policy] : *views) {
            const std::string name(view.str());
            read_value(*rule_of("policy.on_poison"), "policy.views." + name, policy,
                       file_.views[name]);
        }
    }

    void read_list(const SettingRule& rule, const toml::node& node, GivenList& given) {
        const std::string key(rule.key);
        const toml::array* const list = node.as_array();
        if (list == nullptr) return refuse(key, node, rule.expectation());
        given.origin = origin(node.source());
        if (rule.is_required && list->empty()) {
            report(node.source(),
                   key + " must have one of its " + std::string(rule.items) + " at least");
        }
        for (const toml::node& item : *list) {
            const auto* const text = item.as_string();
            const auto* const number = item.as_integer();
            if (rule.has_numbers() && number != nullptr &&
                rule.accepts(std::to_string(number->get()))) {
                given.value.push_back(std::to_string(number->get()));
            } else if (!rule.has_numbers() && text != nullptr && !text->get().empty()) {
                given.value.push_back(text->get());
            } else {
                refuse(key, item, rule.expectation());
            }
        }
    }

    // `each` looks further at one that was read.
    void read_tables(const std::string& name, std::span<const SettingRule> rules,
                     const toml::node& node, std::vector<GivenTable>& given,
                     const std::function<void(const toml::table&)>& each) {
        const toml::array* const tables = node.as_array();
        if (tables == nullptr || !tables->is_array_of_tables()) {
            return refuse(name, node, "tables: [[" + name + "]]");
        }
        for (const toml::node& item : *tables) {
            const toml::table& table = *item.as_table();
            read_item(name, rules, table, given.emplace_back());
            each(table);
        }
    }

    void read_item(const std::string& name, std::span<const SettingRule> rules,
                   const toml::table& table, GivenTable& given) {
        given.origin = origin(table.source());
        for (const auto& [key, node] : table) {
            const std::string full = name + "." + std::string(key.str());
            const SettingRule* const rule = rule_of(full, rules);
            if (rule == nullptr) {
                report_unknown(full, key, names_in(name, rules));
            } else if (rule->member.type == SettingMember::Type::list) {
                read_list(*rule, node, given.lists[full]);
            } else if (rule->member.type == SettingMember::Type::tables) {
                read_steps(node, given.values[full]);
            } else {
                read_value(*rule, full, node, given.values[full]);
            }
        }
    }

    // What they mean together the database says.
    void read_steps(const toml::node& node, Given& given) {
        std::vector<GivenTable> steps;
        read_tables("step", workflow_step_rules(), node, steps, [](const toml::table&) {});
        const toml::array* const tables = node.as_array();
        if (tables != nullptr) given = {json_of(*tables), origin(node.source())};
    }

    void check_handler(const toml::table& table) {
        const std::string kind = table["kind"].value_or("command");
        for (const SettingRule& rule : handler_rules()) {
            const std::string_view name = rule.key.substr(rule.key.find('.') + 1);
            const bool is_other = !rule.of_kind.empty() && rule.of_kind != kind;
            if (const toml::node* const node = table.get(name); node != nullptr && is_other) {
                report(node->source(), std::string(rule.key) + " is of a handler of kind " +
                                           json_quoted(rule.of_kind) + ", not of kind " +
                                           json_quoted(kind));
            }
            if (!rule.is_required || is_other || table.contains(name)) continue;
            report(table.source(), std::string(rule.key) + " is missing");
        }
        if (const toml::array* const headers = table["headers"].as_array()) read_headers(*headers);
    }

    // The name; what must be there is.
    std::string check_required(const toml::table& table, std::span<const SettingRule> rules) {
        for (const SettingRule& rule : rules) {
            const std::string_view name = rule.key.substr(rule.key.find('.') + 1);
            if (!rule.is_required || table.contains(name)) continue;
            report(table.source(), std::string(rule.key) + " is missing");
        }
        return table["name"].value_or("");
    }

    void check_workflow(const toml::table& table) {
        const std::string name = check_required(table, workflow_rules());
        const std::int64_t version = table["version"].value_or(0);
        if (name.empty() || workflows_.insert({name, version}).second) return;
        report(table.source(), "workflow " + json_quoted(name) + " version " +
                                   std::to_string(version) + " is declared twice");
    }

    void check_schedule(const toml::table& table) {
        const std::string name = check_required(table, schedule_rules());
        if (table.contains("handler") == table.contains("event")) {
            report(table.source(), "schedule " + json_quoted(name) +
                                       ": it is of a handler or of an event: one of the two");
        }
        if (!name.empty() && !schedule_names_.insert(name).second) {
            report(table.source(), "schedule " + json_quoted(name) + " is declared twice");
        }
    }

    // What could make another header, or another request, of one.
    void read_headers(const toml::array& headers) {
        for (const toml::node& node : headers) {
            const auto* const header = node.as_string();
            if (header == nullptr) continue;
            if (const auto fault = header_fault(header->get())) {
                report(node.source(), "handler.headers: " + *fault);
            }
        }
    }

    void read_view_sets(const toml::node& node) {
        const toml::table* const sets = node.as_table();
        if (sets == nullptr) return refuse("view_sets", node, "a table");
        for (const auto& [key, set] : *sets) {
            const std::string name(key.str());
            const std::string full = "view_sets." + name;
            if (!is_plain_name(name, view_name_length_max)) {
                report(key.source(), "the name of the view set " + json_quoted(name) +
                                         " must match ^[a-z][a-z0-9_]{0,47}$");
            } else if (const toml::table* const table = set.as_table()) {
                read_view_set(full, key, *table, file_.view_sets[name]);
            } else {
                refuse(full, set, "a table with version and views");
            }
        }
    }

    void read_view_set(const std::string& full, const toml::key& key, const toml::table& table,
                       Setting<ViewSetSetting>& set) {
        static const std::vector<std::string_view> names{"version", "views", "handlers"};
        set.origin = origin(key.source());
        for (const auto& [inner, node] : table) {
            if (inner.str() == "version") {
                read_version(full + ".version", node, set.value.version);
            } else if (inner.str() == "views") {
                read_set_views(full + ".views", node, set.value);
            } else if (inner.str() == "handlers") {
                read_set_handlers(full + ".handlers", node, set.value);
            } else {
                report_unknown(full + "." + std::string(inner.str()), inner, names);
            }
        }
        for (const std::string_view name : names) {
            if (name == "handlers" || table.contains(name)) continue;
            report(key.source(), full + "." + std::string(name) + " is missing");
        }
    }

    void read_set_handlers(const std::string& full, const toml::node& node, ViewSetSetting& set) {
        const toml::table* const handlers = node.as_table();
        if (handlers == nullptr) {
            return refuse(full, node, "a table of names and versions, as { send_invoice = 2 }");
        }
        for (const auto& [key, version] : *handlers) {
            const std::string name(key.str());
            if (name.empty() || name.size() > handler_name_length_max) {
                report(key.source(), full + ": a handler's name has 1 to 128 bytes");
                continue;
            }
            read_version(full + "." + name, version, set.handlers[name]);
        }
    }

    void read_version(const std::string& full, const toml::node& node, int& version) {
        const std::string expectation = "an integer from 1 to " + std::to_string(view_version_max);
        const auto* const number = node.as_integer();
        if (number == nullptr) return refuse(full, node, expectation);
        if (number->get() < 1 || number->get() > view_version_max) {
            return report(node.source(), full + " must be " + expectation + ", not " +
                                             std::to_string(number->get()));
        }
        version = static_cast<int>(number->get());
    }

    void read_set_views(const std::string& full, const toml::node& node, ViewSetSetting& set) {
        const std::string expectation = "a list of the names of views";
        const toml::array* const list = node.as_array();
        if (list == nullptr) return refuse(full, node, expectation);
        if (list->empty()) report(node.source(), full + " must name one view at least");
        for (const toml::node& view : *list) {
            const auto* const text = view.as_string();
            if (text == nullptr) {
                refuse(full, view, expectation);
            } else if (!is_plain_name(text->get(), view_name_length_max)) {
                report(view.source(),
                       full + ": " + json_quoted(text->get()) + " is no name of a view");
            } else if (std::find(set.views.begin(), set.views.end(), text->get()) !=
                       set.views.end()) {
                report(view.source(), full + " names " + text->get() + " twice");
            } else {
                set.views.push_back(text->get());
            }
        }
    }

    // What reducers/ allows.
    static constexpr std::size_t view_name_length_max = 48;
    static constexpr int view_version_max = 9999;
    static constexpr std::size_t handler_name_length_max = 128;

    std::string path_;
    File file_;
    std::set<std::string> schedule_names_;
    std::set<std::pair<std::string, std::int64_t>> workflows_;  // name, version
    std::vector<std::pair<toml::source_index, std::string>> problems_;
};

}  // namespace

File read_file(const std::filesystem::path& path) { return Reader(path.string()).read(); }

}  // namespace baton::environments

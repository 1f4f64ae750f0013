// The reference page and the JSON schema of an environment's file are written from the rows of the
// settings, and are those of these rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "baton/base/text.hpp"
#include "baton/environments/environment.hpp"

namespace baton::environments {
namespace {

using Type = SettingMember::Type;

constexpr auto page_file = BATON_SOURCE_DIR "/docs/settings.md";
constexpr auto schema_file = BATON_SOURCE_DIR "/environments/environment.schema.json";

std::string table_of(const SettingRule& rule) {
    const std::size_t dot = rule.key.find('.');
    return std::string(dot == std::string_view::npos ? "" : rule.key.substr(0, dot));
}

std::string name_of(const SettingRule& rule) {
    return std::string(rule.key.substr(rule.key.find('.') + 1));
}

// The tables in their order; "" is the file itself.
std::vector<std::string> tables() {
    std::vector<std::string> tables;
    for (const SettingRule& rule : setting_rules()) {
        const std::string table = table_of(rule);
        if (std::ranges::find(tables, table) == tables.end()) tables.push_back(table);
    }
    return tables;
}

std::string code(std::string_view text) {
    return text.empty() ? "" : "`" + std::string(text) + "`";
}

std::string fallback(const SettingRule& rule) {
    if (rule.fallback_in_development.empty()) return code(rule.fallback);
    return code(rule.fallback) + ", in development " + code(rule.fallback_in_development);
}

std::string rows_of(std::span<const SettingRule> rules, const std::string& table) {
    std::string text =
        "\n| key | what it is | value | default | flag | variable |\n|---|---|---|---|---|---|\n";
    for (const SettingRule& rule : rules) {
        if (table_of(rule) != table) continue;
        text += "| " + code(name_of(rule)) + " | " +
                (rule.of_kind.empty() ? "" : "(" + std::string(rule.of_kind) + ") ") +
                std::string(rule.help) + " | " + rule.expectation() + " | " +
                (rule.is_required ? "it must be there" : fallback(rule)) + " | " + code(rule.flag) +
                " | " + code(rule.variable) + " |\n";
    }
    return text;
}

std::string page() {
    std::string text =
        "# Settings\n\n"
        "Each value comes from the first of these that has it: a flag, a variable of the process, "
        "the\nenvironment's file, the default; `baton environment show` prints which that was. "
        "What the file is and\nhow it is chosen: [environments/](../environments/README.md); "
        "with comments:\n[production.toml](../environments/production.toml). An editor that "
        "knows JSON schemas checks a file by\n"
        "[environment.schema.json](../environments/environment.schema.json).\n\n"
        "This page and that schema are written from the rows of environments/src/settings.cpp "
        "(see\n[CONTRIBUTING.md](../CONTRIBUTING.md)); do not edit them.\n";
    for (const std::string& table : tables()) {
        text += table.empty() ? "\n## At the head of the file\n" : "\n## [" + table + "]\n";
        text += rows_of(setting_rules(), table);
    }
    return text +
           "\n## [[handler]]\n\nA handler that is a [command](tasks.md#handlers-that-are-commands) "
           "or an "
           "[endpoint](endpoints.md), as often as there are some.\n" +
           rows_of(handler_rules(), "handler") +
           "\n## [[schedule]]\n\nA [schedule](schedules.md#in-the-environments-file), as often as "
           "there are some.\n" +
           rows_of(schedule_rules(), "schedule") +
           "\n## [[workflow]]\n\nA [workflow](workflows.md#in-the-environments-file), as often as "
           "there are some.\n" +
           rows_of(workflow_rules(), "workflow") +
           "\n## [[workflow.step]]\n\nA [step](workflows.md#what-a-step-can-be) of the workflow "
           "that stands above it.\n" +
           rows_of(workflow_step_rules(), "step");
}

// What each of the tables of this name may have.
std::span<const SettingRule> rules_of_tables(std::string_view key) {
    if (key == "handler") return handler_rules();
    if (key == "schedule") return schedule_rules();
    if (key == "workflow") return workflow_rules();
    return workflow_step_rules();
}

std::string quoted_list(std::span<const std::string_view> words) {
    std::string text;
    for (const std::string_view word : words)
        text += (text.empty() ? "" : ", ") + json_quoted(word);
    return "[" + text + "]";
}

// Of the tables whose keys people choose.
std::string schema_of_table(const SettingRule& rule) {
    if (!rule.choices.empty()) {
        return R"("type": "object", "additionalProperties": {"enum": )" +
               quoted_list(rule.choices) + "}";
    }
    const std::string name = R"("pattern": "^[a-z][a-z0-9_]{0,47}$")";
    return R"("type": "object", "propertyNames": {)" + name +
           R"(}, "additionalProperties": {"type": "object", "additionalProperties": false, )"
           R"("required": ["version", "views"], "properties": {)"
           R"("version": {"type": "integer", "minimum": 1, "maximum": 9999}, )"
           R"("views": {"type": "array", "minItems": 1, "uniqueItems": true, )"
           R"("items": {"type": "string", )" +
           name + "}}}}";
}

std::string properties(std::span<const SettingRule> rules, const std::string& table,
                       const std::string& before, const std::string& between);

// Of those that a file may have several of.
std::string schema_of_tables(std::span<const SettingRule> rules, const std::string& table) {
    std::vector<std::string_view> required;
    for (const SettingRule& rule : rules) {
        if (rule.is_required && rule.of_kind.empty())
            required.push_back(rule.key.substr(table.size() + 1));
    }
    return R"("type": "array", "items": {"type": "object", "additionalProperties": false, )"
           R"("required": )" +
           quoted_list(required) + R"(, "properties": {)" + properties(rules, table, "", ", ") +
           "}}";
}

std::string schema_of(const SettingRule& rule) {
    std::string text = R"({"description": )" + json_quoted(rule.help) + ", ";
    const bool is_bare = rule.member.type == Type::integer || rule.member.type == Type::boolean;
    switch (rule.member.type) {
        case Type::integer:
            text += R"("type": "integer", "minimum": )" + std::to_string(rule.min) +
                    R"(, "maximum": )" + std::to_string(rule.max);
            break;
        case Type::boolean:
            text += R"("type": "boolean")";
            break;
        case Type::list:
            text += R"("type": "array", )";
            if (rule.is_required) text += R"("minItems": 1, )";
            text += rule.has_numbers()
                        ? R"("items": {"type": "integer", "minimum": )" + std::to_string(rule.min) +
                              R"(, "maximum": )" + std::to_string(rule.max) + "}"
                        : R"("items": {"type": "string", "minLength": 1})";
            break;
        case Type::tables:
            text += schema_of_tables(rules_of_tables(rule.key), name_of(rule));
            break;
        case Type::table:
            text += schema_of_table(rule);
            break;
        case Type::text:
            text += rule.may_be_empty      ? R"("type": "string")"
                    : rule.choices.empty() ? R"("type": "string", "minLength": 1)"
                                           : R"("enum": )" + quoted_list(rule.choices);
    }
    // A file must say its name, so that this has no default there.
    if (!rule.fallback.empty() && rule.fallback_in_development.empty() && rule.key != "name") {
        text += R"(, "default": )" +
                (is_bare ? std::string(rule.fallback) : json_quoted(rule.fallback));
    }
    return text + "}";
}

std::string properties(std::span<const SettingRule> rules, const std::string& table,
                       const std::string& before, const std::string& between) {
    std::string text;
    for (const SettingRule& rule : rules) {
        if (table_of(rule) != table) continue;
        text += (text.empty() ? "" : between) + before + json_quoted(name_of(rule)) + ": " +
                schema_of(rule);
    }
    return text;
}

std::string schema() {
    std::string text =
        "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
        "  \"title\": \"The file of an environment of Baton\",\n  \"type\": \"object\",\n"
        "  \"required\": [\"name\", \"kind\"],\n  \"additionalProperties\": false,\n"
        "  \"properties\": {\n" +
        properties(setting_rules(), "", "    ", ",\n");
    for (const std::string& table : tables()) {
        if (table.empty()) continue;
        text += ",\n    " + json_quoted(table) +
                ": {\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n"
                "      \"properties\": {\n" +
                properties(setting_rules(), table, "        ", ",\n") + "\n      }\n    }";
    }
    return text + "\n  }\n}\n";
}

void expect_current(const char* file, const std::string& text) {
    if (std::getenv("BATON_WRITE_SETTINGS") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
        std::ofstream(file) << text;
    }
    std::ifstream stream(file);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), text)
        << file << " is not what the rows of the settings say. Write it anew: "
        << "BATON_WRITE_SETTINGS=1 test_environments --gtest_filter='SettingsDocumentsTest.*'";
}

TEST(SettingsDocumentsTest, ReferencePageIsThatOfTheRows) { expect_current(page_file, page()); }

TEST(SettingsDocumentsTest, JsonSchemaIsThatOfTheRows) { expect_current(schema_file, schema()); }

}  // namespace
}  // namespace baton::environments

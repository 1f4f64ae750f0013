#include "migration_set.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <regex>
#include <utility>

#include "access.hpp"
#include "baton/base/check.hpp"
#include "baton/base/digest.hpp"
#include "baton/base/error.hpp"
#include "drift.hpp"
#include "own_schema.hpp"

namespace baton::sql {
namespace {

constexpr std::size_t schema_length_max = 63 - std::string_view("_orchestrate").size();

std::string with_newline(std::string_view text) {
    std::string ended(text);
    if (!ended.ends_with('\n')) ended += '\n';
    return ended;
}

std::string replaced(std::string text, std::string_view variable, std::string_view value) {
    for (auto at = text.find(variable); at != std::string::npos;
         at = text.find(variable, at + value.size())) {
        text.replace(at, variable.size(), value);
    }
    return text;
}

std::string stem_of(std::string_view path) {
    path.remove_prefix(path.rfind('/') + 1);
    BATON_CHECK(path.ends_with(".sql"));
    path.remove_suffix(4);
    return std::string(path);
}

}  // namespace

std::string quoted_schema(const std::string& schema) {
    require_schema_name(schema);
    if (schema.size() > schema_length_max) {
        throw Error(ErrorCode::name_invalid, "the schema name \"" + schema +
                                                 "\" is too long: at most " +
                                                 std::to_string(schema_length_max) + " characters");
    }
    return '"' + schema + '"';
}

std::string with_schema(std::string text, const std::string& schema) {
    return replaced(std::move(text), ":\"schema\"", quoted_schema(schema));
}

std::vector<std::string> group_roles(const std::string& schema) {
    std::vector<std::string> roles;
    for (const std::string_view word : group_role_words) {
        roles.push_back(schema + '_' + std::string(word));
    }
    return roles;
}

std::string lock_text(const LockLimits& limits) {
    // One lock for the whole database: two environments share what GRANT changes.
    return std::string(catalogue_only) + "set local lock_timeout = '" +
           std::to_string(limits.wait.count()) +
           "ms';\n"
           "set local client_min_messages = warning;\n"
           // Of whoever runs the printed script: how these texts are read, and what becomes of
           // them.
           "set local standard_conforming_strings = on;\n"
           "set local quote_all_identifiers = off;\n"
           "do $$\n"
           "begin\n"
           "    perform pg_advisory_xact_lock(hashtextextended('baton install', 0));\n"
           "exception when lock_not_available then\n"
           "    raise exception 'the lock of installations is held by %',\n"
           "        (select string_agg(format('process %s of %s', a.pid, a.usename), ', ')\n"
           "           from pg_locks l join pg_stat_activity a using (pid)\n"
           "          where l.locktype = 'advisory' and l.granted and l.objsubid = 1\n"
           "            and (l.classid::bigint << 32 | l.objid::bigint)\n"
           "                = hashtextextended('baton install', 0))\n"
           "        using errcode = sqlstate;\n"
           "end $$;\n";
}

MigrationSet::MigrationSet(std::span<const SqlFile> files) {
    for (const std::string_view folder :
         {"migrations/", "signatures.sql", "functions/", "views/", "grants.sql"}) {
        for (const SqlFile& file : files) {
            if (!file.name.starts_with(folder)) continue;
            if (folder == "migrations/") {
                add_migration(file);
                continue;
            }
            if (folder == "functions/") add_function(file);
            if (folder == "views/") views_.push_back(stem_of(file.name));
            std::string text = with_newline(file.text);
            if (folder == "grants.sql") {
                has_grants_ = true;
                text = replaced(std::move(text), ":'access'", access_text(files));
            }
            rest_ += "-- " + std::string(file.name) + "\n" + text;
        }
    }
    mark_ = "baton " + digest_of(rest_) + ", version " + std::to_string(newest());
}

void MigrationSet::add_migration(const SqlFile& file) {
    Migration migration{0, stem_of(file.name), file.text.starts_with("--! breaking"), file.text};
    const std::string& name = migration.name;
    const auto number = std::from_chars(name.data(), name.data() + name.size(), migration.version);
    BATON_CHECK(number.ptr == name.data() + 4 && name.size() > 5 && name[4] == '_');
    BATON_CHECK(migration.version == newest() + 1);
    migrations_.push_back(std::move(migration));
}

void MigrationSet::add_function(const SqlFile& file) {
    static const std::regex head(
        R"(create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([a-z_][a-z0-9_]*)\s*\()",
        std::regex::icase);
    static const std::regex quote(R"(\bas\s+(\$[a-z_]*\$))", std::regex::icase);
    std::string rest(file.text);
    std::smatch name;
    // More than once where it is made for other arguments, too.
    while (std::regex_search(rest, name, head)) {
        Function& function = functions_.emplace_back(Function{name[1].str(), std::nullopt});
        rest = name.suffix().str();
        std::smatch tag;
        if (!std::regex_search(rest, tag, quote)) return;
        const std::string mark = tag[1];
        rest = tag.suffix().str();
        const auto end = rest.find(mark);
        if (end == std::string::npos) return;
        function.body = rest.substr(0, end);
        rest.erase(0, end + mark.size());
    }
}

namespace {

// Whose schema it is, is asked anew in each transaction.
std::string prologue_text(const std::string& schema, const LockLimits& limits) {
    return lock_text(limits) + own_schema_text(schema);
}

std::string path_text(const std::string& schema) {
    return "set local search_path = " + quoted_schema(schema) + ", pg_temp;\n";
}

}  // namespace

InstallStep MigrationSet::create_step(const std::string& schema, const LockLimits& limits) const {
    const std::string quoted = quoted_schema(schema);
    return {prologue_text(schema, limits),
            // Not `if not exists`: that wants the right to create schemas even where it is there.
            "do $$ begin\n"
            "    if to_regnamespace('" +
                quoted +
                "') is null then\n"
                "        create schema " +
                quoted +
                ";\n"
                "    end if;\n"
                "end $$;\n" +
                path_text(schema) +
                "create table if not exists schema_migration (\n"
                "    version int constraint schema_migration_version primary key,\n"
                "    name text not null,\n"
                "    breaking boolean not null,\n"
                "    installed_at timestamptz not null default now()\n"
                ");\n"};
}

InstallStep MigrationSet::migration_step(const std::string& schema, const LockLimits& limits,
                                         const Migration& migration) const {
    return {
        prologue_text(schema, limits),
        path_text(schema) +
            // The row first: where the migration was run already, this fails before it does harm.
            "insert into schema_migration (version, name, breaking) values (" +
            std::to_string(migration.version) + ", '" + migration.name + "', " +
            (migration.breaking ? "true" : "false") + ");\n" + with_newline(migration.text)};
}

InstallStep MigrationSet::functions_step(const std::string& schema,
                                         const LockLimits& limits) const {
    return {prologue_text(schema, limits),
            path_text(schema) + "set local check_function_bodies = off;\n" +
                with_schema(rest_, schema) + comment_text(*this, schema)};
}

}  // namespace baton::sql

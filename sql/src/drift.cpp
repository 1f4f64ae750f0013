#include "drift.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

namespace baton::sql {
namespace {

// '{a,b}': names of ours need no quoting.
std::string array_of(const std::vector<std::string>& names) {
    std::string array;
    for (const std::string& name : names) array += (array.empty() ? "" : ",") + name;
    return "'{" + array + "}'";
}

// Of each view, and of each function that is bound when it is made: "\nname digest". Names of the
// schema's own count as they are written inside of it, whatever the search_path is.
std::string definitions_text(const MigrationSet& set, const std::string& schema) {
    std::vector<std::string> bound;
    for (const Function& function : set.functions()) {
        if (!function.body) bound.push_back(function.name);
    }
    return "select string_agg(E'\\n' || o.name || ' ' || "
           "encode(sha256(convert_to(replace(o.definition,"
           " '" +
           schema +
           ".', ''), 'UTF8')), 'hex'), '' order by o.name, o.definition)"
           " from (select c.relname::text as name, pg_get_viewdef(c.oid) as definition"
           " from pg_class c where c.relnamespace = to_regnamespace('" +
           schema + "') and c.relkind = 'v' and c.relname = any(" + array_of(set.views()) +
           ") union all select p.proname::text, pg_get_function_sqlbody(p.oid)"
           " from pg_proc p where p.pronamespace = to_regnamespace('" +
           schema + "') and p.prosqlbody is not null and p.proname = any(" + array_of(bound) +
           ")) as o";
}

using Definitions = std::multimap<std::string, std::string, std::less<>>;

Definitions definitions_in(const std::string& lines) {
    Definitions definitions;
    std::istringstream stream(lines);
    for (std::string name, digest; stream >> name >> digest;) definitions.emplace(name, digest);
    return definitions;
}

struct Installed {
    std::string body, signature;
    bool is_owners;
};
using InstalledFunctions = std::multimap<std::string, Installed, std::less<>>;

// Not those of SQL reducers, <view>__v<version>..., nor what those call; nor those of captures.
InstalledFunctions functions_in(Transaction& transaction, const std::string& schema) {
    const Result rows = transaction.exec(
        // (The reducers' are found once, not once for each function.)
        "with reducers as materialized (select r.prosrc, r.proowner from pg_proc r"
        " where r.pronamespace = to_regnamespace($1) and r.proname ~ '__v[0-9]')"
        " select p.proname, p.prosrc, p.proname || '(' || oidvectortypes(p.proargtypes) || ')',"
        " p.proowner = n.nspowner and p.proname !~ '__v[0-9]' and p.proname !~ '^capture_[0-9]+$'"
        " and not exists (select from reducers r"
        " where r.proowner = p.proowner and strpos(r.prosrc, p.proname::text) > 0)"
        " and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass"
        " and d.objid = p.oid and d.deptype = 'e')"
        " from pg_namespace n join pg_proc p on p.pronamespace = n.oid"
        " where n.oid = to_regnamespace($1) order by p.oid::regprocedure::text",
        {quoted_schema(schema)});
    InstalledFunctions functions;
    for (const Row& row : rows) {
        functions.emplace(row.text(0), Installed{std::string(row.text(1)), std::string(row.text(2)),
                                                 row.boolean(3)});
    }
    return functions;
}

}  // namespace

std::string comment_text(const MigrationSet& set, const std::string& schema) {
    return "do $$\n"
           "declare\n"
           "    definitions text := (" +
           definitions_text(set, schema) +
           ");\n"
           "begin\n"
           "    execute format('comment on table schema_migration is %L', '" +
           set.mark() +
           "' || coalesce(definitions, ''));\n"
           "end $$;\n";
}

void read_drift(Transaction& transaction, const MigrationSet& set, const std::string& schema,
                const std::string& comment, InstallStatus& status) {
    const auto line_end = std::min(comment.find('\n'), comment.size());
    const Definitions noted = definitions_in(comment.substr(line_end));
    const Definitions now = definitions_in(std::string(
        transaction.exec("set local quote_all_identifiers = off; " + definitions_text(set, schema))
            .only()
            .text(0)));
    const InstalledFunctions installed = functions_in(transaction, schema);
    // With what was noted of it, where something was.
    const auto is_as_noted = [&](const std::string& name) {
        const auto [first, last] = now.equal_range(name);
        const auto note = noted.find(name);
        return std::any_of(first, last, [&](const auto& definition) {
            return note == noted.end() || definition.second == note->second;
        });
    };
    std::multimap<std::string, std::optional<std::string>, std::less<>> carried;
    for (const Function& function : set.functions()) {
        std::optional<std::string>& body = carried.emplace(function.name, std::nullopt)->second;
        if (function.body) body = with_schema(*function.body, schema);
        const auto [first, last] = installed.equal_range(function.name);
        const bool is_ours =
            body ? std::any_of(first, last,
                               [&](const auto& one) { return one.second.body == *body; })
                 : is_as_noted(function.name);
        if (!is_ours) status.drifted.push_back(function.name);
    }
    for (const std::string& view : set.views()) {
        if (!is_as_noted(view)) status.drifted.push_back(view);
    }
    for (const auto& [name, function] : installed) {
        if (!function.is_owners) continue;
        // Or it is beside one of ours, with other arguments.
        const bool is_only = installed.count(name) == 1;
        const auto [first, last] = carried.equal_range(name);
        const bool is_ours =
            std::any_of(first, last, [&, &body = function.body](const auto& known) {
                return is_only || body == known.second.value_or("");
            });
        if (!is_ours) status.orphans.push_back(function.signature);
    }
}

}  // namespace baton::sql

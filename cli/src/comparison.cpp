#include "comparison.hpp"

#include <algorithm>
#include <cstdio>

#include "baton/base/error.hpp"
#include "baton/sql/parameter.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "rows.hpp"

namespace baton::cli {
namespace {

constexpr const char* table_of_differences =
    "create temporary table baton_difference (n bigint generated always as identity,"
    " change text, key jsonb, named_key jsonb, former jsonb, new jsonb)";

// "orders 3 -> 4, sales 10.5 -> 12"; of a row that only one has: "orders 3, sales 10.5".
constexpr const char* difference_in_words =
    "(select string_agg(case change when 'changed' then format('%s %s -> %s', c.name,"
    " coalesce(former ->> c.name, 'null'), coalesce(new ->> c.name, 'null'))"
    " else format('%s %s', c.name, coalesce(coalesce(new, former) ->> c.name, 'null')) end,"
    " ', ' order by c.name)"
    " from jsonb_object_keys(coalesce(new, former)) as c (name))";

struct Columns {
    std::vector<std::string> keys;
    std::vector<std::string> common;
    std::string only_former;
    std::string only_later;
};

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

Columns columns_of(const Comparison& comparison) {
    Columns columns;
    columns.keys = key_names_of(comparison.former_columns);
    const std::vector<std::string> later_keys = key_names_of(comparison.later_columns);
    if (!std::ranges::is_permutation(columns.keys, later_keys)) {
        refuse("the keys are not the same (" + joined(columns.keys) + "; " + joined(later_keys) +
               "), so no row can be compared with another");
    }
    const std::vector<std::string> former = names_of(comparison.former_columns);
    const std::vector<std::string> later = names_of(comparison.later_columns);
    std::vector<std::string> only;
    for (const std::string& name : former) {
        if (has(columns.keys, name)) continue;
        (has(later, name) ? columns.common : only).push_back(name);
    }
    columns.only_former = joined(only);
    only.clear();
    for (const std::string& name : later) {
        if (!has(former, name)) only.push_back(name);
    }
    columns.only_later = joined(only);
    return columns;
}

void print_differences(sql::Transaction& transaction, const std::vector<std::string>& keys,
                       bool json) {
    RowQuery query{"select change", {"change"}};
    if (json) {
        query.text += ", named_key as key, former, new from baton_difference order by n";
        return print_rows(transaction, query, RowFormat::json);
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
        query.text += ", key ->> " + std::to_string(i);
        query.names.push_back(keys[i]);
    }
    query.text += ", " + std::string(difference_in_words) + " from baton_difference order by n";
    query.names.emplace_back("what");
    print_rows(transaction, query, RowFormat::table);
}

// How many rows differ, as a query says it.
struct Counts {
    std::int64_t changed;
    std::int64_t added;
    std::int64_t removed;
};

Counts counts_of(sql::Transaction& transaction, const std::string& from,
                 std::initializer_list<sql::Parameter> parameters) {
    const sql::Result counts = transaction.exec(
        "select count(*) filter (where change = 'changed'),"
        " count(*) filter (where change = 'added'), count(*) filter (where change = 'removed')"
        " from " +
            from,
        parameters);
    const sql::Row row = counts.only();
    return {row.integer(0), row.integer(1), row.integer(2)};
}

void print_counts(const Comparison& comparison, const Counts& counts) {
    const std::int64_t all = counts.changed + counts.added + counts.removed;
    const std::string changed = std::to_string(counts.changed);
    const std::string added = std::to_string(counts.added);
    const std::string removed = std::to_string(counts.removed);
    if (comparison.json) {
        return write_out("{\"changed\":" + changed + ",\"added\":" + added +
                         ",\"removed\":" + removed + "}\n");
    }
    write_out(comparison.about + ": " +
              (all == 0
                   ? "no row differs"
                   : std::to_string(all) + (all == 1 ? " row differs" : " rows differ") + " (" +
                         changed + " changed, " + added + " added, " + removed + " removed)") +
              "\n");
}

void print_summary(sql::Connection& connection, const Comparison& comparison,
                   const Columns& columns) {
    sql::Transaction transaction(connection);
    print_counts(comparison,
                 counts_of(transaction, "differing_rows($1, $2, $3::text[], $4::text[])",
                           {comparison.former, comparison.later, sql::text_array(columns.keys),
                            sql::text_array(columns.common)}));
}

void tell_not_compared(const Columns& columns, std::FILE* where) {
    const auto tell = [&](const std::string& which, const std::string& names) {
        if (names.empty()) return;
        std::fprintf(where, "not compared, only in the %s: %s\n", which.c_str(), names.c_str());
    };
    tell("former", columns.only_former);
    tell("new", columns.only_later);
}

}  // namespace

void print_comparison(sql::Connection& connection, const Comparison& comparison) {
    const Columns columns = columns_of(comparison);
    if (comparison.summary) {
        print_summary(connection, comparison, columns);
        flush_out();
        return tell_not_compared(columns, comparison.json ? stderr : stdout);
    }
    connection.exec(table_of_differences);
    sql::Transaction transaction(connection);
    transaction.exec(
        "insert into baton_difference (change, key, named_key, former, new)"
        " select d.change, d.key,"
        " (select jsonb_object_agg(k.name, d.key -> (k.n - 1)::integer)"
        " from unnest($3::text[]) with ordinality as k (name, n)), d.former, d.new"
        " from differing_rows($1, $2, $3::text[], $4::text[]) as d",
        {comparison.former, comparison.later, sql::text_array(columns.keys),
         sql::text_array(columns.common)});
    if (comparison.json) {
        print_differences(transaction, columns.keys, true);
        return tell_not_compared(columns, stderr);
    }

    const Counts counts = counts_of(transaction, "baton_difference", {});
    if (counts.changed + counts.added + counts.removed > 0) {
        print_differences(transaction, columns.keys, false);
    }
    print_counts(comparison, counts);
    flush_out();
    tell_not_compared(columns, stdout);
}

}  // namespace baton::cli

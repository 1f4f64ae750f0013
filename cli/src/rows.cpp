#include "rows.hpp"

#include <string_view>

#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

// How many rows are held at once.
constexpr const char* fetch = "fetch 5000 from view_rows";

template <class Choice>
std::vector<std::string> names_where(const std::string& columns, Choice&& is_chosen) {
    std::vector<std::string> names;
    const JsonValue all = JsonValue::parse(columns);
    for (const JsonValue& column : all.items()) {
        if (is_chosen(column)) names.push_back(column["name"].text().value_or(""));
    }
    return names;
}

template <class Use>
void for_each_row(sql::Transaction& transaction, const std::string& query, Use&& use) {
    // With parameters, if none: the server then takes one statement only, whatever is in it.
    transaction.exec("declare view_rows no scroll cursor for " + query, {});
    for (;;) {
        const sql::Result rows = transaction.exec(fetch);
        if (rows.empty()) break;
        for (const sql::Row& row : rows) use(row);
    }
    transaction.exec("close view_rows");
}

void print_json(sql::Transaction& transaction, const std::string& query) {
    const char* before = "[";
    for_each_row(transaction, "select row_to_json(v)::text from (" + query + ") as v",
                 [&](const sql::Row& row) {
                     write_out(before + terminal_json(row.text(0)));
                     before = ",\n ";
                 });
    write_out(*before == '[' ? "[]\n" : "]\n");
}

}  // namespace

std::vector<std::string> names_of(const std::string& columns) {
    return names_where(columns, [](const auto& /*column*/) { return true; });
}

std::vector<std::string> key_names_of(const std::string& columns) {
    return names_where(columns, [](const auto& column) { return column["key"].text() == "true"; });
}

void print_rows(sql::Transaction& transaction, const RowQuery& query, RowFormat format) {
    if (format == RowFormat::json) return print_json(transaction, query.text);
    if (format == RowFormat::csv) {
        write_out(csv_line({query.names.begin(), query.names.end()}));
        for_each_row(transaction, query.text, [&](const sql::Row& row) {
            write_out(csv_line(cells_of(row, query.names.size())));
        });
        return;
    }
    Table table(query.names);
    for_each_row(transaction, query.text,
                 [&](const sql::Row& row) { table.add(cells_of(row, query.names.size())); });
    table.print();
}

}  // namespace baton::cli

// baton view: the rows of a view, for people, as CSV or as JSON. baton views: which there are.
#include <simdjson.h>
#include <CLI/CLI.hpp>

#include "baton/base/error.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

// How many rows are held at once.
constexpr const char* fetch = "fetch 5000 from view_rows";

struct Given {
    SettingFlags settings;
    std::string view;
    bool csv = false;
    bool json = false;
};

std::vector<std::string> names_of(const std::string& columns) {
    simdjson::dom::parser parser;
    std::vector<std::string> names;
    for (const simdjson::dom::element column : parser.parse(columns).get_array()) {
        names.emplace_back(std::string_view(column["name"]));
    }
    return names;
}

// Calls `use` with each row of the query, all of one snapshot.
template <class Use>
void for_each_row(sql::Transaction& transaction, const std::string& query, Use use) {
    transaction.exec("declare view_rows no scroll cursor for " + query);
    for (;;) {
        const sql::Result rows = transaction.exec(fetch);
        if (rows.empty()) return;
        for (const sql::Row& row : rows) use(row);
    }
}

void print_json(sql::Transaction& transaction, const std::string& query) {
    const char* before = "[";
    for_each_row(transaction, "select row_to_json(v)::text from (" + query + ") as v",
                 [&](const sql::Row& row) {
                     write_out(before + std::string(row.text(0)));
                     before = ",\n ";
                 });
    write_out(*before == '[' ? "[]\n" : "]\n");
}

int print_rows(sql::Connection& connection, const Given& given) {
    sql::Transaction transaction(connection);
    transaction.exec("set local datestyle = 'ISO'");
    const sql::Result shape =
        transaction.exec("select query, columns from view_query(view => $1)", {given.view});
    const std::string query(shape.only().text(0));
    const std::vector<std::string> names = names_of(std::string(shape.only().text(1)));
    if (given.json) {
        print_json(transaction, query);
        return 0;
    }
    if (given.csv) {
        write_out(csv_line({names.begin(), names.end()}));
        for_each_row(transaction, query, [&](const sql::Row& row) {
            write_out(csv_line(cells_of(row, names.size())));
        });
        return 0;
    }
    Table table(names);
    for_each_row(transaction, query,
                 [&](const sql::Row& row) { table.add(cells_of(row, names.size())); });
    table.print();
    return 0;
}

int print_view(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    try {
        return print_rows(connection, given);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::view_unknown) throw;
        sql::Transaction transaction(connection);
        require_view(transaction, given.view);
        throw;
    }
}

struct Listing {
    SettingFlags settings;
    bool json = false;
};

int list_views(const Listing& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    if (given.json) {
        const sql::Result views = transaction.exec("select status() -> 'views'", {});
        write_out(std::string(views.only().text(0)) + "\n");
        return 0;
    }
    const sql::Result views = transaction.exec(
        "select v ->> 'view', v ->> 'version', v ->> 'state', v ->> 'position', v ->> 'reason' "
        "from jsonb_array_elements(status() -> 'views') as v",
        {});
    Table table({"view", "version", "state", "position", "reason"});
    for (const sql::Row& row : views) table.add(cells_of(row, 5));
    if (table.empty()) {
        write_out("there is no view; an orchestrator makes those of its reducers\n");
    } else {
        table.print();
    }
    return 0;
}

}  // namespace

void add_view(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand("view", "print a view's rows, ordered by its key");
    auto given = std::make_shared<Given>();
    verb->add_option("NAME", given->view, "which view; `baton views` lists them")->required();
    CLI::Option* const csv =
        verb->add_flag("--csv", given->csv, "as CSV (RFC 4180) with a heading");
    verb->add_flag("--json", given->json, "as a JSON array of objects")->excludes(csv);
    given->settings.offer(*verb);
    verb->footer(footer("Example: baton view monthly_sales --csv > monthly_sales.csv"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return print_view(*given, invocation); };
    });
}

void add_views(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand("views", "list the views and where each stands");
    auto given = std::make_shared<Listing>();
    verb->add_flag("--json", given->json, "as JSON");
    given->settings.offer(*verb);
    verb->footer(footer("Example: baton views --json"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return list_views(*given, invocation); };
    });
}

}  // namespace baton::cli

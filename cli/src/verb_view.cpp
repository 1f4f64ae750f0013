// baton view: the rows of a view, now or at a position of the past, for people, as CSV or as JSON.
// baton views: which there are.
#include <CLI/CLI.hpp>

#include "baton/base/error.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "rows.hpp"
#include "time_machine.hpp"

namespace baton::cli {
namespace {

struct Given {
    SettingFlags settings;
    std::string view;
    bool csv = false;
    bool json = false;
    std::optional<std::int64_t> at;
    std::optional<std::int64_t> version;

    [[nodiscard]] RowFormat format() const {
        return json ? RowFormat::json : csv ? RowFormat::csv : RowFormat::table;
    }
};

int print_rows(sql::Connection& connection, const Given& given) {
    sql::Transaction transaction(connection);
    transaction.exec("set local datestyle = 'ISO'");
    const sql::Result shape =
        transaction.exec("select query, columns from view_query(view => $1)", {given.view});
    print_rows(transaction,
               {std::string(shape.only().text(0)), names_of(std::string(shape.only().text(1)))},
               given.format());
    return 0;
}

int print_past(const Given& given, Invocation& invocation) {
    TimeMachine machine(given.settings, invocation);
    const Position at{*given.at};
    const std::unique_ptr<PastView> view = machine.open({given.view, given.version}, at);
    machine.travel(*view, at);
    sql::Transaction transaction(machine.connection());
    const sql::Result query =
        transaction.exec("select rows_query($1, $2::jsonb)", {view->table(), view->columns()});
    print_rows(transaction, {std::string(query.only().text(0)), names_of(view->columns())},
               given.format());
    return 0;
}

int print_view(const Given& given, Invocation& invocation) {
    if (given.at) return print_past(given, invocation);
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
        write_json(views.only().text(0));
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
    verb->add_option("NAME", given->view, advice("which view; `baton views` lists them"))
        ->required();
    CLI::Option* const csv =
        verb->add_flag("--csv", given->csv, "as CSV (RFC 4180) with a heading");
    verb->add_flag("--json", given->json, "as a JSON array of objects")->excludes(csv);
    CLI::Option* const at =
        add_number(*verb, "--at", given->at, "the rows as of this position of the log", {.min = 0});
    add_number(*verb, "--version", given->version, "of which version [the live one]", {.min = 1})
        ->needs(at);
    given->settings.offer(*verb);
    verb->footer(
        footer("--at folds the log anew, from the nearest snapshot: that takes the program "
               "that\ncarries the reducer (SQL reducers: any), and what _orchestrate may "
               "do.\n"
               "Example: baton view monthly_sales --csv > monthly_sales.csv\n"
               "         baton view monthly_sales --at 4000"));
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

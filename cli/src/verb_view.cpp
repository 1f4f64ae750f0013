// baton view: the rows of a view, now or at a position of the past, for people, as CSV or as JSON.
// baton views: which there are.
#include <CLI/CLI.hpp>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "rows.hpp"
#include "past_session.hpp"

namespace baton::cli {
namespace {

struct Given {
    SettingFlags settings;
    std::string view;
    bool csv = false;
    bool json = false;
    std::optional<std::int64_t> at;
    std::optional<std::int64_t> version;
    std::optional<std::int64_t> limit;
    std::optional<std::string> where;

    [[nodiscard]] RowFormat format() const {
        return json ? RowFormat::json : csv ? RowFormat::csv : RowFormat::table;
    }
};

// `statement` has the condition where a value stands: what is no one expression fits either there
// or after WHERE, not in both places.
void require_condition(sql::Transaction& transaction, const std::string& statement) {
    try {
        transaction.exec(statement, {});
    } catch (const sql::SqlError& error) {
        const std::string& state = error.sqlstate();
        if (!state.starts_with("42") || state == "42501") throw;
        refuse(std::string("--where: ") + error.what());
    }
}

// The rows that the caller wants of those that `query` gives. A condition is the caller's own SQL,
// and is held to what it is for: it stands within one statement, as print_rows() sends it by
// itself, in a transaction that is READ ONLY from its first statement on, which nothing in it can
// undo; and it has no rights but the caller's.
RowQuery chosen(sql::Transaction& transaction, std::string query, std::vector<std::string> names,
                const Given& given) {
    if (given.where || given.limit) {
        std::string columns;
        for (const std::string& name : names) {
            columns += (columns.empty() ? "" : ", ") + std::string("v.\"") + name + '"';
        }
        const std::string from = " from (" + query + ") as v";
        query = "select " + columns + from;
        if (given.where) {
            // On lines of its own: a comment in it ends there.
            const std::string where = "(\n" + *given.where + "\n)";
            require_condition(transaction, "select " + where + "::boolean" + from + " limit 0");
            query += " where " + where;
        }
        if (given.limit) query += " limit " + std::to_string(*given.limit);
    }
    return {std::move(query), std::move(names)};
}

void begin_reading(sql::Transaction& transaction) {
    transaction.exec("set transaction read only");
    transaction.exec("set local datestyle = 'ISO'");
}

int print_rows(sql::Connection& connection, const Given& given) {
    sql::Transaction transaction(connection);
    begin_reading(transaction);
    const sql::Result shape =
        transaction.exec("select query, columns from view_query(view => $1)", {given.view});
    print_rows(transaction,
               chosen(transaction, std::string(shape.only().text(0)),
                      names_of(std::string(shape.only().text(1))), given),
               given.format());
    return 0;
}

int print_past(const Given& given, Invocation& invocation) {
    PastSession machine(given.settings, invocation);
    const Position at{*given.at};
    const std::unique_ptr<PastView> view = machine.open({given.view, given.version}, at);
    machine.travel(*view, at);
    sql::Transaction transaction(machine.connection());
    begin_reading(transaction);
    const sql::Result query =
        transaction.exec("select rows_query($1, $2::jsonb)", {view->table(), view->columns()});
    print_rows(
        transaction,
        chosen(transaction, std::string(query.only().text(0)), names_of(view->columns()), given),
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
        table.print(0, screen_width());
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
    verb->add_option("--where", given->where,
                     "only rows of which this SQL condition is true: \"amount > 100\"");
    add_number(*verb, "--limit", given->limit, "at most so many rows, the first by key",
               {.min = 0});
    given->settings.offer(*verb);
    verb->footer(
        footer("--where is SQL over the view's columns, with your own rights, in a transaction\n"
               "that can only read; nobody else's text belongs in it.\n"
               "--at folds the log anew, from the nearest snapshot: that takes the program "
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

// baton view: the rows of a view, now or at a position of the past, for people, as CSV or as JSON.
#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "past_session.hpp"
#include "rows.hpp"

namespace baton::cli {
namespace {

struct Options {
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
                const Options& options) {
    if (options.where || options.limit) {
        std::string columns;
        for (const std::string& name : names) {
            columns += (columns.empty() ? "" : ", ") + std::string("v.\"") + name + '"';
        }
        const std::string from = " from (" + query + ") as v";
        query = "select " + columns + from;
        if (options.where) {
            // On lines of its own: a comment in it ends there.
            const std::string where = "(\n" + *options.where + "\n)";
            require_condition(transaction, "select " + where + "::boolean" + from + " limit 0");
            query += " where " + where;
        }
        if (options.limit) query += " limit " + std::to_string(*options.limit);
    }
    return {std::move(query), std::move(names)};
}

void begin_reading(sql::Transaction& transaction) {
    transaction.exec("set transaction read only");
    transaction.exec("set local datestyle = 'ISO'");
}

int print_rows(sql::Connection& connection, const Options& options) {
    sql::Transaction transaction(connection);
    begin_reading(transaction);
    const sql::Result shape =
        transaction.exec("select query, columns from view_query(view => $1)", {options.view});
    print_rows(transaction,
               chosen(transaction, std::string(shape.only().text(0)),
                      names_of(std::string(shape.only().text(1))), options),
               options.format());
    return 0;
}

// A view of task sets: what was published by then is kept, and nothing is folded.
bool print_past_sets(const Options& options, Invocation& invocation) {
    sql::Connection connection = connect(invocation.load(), Access::read);
    sql::Transaction transaction(connection);
    begin_reading(transaction);
    const sql::Result shape =
        transaction.exec("select query, columns from view_at_query(view => $1, at => $2)",
                         {options.view, options.at});
    if (shape.only().is_null(0)) return false;
    if (options.version) {
        refuse("--version: " + options.view +
               " is a view of task sets, of which each has the version that it was done by");
    }
    print_rows(transaction,
               chosen(transaction, std::string(shape.only().text(0)),
                      names_of(std::string(shape.only().text(1))), options),
               options.format());
    return true;
}

int print_past(const Options& options, Invocation& invocation) {
    if (print_past_sets(options, invocation)) return 0;
    PastSession session(invocation);
    const Position at{*options.at};
    const std::unique_ptr<PastView> view = session.open({options.view, options.version}, at);
    session.travel(*view, at);
    sql::Transaction transaction(session.connection());
    begin_reading(transaction);
    const sql::Result query =
        transaction.exec("select rows_query($1, $2::jsonb)", {view->table(), view->columns()});
    print_rows(
        transaction,
        chosen(transaction, std::string(query.only().text(0)), names_of(view->columns()), options),
        options.format());
    return 0;
}

int print_view(const Options& options, Invocation& invocation) {
    if (options.at) return print_past(options, invocation);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    try {
        return print_rows(connection, options);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::view_unknown) throw;
        sql::Transaction transaction(connection);
        require_view(transaction, options.view);
        throw;
    }
}

}  // namespace

Verb view_verb() {
    const auto options = std::make_shared<Options>();
    return {
        .name = "view",
        .help = "print a view's rows, ordered by its key",
        .about =
            "--where is SQL over the view's columns, with your own rights, in a transaction\n"
            "that can only read; nobody else's text belongs in it.\n"
            "--at folds the log anew, from the nearest snapshot. For that the program must carry\n"
            "the reducer (for a SQL reducer any program will do), and your role must have the\n"
            "rights of the group role ..._orchestrate.\n"
            "Example: baton view monthly_sales --csv > monthly_sales.csv\n"
            "         baton view monthly_sales --at 4000",
        .options = {{"NAME", "which view; `baton views` lists them", &options->view, true},
                    {"--csv", "print CSV (RFC 4180), with a heading", &options->csv},
                    {.name = "--json",
                     .help = "print a JSON array of objects",
                     .place = &options->json,
                     .excludes = "--csv"},
                    {"--at", "the rows as they were at this position of the log [now]",
                     &options->at},
                    {.name = "--version",
                     .help = "of which version [the live one]",
                     .place = &options->version,
                     .bounds = {.min = 1},
                     .needs = "--at"},
                    {"--where",
                     "only rows for which this SQL condition is true: \"amount > 100\" [all]",
                     &options->where},
                    {"--limit", "at most so many rows, the first by key [all]", &options->limit}},
        .run = [options](Invocation& invocation) { return print_view(*options, invocation); }};
}

}  // namespace baton::cli

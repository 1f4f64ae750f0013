// baton diff: what changed in a view between two positions. baton replay: what a version of a
// reducer would change, before anybody promotes it.
#include <CLI/CLI.hpp>

#include <charconv>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/versions.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "time_machine.hpp"

namespace baton::cli {
namespace {

constexpr const char* former_table = "pg_temp.baton_former";

struct ToDiff {
    SettingFlags settings;
    std::string view;
    std::optional<std::int64_t> from;
    std::optional<std::int64_t> to;
    std::optional<std::int64_t> version;
    bool json = false;
    bool summary = false;
};

struct ToReplay {
    SettingFlags settings;
    std::string reducer;
    std::string against = "live";
    bool json = false;
    bool summary = false;
};

std::string text_of(Position position) {
    return std::to_string(static_cast<std::int64_t>(position));
}

// A copy of `table`, beside which it can go on.
void keep_former(sql::Connection& connection, const std::string& table) {
    connection.exec(std::string("create temporary table baton_former (like ") + table +
                    " including indexes)");
    connection.exec(std::string("insert into ") + former_table + " table " + table);
}

int diff(const ToDiff& given, Invocation& invocation) {
    const Position from{given.from.value_or(0)};
    const Position to{given.to.value_or(0)};
    if (from > to) refuse("--from " + text_of(from) + " lies beyond --to " + text_of(to));
    TimeMachine machine(given.settings, invocation);
    const std::unique_ptr<PastView> view = machine.open({given.view, given.version}, from);
    TimeMachine::travel(*view, from);
    keep_former(machine.connection(), view->table());
    TimeMachine::travel(*view, to);
    print_comparison(machine.connection(), {.former = former_table,
                                            .later = view->table(),
                                            .former_columns = view->columns(),
                                            .later_columns = view->columns(),
                                            .about = given.view + " from position " +
                                                     text_of(from) + " to " + text_of(to),
                                            .json = given.json,
                                            .summary = given.summary});
    return 0;
}

// "monthly_sales@2", "monthly_sales", or a SQL reducer's file.
ViewVersion candidate(TimeMachine& machine, const std::string& reducer) {
    if (reducer.ends_with(".sql") || reducer.find('/') != std::string::npos) {
        machine.load_files(reducer);
        const sql::SqlReducer& file = machine.options().sql_reducers.front();
        return {file.name, file.version};
    }
    machine.load_files({});
    const std::size_t at = reducer.find('@');
    ViewVersion which{reducer.substr(0, at), 0};
    which.version = machine.carried_version(which.view);
    const std::string carried = which.view + "@" + std::to_string(which.version);
    if (at != std::string::npos && reducer != carried) {
        refuse("this program carries " + carried + ", not " + json_quoted(reducer.substr(0, 80)));
    }
    return which;
}

struct Live {
    int version;
    Position position;
    std::string columns;
};

// Copies what is live, all of one snapshot.
Live copy_live(TimeMachine& machine, const std::string& view) {
    Live live{machine.live_version(view), Position{0}, {}};
    const std::string table =
        machine.options().schema + ".\"" + view + "__v" + std::to_string(live.version) + '"';
    sql::Connection& connection = machine.connection();
    connection.exec("create temporary table baton_former (like " + table + " including indexes)");
    sql::Transaction transaction(connection, sql::Isolation::repeatable_read);
    live.position =
        Position{transaction.exec("select version_position($1, $2::integer)", {view, live.version})
                     .only()
                     .integer(0)};
    live.columns = sql::read_known_version(transaction, view, live.version).value().columns;
    transaction.exec(std::string("insert into ") + former_table + " table " + table);
    transaction.commit();
    return live;
}

int replay(const ToReplay& given, Invocation& invocation) {
    TimeMachine machine(given.settings, invocation);
    const ViewVersion which = candidate(machine, given.reducer);
    const Live live = copy_live(machine, which.view);
    const std::unique_ptr<PastView> view = machine.open_carried(which, live.position);
    TimeMachine::travel(*view, live.position);
    print_comparison(
        machine.connection(),
        {.former = former_table,
         .later = view->table(),
         .former_columns = live.columns,
         .later_columns = view->columns(),
         .about = which.view + "@" + std::to_string(which.version) + " against the live @" +
                  std::to_string(live.version) + " at position " + text_of(live.position),
         .json = given.json,
         .summary = given.summary});
    for (const SkippedEvent& event : view->skipped()) {
        std::fprintf(stderr, "skipped the event at position %s: %s\n",
                     text_of(event.position).c_str(), terminal_line(event.reason).c_str());
    }
    return 0;
}

}  // namespace

void add_diff(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb =
        root.add_subcommand("diff", "what changed in a view between two positions of the log");
    auto given = std::make_shared<ToDiff>();
    verb->add_option("NAME", given->view, advice("which view; `baton views` lists them"))
        ->required();
    add_number(*verb, "--from", given->from, "the earlier position", {.min = 0})->required();
    add_number(*verb, "--to", given->to, "the later position", {.min = 0})->required();
    add_number(*verb, "--version", given->version, "of which version [the live one]", {.min = 1});
    verb->add_flag("--json", given->json, "as a JSON array of objects; with --summary, as one");
    verb->add_flag("--summary", given->summary,
                   "only how many rows are changed, added and removed");
    given->settings.offer(*verb);
    verb->footer(
        footer("It folds the log anew and changes nothing: that takes the program that "
               "carries the\nreducer (SQL reducers: any), and what _orchestrate may do.\n"
               "Example: baton diff monthly_sales --from 4000 --to 4200"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return diff(*given, invocation); };
    });
}

void add_replay(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand(
        "replay", "row by row, what a version of a reducer would change; nothing is changed");
    auto given = std::make_shared<ToReplay>();
    verb->add_option("--reducer", given->reducer,
                     "VIEW or VIEW@VERSION that this program carries, or a SQL reducer's file")
        ->required();
    verb->add_option("--against", given->against, "what it is compared with: live")
        ->check(CLI::IsMember({"live"}));
    verb->add_flag("--json", given->json, "as a JSON array of objects; with --summary, as one");
    verb->add_flag("--summary", given->summary,
                   "only how many rows are changed, added and removed");
    given->settings.offer(*verb);
    verb->footer(
        footer("It folds the whole log in a session of its own, beside what is live.\n"
               "Example: baton replay --reducer monthly_sales --against live"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return replay(*given, invocation); };
    });
}

}  // namespace baton::cli

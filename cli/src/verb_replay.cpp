// baton replay: what a version of a reducer would change, before anybody promotes it.
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/versions.hpp"
#include "comparison.hpp"
#include "past_session.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string reducer;
    std::string against = "live";
    bool json = false;
    bool summary = false;
};

// "monthly_sales@2", "monthly_sales", or a SQL reducer's file.
ViewVersion candidate(PastSession& session, const std::string& reducer) {
    if (reducer.ends_with(".sql") || reducer.find('/') != std::string::npos) {
        session.load_files(reducer);
        const sql::SqlReducer& file = session.options().sql_reducers.front();
        return {file.name, file.version};
    }
    session.load_files({});
    const std::size_t at = reducer.find('@');
    ViewVersion which{reducer.substr(0, at), 0};
    which.version = session.carried_version(which.view);
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
Live copy_live(PastSession& session, const std::string& view) {
    Live live{session.live_version(view), Position{0}, {}};
    const std::string table =
        session.options().schema + ".\"" + view + "__v" + std::to_string(live.version) + '"';
    sql::Connection& connection = session.connection();
    connection.exec("create temporary table baton_former (like " + table + " including indexes)");
    sql::Transaction transaction(connection, sql::Isolation::repeatable_read);
    const sql::Result position =
        transaction.exec("select version_position($1, $2::integer)", {view, live.version});
    live.position = Position{position.only().integer(0)};
    live.columns = sql::read_known_version(transaction, view, live.version).value().columns;
    transaction.exec(std::string("insert into ") + former_table + " table " + table);
    transaction.commit();
    return live;
}

int replay(const Options& options, Invocation& invocation) {
    PastSession session(invocation);
    const ViewVersion which = candidate(session, options.reducer);
    const Live live = copy_live(session, which.view);
    const std::unique_ptr<PastView> view = session.open_carried(which, live.position);
    PastSession::travel(*view, live.position);
    print_comparison(
        session.connection(),
        {.former = former_table,
         .later = view->table(),
         .former_columns = live.columns,
         .later_columns = view->columns(),
         .about = which.view + "@" + std::to_string(which.version) + " against the live @" +
                  std::to_string(live.version) + " at position " + text_of(live.position),
         .json = options.json,
         .summary = options.summary});
    for (const SkippedEvent& event : view->skipped()) {
        std::fprintf(stderr, "skipped the event at position %s: %s\n",
                     text_of(event.position).c_str(), terminal_line(event.reason).c_str());
    }
    return 0;
}

}  // namespace

Verb replay_verb() {
    const auto options = std::make_shared<Options>();
    return {
        .name = "replay",
        .help = "show, row by row, what a version of a reducer would change, and change nothing",
        .about =
            "It folds the whole log in a session of its own, beside what is live.\n"
            "Example: baton replay --reducer monthly_sales --against live",
        .options = {{"--reducer",
                     "VIEW or VIEW@VERSION that this program carries, or a SQL reducer's file",
                     &options->reducer, true},
                    {.name = "--against",
                     .help = "what it is compared with [live]",
                     .place = &options->against,
                     .choices = {"live"}},
                    {"--json", "print a JSON array of objects; with --summary, one object",
                     &options->json},
                    {"--summary", "print only how many rows are changed, added and removed",
                     &options->summary}},
        .run = [options](Invocation& invocation) { return replay(*options, invocation); }};
}

}  // namespace baton::cli

// baton diff: what changed in a view between two positions.
#include "comparison.hpp"
#include "past_session.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string view;
    std::optional<std::int64_t> from;
    std::optional<std::int64_t> to;
    std::optional<std::int64_t> version;
    bool json = false;
    bool summary = false;
};

// A copy of `table`, beside which it can go on.
void keep_former(sql::Connection& connection, const std::string& table) {
    connection.exec(std::string("create temporary table baton_former (like ") + table +
                    " including indexes)");
    connection.exec(std::string("insert into ") + former_table + " table " + table);
}

int diff(const Options& options, Invocation& invocation) {
    const Position from{options.from.value_or(0)};
    const Position to{options.to.value_or(0)};
    if (from > to) refuse("--from " + text_of(from) + " lies beyond --to " + text_of(to));
    PastSession session(invocation);
    const std::unique_ptr<PastView> view = session.open({options.view, options.version}, from);
    PastSession::travel(*view, from);
    keep_former(session.connection(), view->table());
    PastSession::travel(*view, to);
    print_comparison(session.connection(), {.former = former_table,
                                            .later = view->table(),
                                            .former_columns = view->columns(),
                                            .later_columns = view->columns(),
                                            .about = options.view + " from position " +
                                                     text_of(from) + " to " + text_of(to),
                                            .json = options.json,
                                            .summary = options.summary});
    return 0;
}

}  // namespace

Verb diff_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "diff",
            .help = "show what changed in a view between two positions of the log",
            .about =
                "It folds the log anew, and changes nothing. For that the program must carry the\n"
                "reducer (for a SQL reducer any program will do), and your role must have the\n"
                "rights of the group role ..._orchestrate.\n"
                "Example: baton diff monthly_sales --from 4000 --to 4200",
            .options = {{"NAME", "which view; `baton views` lists them", &options->view, true},
                        {"--from", "the earlier position", &options->from, true},
                        {"--to", "the later position", &options->to, true},
                        {.name = "--version",
                         .help = "of which version [the live one]",
                         .place = &options->version,
                         .bounds = {.min = 1}},
                        {"--json", "print a JSON array of objects; with --summary, one object",
                         &options->json},
                        {"--summary", "print only how many rows are changed, added and removed",
                         &options->summary}},
            .run = [options](Invocation& invocation) { return diff(*options, invocation); }};
}

}  // namespace baton::cli

// baton views: which views there are, and where each stands.
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    bool json = false;
};

int list_views(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    if (options.json) {
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

Verb views_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "views",
            .help = "list the views and where each stands",
            .about = "Example: baton views --json",
            .options = {{"--json", "print JSON", &options->json}},
            .run = [options](Invocation& invocation) { return list_views(*options, invocation); }};
}

}  // namespace baton::cli

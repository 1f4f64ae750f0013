// baton versions: which versions of which view sets there are, and how those come along that are
// being built.
#include <simdjson.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <thread>

#include "command_line.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

constexpr std::chrono::milliseconds follow_interval{100};

struct Given {
    SettingFlags settings;
    bool json = false;
    bool all = false;
    bool follow = false;
};

constexpr const char* read_versions =
    "select coalesce(jsonb_agg(v), '[]') from jsonb_array_elements(versions()) as v "
    "where $1 or v ->> 'state' <> 'retired'";

int show(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    if (given.follow) {
        BuildWatch watch;
        while (watch.look(connection)) std::this_thread::sleep_for(follow_interval);
    }
    sql::Transaction transaction(connection);
    const std::string json(transaction.exec(read_versions, {given.all}).only().text(0));
    if (given.json) {
        write_json(json);
        return 0;
    }
    simdjson::dom::parser parser;
    const Table table = versions_table(parser.parse(json));
    if (table.empty()) {
        write_out("there are no versions yet; `" + invocation.app.name() +
                  " orchestrate` makes those known that it carries\n");
    } else {
        table.print();
    }
    return 0;
}

}  // namespace

void add_versions(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand(
        "versions", "which versions of the views there are: live, being built, kept warm");
    auto given = std::make_shared<Given>();
    verb->add_flag("--follow", given->follow,
                   "wait until nothing is being built any more, with a progress bar on a terminal; "
                   "exits 1 if a build is halted");
    verb->add_flag("--all", given->all, "also those that were retired");
    verb->add_flag("--json", given->json, "as JSON");
    given->settings.offer(*verb);
    verb->footer(
        footer("A set of views is live in one version, which is what readers see. Another is\n"
               "  building  made beside it, by a program that carries it; ready to `promote` when "
               "its\n"
               "            views are ready\n"
               "  warm      was live, and is kept up to date for a `rollback`\n"
               "  retired   its rows are gone\n"
               "A view that no process keeps at the moment is unkept.\n"
               "Example: baton versions --follow"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return show(*given, invocation); };
    });
}

}  // namespace baton::cli

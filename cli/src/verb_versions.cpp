// baton versions: which versions of which view sets there are, and how those come along that are
// being built.
#include <chrono>
#include <thread>

#include "command_line.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

constexpr std::chrono::milliseconds follow_interval{100};

struct Options {
    bool json = false;
    bool all = false;
    bool follow = false;
};

constexpr const char* read_versions =
    "select coalesce(jsonb_agg(v), '[]') from jsonb_array_elements(versions()) as v "
    "where $1 or v ->> 'state' <> 'retired'";

int show(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    if (options.follow) {
        BuildWatch watch;
        while (watch.look(connection)) std::this_thread::sleep_for(follow_interval);
    }
    sql::Transaction transaction(connection);
    const std::string json(transaction.exec(read_versions, {options.all}).only().text(0));
    if (options.json) {
        write_json(json);
        return 0;
    }
    const Table table = versions_table(JsonValue::parse(json));
    if (table.empty()) {
        write_out("there are no versions yet; `" + invocation.app.name() +
                  " orchestrate` makes those known that it carries\n");
    } else {
        table.print();
    }
    return 0;
}

}  // namespace

Verb versions_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "versions",
            .help = "list the versions of the views: live, being built, kept warm",
            .about =
                "A set of views is live in one version, which is what readers see. Another is\n"
                "  building  made beside it, by a program that carries it; ready to `promote` when "
                "its\n            views are ready\n"
                "  warm      was live, and is kept up to date for a `rollback`\n"
                "  retired   its rows are gone\n"
                "A view that no process keeps at the moment is unkept.\n"
                "Example: baton versions --follow",
            .options = {{"--follow",
                         "wait until nothing is being built any more, with a progress bar on a "
                         "terminal; exits 1 if a build is halted",
                         &options->follow},
                        {"--all", "list also those that were retired", &options->all},
                        {"--json", "print JSON", &options->json}},
            .run = [options](Invocation& invocation) { return show(*options, invocation); }};
}

}  // namespace baton::cli

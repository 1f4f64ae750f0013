// baton nodes: who is there to do tasks.
#include "command_line.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

struct Options {
    bool all = false;
    bool json = false;
    std::string name;
    std::optional<std::string> reason;
};

// What a node carries; of a build that is not the one on record it gets nothing. Of one that has
// ended or is paused, why.
constexpr const char* read_nodes =
    "select n.name, n.state, n.alive_seconds::bigint, greatest(n.lease_left, 0)::bigint, n.held,"
    " n.started, array_to_string(n.labels, ' '), coalesce(n.end_reason,"
    " (select string_agg((h ->> 'handler') || '@' || (h ->> 'version')"
    "  || case when (h ->> 'counts')::boolean then '' else ' (not the build on record)' end, ', ')"
    "  from jsonb_array_elements(n.handlers) as h))"
    " from nodes() as n where $1 or n.state <> 'ended' or n.held > 0";

int list_nodes(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    if (options.json) {
        write_json(transaction
                       .exec("select coalesce(jsonb_agg(to_jsonb(n)), '[]')::text from nodes() as n"
                             " where $1 or n.state <> 'ended' or n.held > 0",
                             {options.all})
                       .only()
                       .text(0));
        return 0;
    }
    Table table({"node", "state", "for", "lease", "holds", "at it", "labels", "carries"});
    for (const sql::Row& row : transaction.exec(read_nodes, {options.all})) {
        std::vector<std::optional<std::string>> cells = cells_of(row, 8);
        cells[2] = duration_text(static_cast<double>(row.integer(2)));
        if (!row.is_null(3)) cells[3] = duration_text(static_cast<double>(row.integer(3)));
        table.add(cells);
    }
    if (table.empty()) {
        write_out(options.all ? "there are no nodes\n"
                              : "no node is live; --all lists those that ended of late\n");
    } else {
        table.print(0, screen_width());
    }
    return 0;
}

// Calls a function that says how many nodes it changed.
int change(Invocation& invocation, const std::string& call,
           const std::vector<sql::Parameter>& parameters, const std::string& done,
           const std::string& otherwise) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    const std::int64_t changed = transaction.exec("select " + call, parameters).only().integer(0);
    transaction.commit();
    write_out(advice(changed > 0 ? done : otherwise) + "\n");
    return 0;
}

Verb pause_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "pause",
            .help =
                "give a node no tasks any more, until it is resumed or starts anew; what it has "
                "goes on",
            .about = "Example: baton nodes pause web-1 --reason 'its disk is full'",
            .options = {{"NAME", "which node", &options->name, true},
                        {"--reason", "for people to read", &options->reason}},
            .run = [options](Invocation& invocation) {
                const std::string& name = options->name;
                return change(
                    invocation, "pause_node(node => $1, reason => $2)", {name, options->reason},
                    name + " is paused: it gets no tasks until \"baton nodes resume " + name + "\"",
                    name + " was paused already");
            }};
}

Verb resume_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "resume",
            .help = "give a node tasks again",
            .about = "Example: baton nodes resume web-1",
            .options = {{"NAME", "which node", &options->name, true}},
            .run = [options](Invocation& invocation) {
                return change(invocation, "resume_node(node => $1)", {options->name},
                              options->name + " goes on", options->name + " was not paused");
            }};
}

}  // namespace

Verb nodes_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "nodes",
            .help = "list the nodes: what each carries, and how many tasks it holds",
            .about =
                "Lease: for how long a node is still believed in, if nothing more is heard of it.\n"
                "Of the tasks that it holds, a handler is at work on so many.\n"
                "Example: baton nodes --all",
            .options = {{"--all", "also those that ended, for an hour, and why", &options->all},
                        {"--json", "as JSON", &options->json}},
            .run = [options](Invocation& invocation) { return list_nodes(*options, invocation); },
            .verbs = {pause_verb(), resume_verb()}};
}

}  // namespace baton::cli

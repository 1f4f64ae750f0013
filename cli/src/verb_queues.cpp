// baton queues: what waits of each handler, and how its tasks came along of late.
#include "command_line.hpp"
#include "output.hpp"
#include "statistics.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string since = "10 min";
    bool json = false;
};

void print_waiting(sql::Transaction& transaction, const std::string& since) {
    Table table({"queue", "waiting", "oldest", "due", "lanes", "held", "dead", ""});
    for (const sql::Row& row :
         transaction.exec("select name, waiting, oldest_seconds, due, in_lanes, claimed, dead,"
                          " case when is_paused then 'paused' end"
                          " from queues($1::timestamptz)",
                          {since})) {
        std::vector<std::optional<std::string>> cells = cells_of(row, 8);
        cells[2] = span_text(cells[2]);
        table.add(cells);
    }
    if (table.empty()) {
        write_out("there is no handler; a node registers those that it carries\n");
        return;
    }
    table.print(0, screen_width());
}

void print_times(sql::Transaction& transaction, const std::string& since) {
    Table table({"queue", "done/s", "errors", "waited", "95%", "99%", "ran", "95%", "99%"});
    for (const sql::Row& row :
         transaction.exec("select name, per_second, error_rate, wait_p50, wait_p95, wait_p99,"
                          " run_p50, run_p95, run_p99"
                          " from queues($1::timestamptz) where per_second is not null",
                          {since})) {
        std::vector<std::optional<std::string>> cells = cells_of(row, 9);
        cells[2] = share_text(cells[2]);
        for (std::size_t column = 3; column < cells.size(); ++column) {
            cells[column] = span_text(cells[column]);
        }
        table.add(cells);
    }
    if (table.empty()) return;
    write_out("\nsince " + since + "\n");
    table.print(2, screen_width());
}

int queues(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    const std::string since = instant_of(connection, "--since", options.since);
    sql::Transaction transaction(connection);
    if (options.json) {
        write_json(transaction
                       .exec("select coalesce(jsonb_agg(to_jsonb(q)), '[]')::text"
                             " from queues($1::timestamptz) as q",
                             {since})
                       .only()
                       .text(0));
        return 0;
    }
    print_waiting(transaction, since);
    print_times(transaction, since);
    return 0;
}

}  // namespace

Verb queues_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "queues",
            .help = "list what waits of each handler, how fast it goes, and how long it takes",
            .about =
                "Where very many wait, are due or dead, they are counted up to 10000; rates and\n"
                "times are of what was counted since: see `baton stats`.\n"
                "Example: baton queues --json | jq '.[] | select(.oldest_seconds > 60)'",
            .options = {{"--since", "for how long rates and times are looked at [10 min]",
                         &options->since},
                        {"--json", "as JSON", &options->json}},
            .run = [options](Invocation& invocation) { return queues(*options, invocation); }};
}

}  // namespace baton::cli

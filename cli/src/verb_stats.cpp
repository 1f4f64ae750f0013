// baton stats: what happened, by handler, queue, tenant, event type or view.
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "statistics.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string by = "handler";
    std::string since = "1 hour";
    std::optional<std::string> of;
    std::optional<std::string> every;
    bool json = false;
};

// Tasks, or events: what the one has the other lacks.
void print(const sql::Result& rows, const Options& options, bool of_events) {
    std::vector<std::string> headings{options.by, "per s"};
    if (options.every) headings.insert(headings.begin(), "from");
    const std::vector<std::string> counts =
        of_events
            ? std::vector<std::string>{"events", "dead", "errors", "waited", "95%", "99%"}
            : std::vector<std::string>{"done",   "failed", "lost", "dead", "cancelled", "errors",
                                       "waited", "95%",    "99%",  "ran",  "95%",       "99%"};
    headings.insert(headings.end(), counts.begin(), counts.end());
    Table table(headings);
    for (const sql::Row& row : rows) {
        if ((row.text(0) == "event" || row.text(0) == "view") != of_events) continue;
        const std::vector<std::optional<std::string>> all = cells_of(row, 17);
        std::vector<std::optional<std::string>> cells;
        if (options.every) cells.push_back(all[2]);
        cells.insert(cells.end(), {all[1], all[3]});
        if (of_events) {
            cells.insert(cells.end(), {all[4], all[8]});
        } else {
            cells.insert(cells.end(), all.begin() + 5, all.begin() + 10);
        }
        cells.push_back(share_text(all[10]));
        const std::size_t times_end = of_events ? 14 : 17;
        for (std::size_t i = 11; i < times_end; ++i) cells.push_back(span_text(all[i]));
        table.add(cells);
    }
    if (table.empty()) return;
    write_out(of_events ? "events\n" : "tasks\n");
    table.print(2, screen_width());
}

int stats(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    const std::string since = instant_of(connection, "--since", options.since);
    sql::Transaction transaction(connection);
    const std::string from =
        "statistics(by => $1, since => $2::timestamptz, \"of\" => $3, every => $4::interval) as s";
    const std::initializer_list<sql::Parameter> parameters{options.by, since, options.of,
                                                           options.every};
    if (options.json) {
        write_json(transaction
                       .exec("select coalesce(jsonb_agg(to_jsonb(s)), '[]')::text from " + from,
                             parameters)
                       .only()
                       .text(0));
        return 0;
    }
    const sql::Result rows = transaction.exec(
        "select s.subject, case when s.name is null then '(others)' when s.name = '' then '(none)'"
        " else s.name || coalesce('@' || s.version::text, '') end,"
        " to_char(s.bucket_at, 'YYYY-MM-DD HH24:MI'), s.per_second, s.made, s.done, s.failed,"
        " s.lost, s.dead, s.cancelled, s.error_rate, s.wait_p50, s.wait_p95, s.wait_p99,"
        " s.run_p50, s.run_p95, s.run_p99 from " +
            from,
        parameters);
    if (rows.empty()) {
        write_out("nothing was counted since " + since + "\n");
        return 0;
    }
    print(rows, options, true);
    print(rows, options, false);
    return 0;
}

}  // namespace

Verb stats_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "stats",
            .help = "show counts, rates, errors and times of what happened, in buckets of time",
            .about =
                "It reads what was counted, never history. A task waited until the claim under\n"
                "which it was done, and ran from then on; an event waited until it was reduced:\n"
                "half of them no longer than it says, 95% and 99% of them likewise. Times are\n"
                "off by 8.7% at most. Minutes are kept for three hours, hours for 31 days.\n"
                "Example: baton stats --by tenant --since '1 day' --every '1 hour'",
            .options = {{.name = "--by",
                         .help = "what a row is for; an event's is its type [handler]",
                         .place = &options->by,
                         .choices = {"handler", "queue", "tenant", "event", "view"}},
                        {"--since", "\"2026-11-22 13:00\", \"yesterday\", \"15 min\" ago [1 hour]",
                         &options->since},
                        {"--of", "only this handler, tenant, type or view", &options->of},
                        {"--every", "a row for each \"10 min\", too", &options->every},
                        {"--json", "as JSON", &options->json}},
            .run = [options](Invocation& invocation) { return stats(*options, invocation); }};
}

}  // namespace baton::cli

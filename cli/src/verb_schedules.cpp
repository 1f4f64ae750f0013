// baton schedules …: what is made again and again: which schedules there are, and to change them.
#include <iostream>
#include <iterator>

#include "asking.hpp"
#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "ndjson.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string name;
    std::string spec;
    std::optional<std::string> handler;
    std::optional<std::string> event;
    std::optional<std::string> payload;
    std::optional<std::string> key;
    std::optional<std::string> tenant;
    std::optional<std::int64_t> priority;
    std::vector<std::string> labels;
    std::string zone = "UTC";
    std::optional<std::string> overlap;
    std::optional<std::string> missed;
    std::optional<std::int64_t> missed_limit;
    std::optional<std::string> missed_window;
    std::optional<std::string> jitter;
    std::optional<std::string> starts_at;
    std::optional<std::string> ends_at;
    std::optional<std::string> from;
    std::optional<std::string> until;
    std::optional<std::string> reason;
    std::optional<std::string> after;
    std::optional<std::int64_t> limit;
    bool json = false;
};

std::string named_line(std::string name, const std::string& text) {
    constexpr std::size_t margin = 13;
    name.resize(margin, ' ');
    return name + wrapped(terminal_line(text), margin, screen_width() - margin) + "\n";
}

/// A query of one text, or of none: "null" and "[]" are what it gives then.
constexpr const char* preview_query =
    "select p.slot, to_char(p.instant at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
    " from preview_schedule(spec => $1, zone => $2, count => $3::integer,"
    " after => $4::timestamptz, starts_at => $5::timestamptz, ends_at => $6::timestamptz) as p";

Table slots_of(const Options& options, sql::Transaction& transaction) {
    Table table({"slot", "in UTC"});
    for (const sql::Row& row :
         transaction.exec(preview_query, {options.spec, options.zone, options.limit.value_or(10),
                                          options.from, options.starts_at, options.ends_at})) {
        table.add(cells_of(row, 2));
    }
    return table;
}

int preview(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const Table table = slots_of(options, transaction);
    if (table.empty()) {
        write_out("no slot comes\n");
    } else {
        table.print(0, screen_width());
    }
    return 0;
}

int add(const Options& options, Invocation& invocation) {
    std::string payload = options.payload.value_or("{}");
    if (payload == "-") {
        payload.assign(std::istreambuf_iterator<char>(std::cin), {});
        require_stdin_was_read();
    }
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    const Table table = slots_of(options, transaction);
    const std::string done(
        transaction
            .exec("select schedule(name => $1, spec => $2, handler => $3, payload => $4::jsonb,"
                  " event_type => $5, key => $6, tenant => $7, priority => $8::integer,"
                  " labels => $9::text[], zone => $10, overlap => $11, missed => $12,"
                  " missed_limit => $13::integer, missed_window => $14::interval,"
                  " jitter => $15::interval, starts_at => $16::timestamptz,"
                  " ends_at => $17::timestamptz)",
                  {options.name, options.spec, options.handler, payload, options.event, options.key,
                   options.tenant, options.priority.value_or(0), sql::text_array(options.labels),
                   options.zone, options.overlap, options.missed.value_or("last"),
                   options.missed_limit.value_or(100), options.missed_window.value_or("1 day"),
                   options.jitter.value_or("0"), options.starts_at, options.ends_at})
            .only()
            .text(0));
    table.print(0, screen_width());
    transaction.commit();
    write_out("schedule " + terminal_line(options.name) +
              (done == "same" ? " was so already" : " is " + done) + "\n");
    return 0;
}

int list(const Options& options, Invocation& invocation) {
    const std::int64_t limit = options.limit.value_or(100);
    const std::string page =
        read_text(invocation,
                  "select coalesce(jsonb_agg(to_jsonb(s) order by s.name), '[]')::text"
                  " from schedules(after => $1, limit_count => $2::integer) as s",
                  {options.after, limit});
    print_listing(page, options.json, limit,
                  {.nothing = "there is no schedule",
                   .columns = {"schedule", "spec", "zone", "makes", "state", "next", "why"},
                   .cells = [](const JsonValue& row) -> std::vector<std::optional<std::string>> {
                       const auto& handler = row["handler"].text();
                       return {row["name"].text(),  row["spec"].text(),
                               row["zone"].text(),  handler ? handler : row["event_type"].text(),
                               row["state"].text(), row["next_slot"].text(),
                               row["reason"].text()};
                   },
                   .next_flag = "--after",
                   .next_field = "name"});
    return 0;
}

void print_schedule(const JsonValue& schedule) {
    for (const auto& [name, key] : std::vector<std::pair<std::string, std::string>>{
             {"schedule", "name"},       {"spec", "spec"},       {"zone", "zone"},
             {"zone data", "zone_data"}, {"task of", "handler"}, {"event", "event_type"},
             {"payload", "payload"},     {"key", "key"},         {"tenant", "tenant"},
             {"state", "state"},         {"why", "reason"},      {"next", "next_slot"},
             {"made at", "due_at"},      {"last", "last_slot"},  {"last task", "last_task"},
             {"overlap", "overlap"},     {"missed", "missed"},   {"jitter", "jitter"},
             {"starts at", "starts_at"}, {"ends at", "ends_at"}, {"said by", "made_by"},
             {"said at", "made_at"}}) {
        if (const auto& text = schedule[key].text()) write_out(named_line(name, advice(*text)));
    }
}

int show(const Options& options, Invocation& invocation) {
    const std::string json =
        read_text(invocation,
                  "select coalesce((select to_jsonb(s) || jsonb_build_object('runs', ("
                  " select coalesce(jsonb_agg(to_jsonb(r)), '[]') from schedule_runs(name => $1,"
                  " limit_count => $2::integer) as r)) from schedules(name => $1) as s),"
                  " 'null')::text",
                  {options.name, options.limit.value_or(20)});
    if (json == "null") {
        throw Error(ErrorCode::schedule_unknown, "there is no schedule " +
                                                     json_quoted(options.name.substr(0, 128)) +
                                                     "; see `baton schedules list`");
    }
    if (options.json) {
        write_json(json);
        return 0;
    }
    const JsonValue schedule = JsonValue::parse(json);
    print_schedule(schedule);
    Table table({"slot", "source", "outcome", "task", "state", "event", "why"});
    for (const JsonValue& run : schedule["runs"].items()) {
        table.add({run["slot"].text(), run["source"].text(), run["outcome"].text(),
                   run["task"].text(), run["task_state"].text(), run["event_id"].text(),
                   run["reason"].text()});
    }
    if (!table.empty()) table.print(0, screen_width());
    return 0;
}

int pause(const Options& options, Invocation& invocation) {
    const bool done = change(invocation, "select pause_schedule(name => $1, reason => $2)",
                             {options.name, options.reason}) == "t";
    write_out(advice("schedule " + terminal_line(options.name) +
                     (done ? " is paused: nothing is made of it until \"baton schedules resume\""
                           : " was paused already")) +
              "\n");
    return 0;
}

int resume(const Options& options, Invocation& invocation) {
    const bool done =
        change(invocation, "select resume_schedule(name => $1)", {options.name}) == "t";
    write_out("schedule " + terminal_line(options.name) +
              (done ? " goes on, from now on" : " was not paused") + "\n");
    return 0;
}

int run_now(const Options& options, Invocation& invocation) {
    write_out(change(invocation, "select run_schedule(name => $1)::text", {options.name}) + "\n");
    return 0;
}

int remove(const Options& options, Invocation& invocation) {
    change(invocation, "select coalesce(remove_schedule(name => $1)::text, '')", {options.name});
    write_out("schedule " + terminal_line(options.name) + " is removed\n");
    return 0;
}

// A thousand slots at a time, each in a transaction of its own.
int backfill(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    std::int64_t made = 0;
    for (std::optional<std::string> from = options.from; from;) {
        sql::Transaction transaction(connection);
        const sql::Result rows = transaction.exec(
            "select made, next_from from backfill_schedule(name => $1, from_at => $2::timestamptz,"
            " until_at => $3::timestamptz, overlap => $4)",
            {options.name, from, options.until, options.overlap.value_or("queue")});
        made += rows.only().integer(0);
        const auto next = rows.only().text_or_null(1);
        from = next ? std::optional(std::string(*next)) : std::nullopt;
        transaction.commit();
    }
    write_out("schedule " + terminal_line(options.name) + ": " + std::to_string(made) +
              (made == 1 ? " slot" : " slots") + " made\n");
    return 0;
}

using Run = int (*)(const Options&, Invocation&);

Verb verb_of(Verb verb, const std::shared_ptr<Options>& options, Run run) {
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

Option name_of_schedule(Options& options) {
    return {"NAME", "which schedule", &options.name, true};
}

std::vector<Option> spec_options(Options& options) {
    return {{"SPEC",
             "'30 2 * * MON-FRI' (cron, five fields or six), @daily, 'every 15 minutes', 'every 2 "
             "days at 06:30', 'on 2026-12-24 at 09:00'",
             &options.spec, true},
            {"--zone", "whose time it is: Europe/Berlin [UTC]", &options.zone},
            {"--starts-at", "no slot is before that time [now]", &options.starts_at},
            {"--ends-at", "no slot is after that time [never]", &options.ends_at}};
}

Verb add_verb(const std::shared_ptr<Options>& options) {
    std::vector<Option> all = spec_options(*options);
    all.insert(all.begin(), {"NAME", "what it is called", &options->name, true});
    const std::vector<Option> more = {
        {"--handler", "each slot becomes a task of this one", &options->handler},
        {"--event", "or an event of this type", &options->event},
        {"--payload", "JSON, of the task or event; - reads it from stdin [{}]", &options->payload},
        {"--key", "of the event", &options->key},
        {"--tenant", "whose it is", &options->tenant},
        {.name = "--priority",
         .help = "of the task: higher goes first [0]",
         .place = &options->priority,
         .bounds = {-1000, 1000}},
        {"--label", "what a node must have beside the handler: gpu; repeatable", &options->labels},
        {.name = "--overlap",
         .help =
             "where the former task has not ended: skip makes none, queue waits, cancel cancels "
             "it, allow does not care [skip]",
         .place = &options->overlap,
         .choices = {"skip", "queue", "cancel", "allow"}},
        {.name = "--missed",
         .help = "of slots over a minute late: none, the newest, or all are made [last]",
         .place = &options->missed,
         .choices = {"skip", "last", "all"}},
        {.name = "--missed-limit",
         .help = "with all: so many at most, the newest [100]",
         .place = &options->missed_limit,
         .bounds = {1, 1000}},
        {"--missed-window", "with all: only so far back ['1 day']", &options->missed_window},
        {"--jitter", "each slot is made up to so much later ['0']", &options->jitter}};
    all.insert(all.end(), more.begin(), more.end());
    return verb_of(
        {.name = "add",
         .help = "print the next ten slots, and make a schedule; or change it",
         .about = "Example: baton schedules add report '30 2 * * *' --zone Europe/Berlin "
                  "--handler send_report",
         .options = all},
        options, add);
}

Verb backfill_verb(const std::shared_ptr<Options>& options) {
    return verb_of(
        {.name = "backfill",
         .help = "make what was not made of slots that have passed",
         .about = "Example: baton schedules backfill report --from 2026-11-01 --until 2026-11-08",
         .options = {name_of_schedule(*options),
                     {"--from", "from that time on", &options->from, true},
                     {"--until", "up to that time, which has passed", &options->until, true},
                     {.name = "--overlap",
                      .help = "one after the other (queue), or all at once (allow) [queue]",
                      .place = &options->overlap,
                      .choices = {"queue", "allow"}}}},
        options, backfill);
}

std::vector<Verb> reading_verbs(const std::shared_ptr<Options>& options) {
    const Option json{"--json", "as JSON", &options->json};
    std::vector<Option> of_preview = spec_options(*options);
    of_preview.push_back({"--from", "slots after that time [now]", &options->from});
    of_preview.push_back(
        {.name = "--limit", .help = "so many [10]", .place = &options->limit, .bounds = {1, 1000}});
    return {verb_of({.name = "list",
                     .help = "list them, by name",
                     .about = "Example: baton schedules list --json | jq '.[].next_slot'",
                     .options = {{"--after", "only those behind that name", &options->after},
                                 {.name = "--limit",
                                  .help = "so many at most [100]",
                                  .place = &options->limit,
                                  .bounds = {1, 100'000}},
                                 json}},
                    options, list),
            verb_of({.name = "show",
                     .help = "print one: when it comes, why it does not, what came of it",
                     .about = "Example: baton schedules show report",
                     .options = {name_of_schedule(*options),
                                 {.name = "--limit",
                                  .help = "so many of its last slots at most [20]",
                                  .place = &options->limit,
                                  .bounds = {1, 10'000}},
                                 json}},
                    options, show),
            verb_of({.name = "preview",
                     .help = "print the slots of a spec, and make nothing",
                     .about = "Example: baton schedules preview '30 2 * * *' --zone Europe/Berlin "
                              "--from 2027-03-27",
                     .options = of_preview},
                    options, preview)};
}

}  // namespace

Verb schedules_verb() {
    const auto options = std::make_shared<Options>();
    Verb group{.name = "schedules",
               .help = "tasks and events that are made at certain times",
               .about = "Example: baton schedules list"};
    group.verbs = reading_verbs(options);
    group.verbs.push_back(add_verb(options));
    group.verbs.push_back(
        verb_of({.name = "pause",
                 .help = "make nothing of it for a while",
                 .about = "Example: baton schedules pause report --reason 'move'",
                 .options = {name_of_schedule(*options),
                             {"--reason", "for people to read", &options->reason}}},
                options, pause));
    group.verbs.push_back(verb_of({.name = "resume",
                                   .help = "go on, with the first slot from now on",
                                   .about = "Example: baton schedules resume report",
                                   .options = {name_of_schedule(*options)}},
                                  options, resume));
    group.verbs.push_back(verb_of({.name = "run",
                                   .help = "make it now, and print the task's or event's id",
                                   .about = "Example: baton schedules run report",
                                   .options = {name_of_schedule(*options)}},
                                  options, run_now));
    group.verbs.push_back(backfill_verb(options));
    group.verbs.push_back(verb_of({.name = "remove",
                                   .help = "remove it, with what is known of its slots",
                                   .about = "Example: baton schedules remove report",
                                   .options = {name_of_schedule(*options)}},
                                  options, remove));
    return group;
}

}  // namespace baton::cli

// baton tasks …: which tasks there are, where each stands, and why it does not run.
#include <algorithm>
#include <chrono>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::optional<std::int64_t> task;
    std::optional<std::string> state;
    std::optional<std::string> handler;
    std::optional<std::string> tenant;
    std::optional<std::int64_t> before;
    std::optional<std::int64_t> limit;
    std::string timeout = "10";
    bool json = false;
};

// What is there of it beside its state: the time that it waits for, who has or had it, its error.
constexpr const char* read_page =
    "select l.task, l.state, l.handler || '@' || l.version::text, l.attempts,"
    " extract(epoch from clock_timestamp() - l.enqueued_at)::bigint, concat_ws('; ',"
    "  case when l.state = 'due' then 'at ' || date_trunc('second', l.due_at)::text"
    "       when l.node is not null then 'at ' || l.node end,"
    "  nullif('needs ' || array_to_string(l.labels, ', '), 'needs '),"
    "  case when l.state <> 'done' then l.error end), to_jsonb(l)"
    " from list_tasks(of_state => $1, of_handler => $2, of_tenant => $3, before => $4,"
    " page_size => $5::integer) as l";

void add_row(Table& table, const sql::Row& row) {
    std::vector<std::optional<std::string>> cells = cells_of(row, 6);
    cells[4] = duration_text(static_cast<double>(row.integer(4)));
    if (cells[5]) cells[5] = shortened(*cells[5], screen_width());
    table.add(cells);
}

int list(const Options& options, Invocation& invocation) {
    constexpr std::int64_t usual_limit = 20;
    constexpr std::int64_t page_max = 1000;
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    Table table({"task", "state", "handler", "attempts", "made ago", "what"});
    std::string json;
    std::int64_t remaining = options.limit.value_or(usual_limit);
    std::optional<std::int64_t> before = options.before;
    do {
        sql::Transaction transaction(connection);
        const sql::Result page =
            transaction.exec(read_page, {options.state, options.handler, options.tenant, before,
                                         std::min(remaining, page_max)});
        before = std::nullopt;
        for (const sql::Row& row : page) {
            if (row.is_null(1)) {
                before = row.integer(0);
                continue;
            }
            --remaining;
            add_row(table, row);
            json += (json.empty() ? "" : ",\n  ") + std::string(row.text(6));
        }
    } while (before && remaining > 0);
    if (options.json) {
        write_json("{\"tasks\": [" + json +
                   "],\n \"before\": " + (before ? std::to_string(*before) : "null") + "}");
        return 0;
    }
    if (table.empty())
        write_out("there are no such tasks\n");
    else
        table.print(0, screen_width());
    if (before) write_out("there may be older ones: --before " + std::to_string(*before) + "\n");
    return 0;
}

[[noreturn]] void refuse_task(sql::Transaction& transaction, std::int64_t task,
                              const Invocation& invocation) {
    try {
        transaction.exec("select missing_task(task => $1)", {task});
    } catch (const Error& error) {
        if (error.code() != ErrorCode::task_invalid) throw;
    }
    throw Error(ErrorCode::task_invalid, "there is no task " + std::to_string(task) + "; see `" +
                                             invocation.app.name() + " tasks list`");
}

void print_field(std::string name, const std::string& text) {
    constexpr std::size_t margin = 13;
    name.resize(margin, ' ');
    write_out(name + wrapped(terminal_line(text), margin, screen_width() - margin) + "\n");
}

// The members that are there, in this order; a list of failures below.
void print_task(const JsonValue& task, const std::string& payload, const std::string& result) {
    const auto print = [&](const std::string& name, std::string_view key) {
        if (const auto& text = task[key].text()) print_field(name, *text);
    };
    print("task", "task");
    print_field("handler",
                task["handler"].text().value_or("") + "@" + task["version"].text().value_or(""));
    print("state", "state");
    print("node", "node");
    print("since", "since");
    print("progress", "progress");
    print("why", "ended_why");
    print("due at", "due_at");
    print("attempts", "attempts");
    print("deliveries", "deliveries");
    print("priority", "priority");
    std::string labels;
    for (const JsonValue& label : task["labels"].items()) {
        labels += (labels.empty() ? "" : ", ") + label.text().value_or("");
    }
    if (!labels.empty()) print_field("labels", labels);
    print("schema", "schema_version");
    print("tenant", "tenant");
    print("enqueued at", "enqueued_at");
    print("event", "event_id");
    if (task["bytes"].is_null()) {
        print_field("payload", payload);
    } else {
        print_field("payload", task["content_type"].text().value_or("") + " of " +
                                   task["bytes"].text().value_or("") + " bytes");
    }
    if (!result.empty()) print_field("result", result);
    for (const JsonValue& failure : task["failures"].items()) {
        print_field("attempt " + failure["attempt"].text().value_or(""),
                    failure["outcome"].text().value_or("") + " at " +
                        failure["failed_at"].text().value_or("") + ": " +
                        failure["error"].text().value_or(""));
    }
}

int show(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result found = transaction.exec(
        "select d, coalesce(d ->> 'payload', ''), coalesce(nullif(d ->> 'result', '{}'), '')"
        " from task_details(task => $1) as d where d is not null",
        {options.task});
    if (found.empty()) refuse_task(transaction, *options.task, invocation);
    const sql::Row row = found.only();
    if (options.json) {
        write_json(row.text(0));
    } else {
        print_task(JsonValue::parse(row.text(0)), std::string(row.text(1)),
                   std::string(row.text(2)));
    }
    return 0;
}

int why(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result told = transaction.exec(
        "select state, found, fix, to_jsonb(w) from why(task => $1) as w", {options.task});
    if (told.empty()) refuse_task(transaction, *options.task, invocation);
    const sql::Row row = told.only();
    if (options.json) {
        write_json(row.text(3));
        return 0;
    }
    const auto print = [](const std::string& text) {
        write_out(wrapped(advice(text), 2, screen_width() - 2) + "\n");
    };
    print("task " + std::to_string(*options.task) + " is " + std::string(row.text(0)) + ": " +
          std::string(row.text(1)));
    if (!row.is_null(2)) print("fix: " + std::string(row.text(2)));
    return 0;
}

// 0: it is done, and its result is printed; 1: it has ended otherwise; 3: it has not ended.
int wait(const Options& options, Invocation& invocation) {
    using Clock = std::chrono::steady_clock;
    using std::chrono::milliseconds;
    const auto end = Clock::now() + seconds_of("--timeout", options.timeout);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    for (;;) {
        // A second at a time: it holds a snapshot while it waits.
        const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
        const milliseconds look = std::clamp(left, milliseconds(0), milliseconds(1000));
        try {
            sql::Transaction transaction(connection);
            const sql::Result ended = transaction.exec(
                "select state, coalesce(result::text, '{}'), coalesce(error, '') "
                "from wait_for_task(task => $1, timeout => $2)",
                {options.task, std::to_string(look.count()) + " ms"});
            const sql::Row row = ended.only();
            if (row.text(0) == "done") {
                write_out(std::string(row.text(1)) + "\n");
                return 0;
            }
            const std::string error(row.text(2));
            std::fprintf(stderr, "%s: task %lld is %s%s\n", invocation.app.name().c_str(),
                         static_cast<long long>(*options.task), std::string(row.text(0)).c_str(),
                         error.empty() ? "" : terminal_line(": " + error).c_str());
            return 1;
        } catch (const Error& error) {
            if (error.code() != ErrorCode::wait_timeout) throw;
            if (Clock::now() < end) continue;
            std::fprintf(stderr, "%s: %s\n", invocation.app.name().c_str(),
                         with_code(ErrorCode::wait_timeout,
                                   "task " + std::to_string(*options.task) + " has not ended; `" +
                                       invocation.app.name() + " tasks why " +
                                       std::to_string(*options.task) + "` tells what it waits for")
                             .c_str());
            return 3;
        }
    }
}

using Run = int (*)(const Options&, Invocation&);

// A verb of the group, of one task.
Verb of_task(Verb verb, Run run) {
    const auto options = std::make_shared<Options>();
    verb.options = {{.name = "ID",
                     .help = "which task",
                     .place = &options->task,
                     .is_required = true,
                     .bounds = {.min = 1}},
                    {"--json", "as JSON", &options->json}};
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

Verb wait_verb_of_tasks() {
    const auto options = std::make_shared<Options>();
    return {.name = "wait",
            .help = "wait until a task has ended; print its result",
            .about =
                "Exits with 0 when it is done, 1 when it ended otherwise, 3 when it has not "
                "ended.\nExample: baton tasks wait 4711 --timeout 30s",
            .options = {{.name = "ID",
                         .help = "which task",
                         .place = &options->task,
                         .is_required = true,
                         .bounds = {.min = 1}},
                        {"--timeout", "how many seconds to wait [10]", &options->timeout}},
            .run = [options](Invocation& invocation) { return wait(*options, invocation); }};
}

Verb list_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "list",
            .help = "list tasks, the newest first",
            .about = "Example: baton tasks list --state dead --handler send_invoice",
            .options = {{.name = "--state",
                         .help = "only those that are in it",
                         .place = &options->state,
                         .choices = {"waiting", "due", "following", "claimed", "done", "dead",
                                     "cancelled", "replaced"}},
                        {"--handler", "only those of it", &options->handler},
                        {"--tenant", "only those of it", &options->tenant},
                        {.name = "--limit",
                         .help = "so many at most [20]",
                         .place = &options->limit,
                         .bounds = {1, 100'000}},
                        {.name = "--before",
                         .help = "only those with a lower id: the next page",
                         .place = &options->before,
                         .bounds = {.min = 1}},
                        {"--json", "as JSON: {tasks, before}", &options->json}},
            .run = [options](Invocation& invocation) { return list(*options, invocation); }};
}

}  // namespace

Verb tasks_verb() {
    std::vector<Verb> verbs = {
        list_verb(),
        of_task({.name = "show",
                 .help = "show a task with its content and its failures",
                 .about = "Example: baton tasks show 4711"},
                show),
        of_task({.name = "why",
                 .help = "the one reason why a task does not run, and what would make it run",
                 .about = "Example: baton tasks why 4711"},
                why),
        wait_verb_of_tasks()};
    for (Verb& verb : task_changing_verbs()) verbs.push_back(std::move(verb));
    return {.name = "tasks",
            .help = "list tasks, tell why one does not run, cancel and retry them",
            .about = "Example: baton tasks list",
            .verbs = std::move(verbs)};
}

}  // namespace baton::cli

// baton workflows …: which workflows there are, their runs as trees, and to take a hand in them.
#include "asking.hpp"
#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "ndjson.hpp"
#include "output.hpp"
#include "workflows.hpp"

namespace baton::cli {
namespace {

using Options = WorkflowOptions;

std::string text_of(const JsonValue& value) { return value.text().value_or(""); }

int definitions(const Options& options, Invocation& invocation) {
    const std::string json =
        read_text(invocation,
                  "select coalesce(jsonb_agg(to_jsonb(d) order by d.name, d.version desc),"
                  " '[]')::text from workflow_definitions() as d",
                  {});
    if (options.json) {
        write_json(json);
        return 0;
    }
    Table table({"workflow", "version", "state", "steps", "where one fails", "open runs"});
    const JsonValue known = JsonValue::parse(json);
    for (const JsonValue& row : known.items()) {
        std::string steps;
        for (const JsonValue& step : row["steps"].items()) {
            steps += (steps.empty() ? "" : ", ") + text_of(step["step"]);
        }
        table.add({row["name"].text(), row["version"].text(), row["state"].text(), steps,
                   row["on_failure"].text(), row["runs"].text()});
    }
    if (table.empty()) {
        write_out("there is no workflow\n");
    } else {
        table.print(0, screen_width());
    }
    return 0;
}

int list(const Options& options, Invocation& invocation) {
    const std::int64_t limit = options.limit.value_or(50);
    const std::optional<std::string> name =
        options.name.empty() ? std::nullopt : std::optional(options.name);
    const std::string page =
        read_text(invocation,
                  "select coalesce(jsonb_agg(to_jsonb(r) order by r.run desc), '[]')::text"
                  " from workflow_runs(of_name => $1, of_state => $2, of_key => $3,"
                  " before => $4::bigint, page_size => $5::integer) as r",
                  {name, options.state, options.key, options.before, limit});
    print_listing(page, options.json, limit,
                  {.nothing = "there is no such run",
                   .columns = {"run", "workflow", "key", "state", "step", "since", "why"},
                   .cells = [](const JsonValue& row) -> std::vector<std::optional<std::string>> {
                       return {
                           row["run"].text(),  text_of(row["name"]) + "@" + text_of(row["version"]),
                           row["key"].text(),  row["state"].text(),
                           row["step"].text(), text_of(row["started_at"]).substr(0, 19),
                           row["found"].text()};
                   },
                   .next_flag = "--before",
                   .next_field = "run"});
    return 0;
}

void print_step(const JsonValue& step, Table& table) {
    const std::string what = !step["handler"].is_null()
                                 ? text_of(step["handler"]) + "@" + text_of(step["version"])
                             : !step["sleep"].is_null() ? "sleep " + text_of(step["sleep"])
                                                        : "event " + text_of(step["event"]);
    const std::string seconds = step["seconds"].is_null() ? "" : text_of(step["seconds"]) + " s";
    const std::vector<JsonValue>& tasks = step["tasks"].items();
    table.add({text_of(step["step"]), what, step["state"].text(), seconds,
               tasks.size() == 1 ? tasks[0]["task"].text() : std::nullopt,
               tasks.size() == 1 ? tasks[0]["attempts"].text() : std::nullopt,
               step["error"].text()});
    if (tasks.size() == 1) return;
    for (const JsonValue& task : tasks) {
        const bool undoes = text_of(task["undoes"]) == "true";
        table.add({"  " + std::string(undoes ? "undo " : "") + text_of(task["ordinal"]),
                   undoes ? step["undo"].text() : std::nullopt, task["state"].text(), std::nullopt,
                   task["task"].text(), task["attempts"].text(), task["error"].text()});
    }
    if (step["more_tasks"].integer().value_or(0) > 0) {
        table.add({"  and " + text_of(step["more_tasks"]) + " more", std::nullopt, std::nullopt,
                   std::nullopt, std::nullopt, std::nullopt, std::nullopt});
    }
}

std::string details(const Options& options, Invocation& invocation) {
    std::string json =
        read_text(invocation, "select coalesce(workflow_details(run => $1::bigint)::text, 'null')",
                  {options.run});
    if (json == "null") {
        throw Error(ErrorCode::workflow_unknown,
                    "there is no run " + number_of(options) +
                        " of a workflow, or it is not kept any more; see `baton workflows list`");
    }
    return json;
}

void print_fields(const JsonValue& run, const std::vector<const char*>& names) {
    constexpr std::size_t margin = 12;
    for (std::string name : names) {
        const auto& text = run[name].text();
        if (!text) continue;
        name.resize(margin, ' ');
        write_out(name + wrapped(terminal_line(advice(*text)), margin, screen_width() - margin) +
                  "\n");
    }
}

int show(const Options& options, Invocation& invocation) {
    const std::string json = details(options, invocation);
    if (options.json) {
        write_json(json);
        return 0;
    }
    const JsonValue run = JsonValue::parse(json);
    write_out("run         " + number_of(options) + " of " + terminal_line(text_of(run["name"])) +
              "@" + text_of(run["version"]) + "\n");
    print_fields(run, {"key", "tenant", "state", "found", "fix", "started_at", "started_by",
                       "ended_at", "seconds"});
    Table table({"step", "what", "state", "took", "task", "attempts", "error"});
    for (const JsonValue& step : run["steps"].items()) print_step(step, table);
    table.print(0, screen_width());
    return 0;
}

int why(const Options& options, Invocation& invocation) {
    const std::string json = details(options, invocation);
    const JsonValue run = JsonValue::parse(json);
    write_out(terminal_line(text_of(run["state"])) + ": " +
              terminal_line(advice(text_of(run["found"]))) + "\n");
    if (!run["fix"].is_null()) write_out(terminal_line(advice(text_of(run["fix"]))) + "\n");
    return 0;
}

std::vector<Verb> reading_verbs(const std::shared_ptr<Options>& options) {
    const Option json{"--json", "as JSON", &options->json};
    return {workflow_verb({.name = "list",
                           .help = "list runs, the newest first, and what each waits for",
                           .about = "Example: baton workflows list --name order --state failed",
                           .options = {{"--name", "only those of this workflow", &options->name},
                                       {.name = "--state",
                                        .help = "only those that are so",
                                        .place = &options->state,
                                        .choices = {"running", "failed", "compensating", "done",
                                                    "compensated", "cancelled", "paused"}},
                                       {"--key", "only those with this key", &options->key},
                                       {.name = "--before",
                                        .help = "only those with a lower number",
                                        .place = &options->before,
                                        .bounds = {.min = 1}},
                                       {.name = "--limit",
                                        .help = "so many at most [50]",
                                        .place = &options->limit,
                                        .bounds = {1, 1000}},
                                       json}},
                          options, list),
            workflow_verb({.name = "show",
                           .help = "print a run: its steps, their tasks, and how long they took",
                           .about = "Example: baton workflows show 17",
                           .options = {run_option(*options), json}},
                          options, show),
            workflow_verb({.name = "why",
                           .help = "what a run waits for, and what would make it go on",
                           .about = "Example: baton workflows why 17",
                           .options = {run_option(*options)}},
                          options, why),
            workflow_verb({.name = "definitions",
                           .help = "list the workflows and their versions",
                           .about = "Example: baton workflows definitions",
                           .options = {json}},
                          options, definitions)};
}

}  // namespace

Verb workflows_verb() {
    const auto options = std::make_shared<WorkflowOptions>();
    Verb group{.name = "workflows",
               .help = "tasks that follow from each other: their runs, and what they wait for",
               .about = "Example: baton workflows list"};
    group.verbs = reading_verbs(options);
    for (Verb& verb : workflow_changes(options)) group.verbs.push_back(std::move(verb));
    return group;
}

}  // namespace baton::cli

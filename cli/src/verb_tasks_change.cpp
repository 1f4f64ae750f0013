// baton tasks cancel, retry, update, redrive, purge: what a person changes of tasks.
#include <algorithm>
#include <limits>

#include "baton/base/error.hpp"
#include "baton/types/json.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::optional<std::int64_t> task;
    std::string handler;
    std::optional<std::string> reason;
    std::optional<std::int64_t> limit;
    std::optional<std::string> payload;
    std::optional<std::string> run_at;
    std::optional<std::int64_t> priority;
    std::vector<std::string> labels;
};

// What a function says of one task, once that is committed.
std::string changed(const environments::Environment& environment, const std::string& call,
                    const std::vector<sql::Parameter>& parameters) {
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    std::string said(transaction.exec("select " + call, parameters).only().text(0));
    transaction.commit();
    return said;
}

// Error(task_invalid) where a task is not as it was wished to be.
void require_state(std::int64_t task, const std::string& state, const std::string& wanted) {
    if (state == wanted) return;
    throw Error(ErrorCode::task_invalid,
                "task " + std::to_string(task) + " is " + state + "; nothing was changed");
}

int cancel(const Options& options, Invocation& invocation) {
    const std::string state = changed(invocation.load(), "cancel(task => $1, reason => $2)",
                                      {options.task, options.reason});
    require_state(*options.task, state, "cancelled");
    write_out("task " + std::to_string(*options.task) + " is cancelled\n");
    return 0;
}

int retry(const Options& options, Invocation& invocation) {
    const std::string state = changed(invocation.load(), "retry_task(task => $1)", {options.task});
    if (state == "dead" || state == "cancelled") {
        throw Error(ErrorCode::task_invalid,
                    "task " + std::to_string(*options.task) + " stays " + state +
                        ": another one has its unique key by now, or its task set or the run of "
                        "its workflow does not wait for it any more");
    }
    if (state != "following") require_state(*options.task, state, "waiting");
    write_out("task " + std::to_string(*options.task) + " waits for " +
              (state == "following" ? "its turn\n" : "a node\n"));
    return 0;
}

int update(const Options& options, Invocation& invocation) {
    if (!options.payload && !options.run_at && !options.priority && options.labels.empty()) {
        refuse("say what changes: --payload, --run-at, --priority or --label");
    }
    if (options.payload) {
        if (const auto fault = types::json_fault(*options.payload)) {
            refuse("--payload is no JSON that Postgres can store: " + *fault);
        }
    }
    const bool is_later = options.run_at && is_span(*options.run_at);
    std::optional<std::string> labels;
    if (!options.labels.empty()) labels = sql::Parameter(sql::text_array(options.labels)).to_text();
    const std::string state =
        changed(invocation.load(),
                std::string("update_task(task => $1, payload => $2::jsonb, run_at => ") +
                    (is_later ? "clock_timestamp() + $3::interval" : "$3::timestamptz") +
                    ", priority => $4::integer, labels => $5::text[])",
                {options.task, options.payload, options.run_at, options.priority, labels});
    if (state != "waiting" && state != "due") require_state(*options.task, state, "following");
    write_out("task " + std::to_string(*options.task) + " is changed, and " + state + "\n");
    return 0;
}

constexpr std::int64_t part = 1000;

// Calls a function that changes so many tasks of the handler, in parts, each committed by itself,
// as long as it changes `least` of them.
int change_all(const Options& options, Invocation& invocation, const std::string& call,
               const std::vector<sql::Parameter>& parameters, std::int64_t least,
               const std::string& of_one, const std::string& of_several) {
    const environments::Environment environment = invocation.load();
    std::int64_t wanted = options.limit.value_or(std::numeric_limits<std::int64_t>::max());
    std::int64_t count = 0;
    for (std::int64_t taken = part; taken >= least && wanted > 0;) {
        std::vector<sql::Parameter> all = parameters;
        all.emplace_back(std::min(part, wanted));
        taken = std::stoll(changed(environment, call, all));
        wanted -= taken;
        count += taken;
    }
    write_out(std::to_string(count) + (count == 1 ? " task" : " tasks") + " of " + options.handler +
              (count == 1 ? of_one : of_several) + "\n");
    return 0;
}

int redrive(const Options& options, Invocation& invocation) {
    return change_all(options, invocation, "redrive(handler => $1, \"limit\" => $2::integer)",
                      {options.handler}, part, " waits again", " wait again");
}

int purge(const Options& options, Invocation& invocation) {
    return change_all(options, invocation,
                      "purge(handler => $1, reason => $2, \"limit\" => $3::integer)",
                      {options.handler, options.reason}, 1, " is cancelled", " are cancelled");
}

using Run = int (*)(const Options&, Invocation&);

Verb verb_of(Verb verb, const std::shared_ptr<Options>& options, Run run) {
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

Option task_option(Options& options) {
    return {.name = "ID",
            .help = "which task",
            .place = &options.task,
            .is_required = true,
            .bounds = {.min = 1}};
}

}  // namespace

std::vector<Verb> task_changing_verbs() {
    const auto options = std::make_shared<Options>();
    return {
        verb_of({.name = "cancel",
                 .help = "a task is not to be done any more, also if a node has it",
                 .about = "The node that has it is told, and what it says of the task is refused.\n"
                          "Example: baton tasks cancel 4711 --reason 'ordered twice'",
                 .options = {task_option(*options),
                             {"--reason", "for people to read", &options->reason}}},
                options, cancel),
        verb_of({.name = "retry",
                 .help = "let a task that is dead or cancelled wait for a node again, with all its "
                         "attempts; or one that waits for its time run now",
                 .about = "Example: baton tasks retry 4711",
                 .options = {task_option(*options)}},
                options, retry),
        verb_of(
            {.name = "update",
             .help = "change a task that no node has yet",
             .about = "Example: baton tasks update 4711 --priority 10 --run-at '5 min'",
             .options = {task_option(*options),
                         {"--payload", "what it is to do: JSON", &options->payload},
                         {"--run-at", "not before then: a time, or how long from now",
                          &options->run_at},
                         {.name = "--priority",
                          .help = "higher goes first",
                          .place = &options->priority,
                          .bounds = {-1000, 1000}},
                         {"--label", "what a node must have, in place of what it was; repeatable",
                          &options->labels}}},
            options, update),
        verb_of({.name = "redrive",
                 .help = "retry the dead tasks of a handler, the oldest first",
                 .about = "Example: baton tasks redrive send_invoice --limit 100",
                 .options = {{"HANDLER", "of which", &options->handler, true},
                             {.name = "--limit",
                              .help = "so many at most [all]",
                              .place = &options->limit,
                              .bounds = {.min = 1}}}},
                options, redrive),
        verb_of({.name = "purge",
                 .help = "cancel what waits of a handler, for a node, a time, its lane or another "
                         "task; what nodes have goes on",
                 .about = "Example: baton tasks purge send_invoice --reason 'made by mistake'",
                 .options = {{"HANDLER", "of which", &options->handler, true},
                             {"--reason", "for people to read", &options->reason},
                             {.name = "--limit",
                              .help = "so many at most [all]",
                              .place = &options->limit,
                              .bounds = {.min = 1}}}},
                options, purge)};
}

}  // namespace baton::cli

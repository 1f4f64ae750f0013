// baton task-sets …: which task sets there are, what each waits for, and to take a hand in it.
#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::optional<std::int64_t> set;
    std::optional<std::string> handler;
    std::optional<std::string> key;
    std::optional<std::string> state;
    std::optional<std::int64_t> before;
    std::optional<std::int64_t> limit;
    std::optional<std::string> reason;
    bool json = false;
};

constexpr const char* read_sets =
    "select s.id, s.handler || '@' || s.version::text, s.key,"
    " s.state || case when s.is_shown then ', shown' else '' end,"
    " s.done::text || ' of ' || s.members::text, s.input_position,"
    " extract(epoch from clock_timestamp() - s.opened_at)::bigint, s.reason, to_jsonb(s)::text"
    " from task_sets(handler => $1, key => $2, state => $3, before => $4,"
    " limit_count => $5::integer) as s";

std::string lines_of(std::string name, const std::string& text) {
    constexpr std::size_t margin = 13;
    name.resize(margin, ' ');
    return name + wrapped(advice(text), margin, screen_width() - margin) + "\n";
}

int list(const Options& options, Invocation& invocation) {
    constexpr std::int64_t usual_limit = 20;
    const std::int64_t limit = options.limit.value_or(usual_limit);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result rows = transaction.exec(
        read_sets, {options.handler, options.key, options.state, options.before, limit});
    std::optional<std::int64_t> last;
    Table table({"set", "handler", "key", "state", "done", "reads up to", "opened ago", "why"});
    std::string json;
    for (const sql::Row& row : rows) {
        last = row.integer(0);
        std::vector<std::optional<std::string>> cells = cells_of(row, 8);
        cells[6] = duration_text(static_cast<double>(row.integer(6)));
        table.add(cells);
        json += (json.empty() ? "" : ",\n  ") + std::string(row.text(8));
    }
    const bool is_full = static_cast<std::int64_t>(rows.size()) == limit;
    if (options.json) {
        write_json("{\"task_sets\": [" + json +
                   "],\n \"before\": " + (is_full && last ? std::to_string(*last) : "null") + "}");
        return 0;
    }
    if (table.empty()) {
        write_out("there are no such task sets\n");
    } else {
        table.print(0, screen_width());
    }
    if (is_full) write_out("there may be older ones: --before " + std::to_string(*last) + "\n");
    return 0;
}

[[noreturn]] void refuse_set(std::int64_t set, const Invocation& invocation) {
    throw Error(ErrorCode::task_invalid, "there is no task set " + std::to_string(set) + "; see `" +
                                             invocation.app.name() + " task-sets list`");
}

// The set's row of task_sets(), as JSON.
std::string read_set(sql::Transaction& transaction, std::int64_t set,
                     const Invocation& invocation) {
    const sql::Result found = transaction.exec(
        "select to_jsonb(s)::text from task_sets(before => $1::bigint + 1, limit_count => 1) as s"
        " where s.id = $1",
        {set});
    if (found.empty()) refuse_set(set, invocation);
    return std::string(found.only().text(0));
}

int show(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const std::string json = read_set(transaction, *options.set, invocation);
    const sql::Result members = transaction.exec(
        "select m.member, m.task, m.state, m.attempts, m.handler, to_jsonb(m)::text"
        " from task_set_members(task_set => $1) as m",
        {options.set});
    if (options.json) {
        std::string list;
        for (const sql::Row& row : members) {
            list += (list.empty() ? "" : ",\n  ") + std::string(row.text(5));
        }
        write_json("{\"task_set\": " + json + ",\n \"members\": [" + list + "]}");
        return 0;
    }
    const JsonValue set = JsonValue::parse(json);
    const auto print = [&](const std::string& name, std::string_view key) {
        if (const auto& text = set[key].text()) write_out(lines_of(name, terminal_line(*text)));
    };
    print("task set", "id");
    write_out(lines_of("handler", terminal_line(set["handler"].text().value_or("") + "@" +
                                                set["version"].text().value_or(""))));
    print("build", "build");
    const bool is_of_view_set = set["build"].is_null();
    if (is_of_view_set) write_out(lines_of("does", terminal_line(names_text(set["pins"]))));
    print("key", "key");
    print("state", "state");
    print("why", "reason");
    print("reads up to", "input_position");
    print("published", "position");
    print("promoted", "on_promotion");
    print("deadline", "deadline_at");
    print("opened at", "opened_at");
    print("opened by", "opened_by");
    print("ended at", "ended_at");
    print("digest", "digest");
    std::vector<std::string> headings{"member", "task", "state", "attempts"};
    if (is_of_view_set) headings.emplace_back("handler");
    Table table(headings);
    for (const sql::Row& row : members) table.add(cells_of(row, headings.size()));
    if (!table.empty()) table.print(0, screen_width());
    return 0;
}

// What it waits for: the set's reason, else that of the first members that are not done.
int why(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const JsonValue set = JsonValue::parse(read_set(transaction, *options.set, invocation));
    write_out(lines_of("state", terminal_line(set["state"].text().value_or(""))));
    if (const auto& reason = set["reason"].text()) {
        write_out(lines_of("why", terminal_line(*reason)));
        return 0;
    }
    for (const sql::Row& row : transaction.exec(
             "select m.member, concat_ws(': ', w.reason, w.found)"
             " from task_set_members(task_set => $1) as m cross join lateral why(m.task) as w"
             " where m.state <> 'done' limit 5",
             {options.set})) {
        write_out(lines_of(shortened(terminal_line(row.text(0)), 12), terminal_line(row.text(1))));
    }
    return 0;
}

int change(const Options& options, Invocation& invocation, const std::string& function,
           const std::string& done) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("select " + function + "(task_set => $1, reason => $2)",
                     {options.set, options.reason});
    transaction.commit();
    write_out("task set " + std::to_string(*options.set) + done + "\n");
    return 0;
}

int restart(const Options& options, Invocation& invocation) {
    return change(options, invocation, "restart_task_set",
                  " is superseded; the next maintain() opens another one");
}

int abandon(const Options& options, Invocation& invocation) {
    return change(options, invocation, "abandon_task_set", " is abandoned");
}

using Run = int (*)(const Options&, Invocation&);

Verb verb_of(Verb verb, const std::shared_ptr<Options>& options, Run run) {
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

Option set_option(Options& options) {
    return {.name = "ID",
            .help = "which task set",
            .place = &options.set,
            .is_required = true,
            .bounds = {.min = 1}};
}

}  // namespace

Verb task_sets_verb() {
    const auto options = std::make_shared<Options>();
    const Option json{"--json", "as JSON", &options->json};
    const Option reason{"--reason", "for people to read", &options->reason};
    Verb group{.name = "task-sets",
               .help = "tasks that one version does together, and whose rows appear at once",
               .about = "Example: baton task-sets list --state open"};
    group.verbs = {
        verb_of({.name = "list",
                 .help = "list them, the newest first",
                 .about = "Readers see the rows of those that are shown. Of those that are open, "
                          "some wait for a person:\nfailed, or blocked_no_capable_node.\n"
                          "Example: baton task-sets list --handler compute_month --key 2014",
                 .options = {{"--handler", "only its sets [all]", &options->handler},
                             {"--key", "only of this key [all]", &options->key},
                             {"--state",
                              "only those that are open, published, superseded, abandoned; or "
                              "collecting, failed, blocked_no_capable_node [all]",
                              &options->state},
                             {.name = "--before",
                              .help = "only those with a lower id",
                              .place = &options->before,
                              .bounds = {.min = 1}},
                             {.name = "--limit",
                              .help = "so many at most [20]",
                              .place = &options->limit,
                              .bounds = {.min = 1, .max = 10'000}},
                             json}},
                options, list),
        verb_of({.name = "show",
                 .help = "print one: its pin, its state, its members",
                 .about = "Example: baton task-sets show 17",
                 .options = {set_option(*options), json}},
                options, show),
        verb_of({.name = "why",
                 .help = "print what a task set waits for",
                 .about = "Example: baton task-sets why 17",
                 .options = {set_option(*options)}},
                options, why),
        verb_of({.name = "restart",
                 .help = "another one takes its place, by the version that is live",
                 .about = "Example: baton task-sets restart 17 --reason 'version 1 is gone'",
                 .options = {set_option(*options), reason}},
                options, restart),
        verb_of({.name = "abandon",
                 .help = "give it up; readers go on to see the former one of its key",
                 .about = "Example: baton task-sets abandon 17",
                 .options = {set_option(*options), reason}},
                options, abandon)};
    return group;
}

}  // namespace baton::cli

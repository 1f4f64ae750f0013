// baton handlers …: which handlers there are, who carries them, and how their tasks come along;
// and to let one rest.
#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

struct Options {
    bool json = false;
    std::string name;
    std::optional<std::string> reason;
    std::optional<std::int64_t> running;
    std::optional<std::int64_t> waiting;
    std::optional<std::int64_t> width;
    std::string when_dead = "hold";
    std::optional<std::string> run_at_most;
    std::optional<std::int64_t> rate;
    std::string per = "1 s";
    bool off = false;
    std::optional<std::string> lane;
    std::optional<std::int64_t> weight;
};

std::optional<std::string> seconds_text(const JsonValue& value) {
    const auto seconds = value.number();
    if (!seconds) return std::nullopt;
    return *seconds < 1 ? std::to_string(static_cast<int>(*seconds * 1000)) + " ms"
                        : duration_text(*seconds);
}

// The versions beside the live one: "2 (1 node)".
std::string other_versions(const JsonValue& handler) {
    std::string others;
    for (const JsonValue& version : handler["versions"].items()) {
        if (version["live"].text() == "true") continue;
        const std::int64_t nodes = version["nodes"].integer().value_or(0);
        others += (others.empty() ? "" : ", ") + version["version"].text().value_or("") + " (" +
                  std::to_string(nodes) + (nodes == 1 ? " node)" : " nodes)");
    }
    return others;
}

void print_counts(const JsonValue& handlers) {
    Table table({"handler", "live", "nodes", "waiting", "oldest", "due", "lanes", "held", "dead",
                 "others"});
    for (const JsonValue& handler : handlers.items()) {
        table.add({handler["name"].text(), handler["live_version"].text(), handler["nodes"].text(),
                   handler["waiting"].text(), seconds_text(handler["oldest_seconds"]),
                   handler["due"].text(), handler["in_lanes"].text(), handler["claimed"].text(),
                   handler["dead"].text(), other_versions(handler)});
    }
    table.print(0, screen_width());
}

void print_times(const JsonValue& handlers) {
    Table table({"handler", "done/s", "waited", "95% within", "ran", "95% within"});
    for (const JsonValue& handler : handlers.items()) {
        if (handler["run_p50"].is_null()) continue;
        table.add({handler["name"].text(), handler["per_second"].text(),
                   seconds_text(handler["wait_p50"]), seconds_text(handler["wait_p95"]),
                   seconds_text(handler["run_p50"]), seconds_text(handler["run_p95"])});
    }
    if (table.empty()) return;
    write_out("\nof the newest that ended\n");
    table.print(2, screen_width());
}

void print_paused(const JsonValue& handlers) {
    for (const JsonValue& handler : handlers.items()) {
        if (handler["paused_at"].is_null()) continue;
        const auto& reason = handler["pause_reason"].text();
        write_out(wrapped(terminal_line(handler["name"].text().value_or("") + " is paused since " +
                                        handler["paused_at"].text().value_or("") + ", by " +
                                        handler["paused_by"].text().value_or("") +
                                        (reason ? ": " + *reason : "")),
                          2, screen_width() - 2) +
                  "\n");
    }
}

int list_handlers(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const std::string json(
        transaction
            .exec("select coalesce(jsonb_agg(to_jsonb(h)), '[]')::text from handlers() as h", {})
            .only()
            .text(0));
    if (options.json) {
        write_json(json);
        return 0;
    }
    const JsonValue handlers = JsonValue::parse(json);
    if (handlers.items().empty()) {
        write_out("there is no handler; a node registers those that it carries\n");
        return 0;
    }
    print_counts(handlers);
    print_paused(handlers);
    print_times(handlers);
    return 0;
}

// Calls a function that says whether it changed something.
int change(const Options& options, Invocation& invocation, const std::string& call,
           const std::vector<sql::Parameter>& parameters, const std::string& done,
           const std::string& otherwise) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    const bool changed = transaction.exec("select " + call, parameters).only().boolean(0);
    transaction.commit();
    write_out(advice(options.name + (changed ? done : otherwise)) + "\n");
    return 0;
}

int pause(const Options& options, Invocation& invocation) {
    return change(options, invocation, "pause_handler(handler => $1, reason => $2)",
                  {options.name, options.reason},
                  " is paused: its tasks wait until \"baton handlers resume " + options.name + "\"",
                  " was paused already");
}

int resume(const Options& options, Invocation& invocation) {
    return change(options, invocation, "resume_handler(handler => $1)", {options.name}, " goes on",
                  " was not paused");
}

int set_lanes(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    const std::string width = std::to_string(options.width.value_or(1));
    transaction.exec("select set_lanes(handler => $1, width => $2::integer, when_dead => $3)",
                     {options.name, width, options.when_dead});
    transaction.commit();
    write_out(
        advice("of each lane of " + options.name + " " + width +
               (width == "1"
                    ? " task is done at a time, in order; behind one that is dead it " +
                          std::string(options.when_dead == "hold" ? "stands still" : "goes on")
                    : " tasks are done at a time")) +
        "\n");
    return 0;
}

int limit(const Options& options, Invocation& invocation) {
    if (!options.running && !options.waiting && !options.run_at_most && !options.rate) {
        refuse("say which limit: --running, --waiting, --rate or --run-at-most");
    }
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    std::string said;
    const auto set = [&](const std::string& call, const std::string& what,
                         const std::optional<std::int64_t>& at_most) {
        if (!at_most) return;
        const std::string number = std::to_string(*at_most);
        transaction.exec("select " + call + "(handler => $1, at_most => nullif($2::integer, 0))",
                         {options.name, number});
        said += advice("of " + options.name + " " +
                       (*at_most == 0 ? std::string("any number of tasks") : number + " tasks") +
                       what) +
                "\n";
    };
    set("limit_running", " may be held by nodes at a time", options.running);
    set("limit_waiting", " may wait before more are refused", options.waiting);
    if (options.rate) {
        const std::string number = std::to_string(*options.rate);
        transaction.exec(
            "select limit_rate(handler => $1, at_most => nullif($2::integer, 0), "
            "per => $3::interval)",
            {options.name, number, options.per});
        said += advice("of " + options.name + " " +
                       (*options.rate == 0 ? "any number of tasks may be taken"
                                           : number + " tasks may be taken in " + options.per)) +
                "\n";
    }
    if (options.run_at_most) {
        std::optional<std::string> at_most;
        if (*options.run_at_most != "none") at_most = options.run_at_most;
        transaction.exec("select set_run_at_most(handler => $1, at_most => $2::interval)",
                         {options.name, at_most});
        said += options.name + ": a task runs for " +
                (at_most ? *at_most + " at most" : "as long as its node lives") + "\n";
    }
    transaction.commit();
    write_out(said);
    return 0;
}

Verb limit_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "limit",
            .help =
                "say how many tasks of a handler may be held by nodes, or wait, and for how long "
                "one runs",
            .about = "Example: baton handlers limit send_invoice --running 5 --waiting 100000",
            .options = {{"NAME", "which handler", &options->name, true},
                        {.name = "--running",
                         .help = "so many are held at a time, by all nodes together; 0: any number",
                         .place = &options->running,
                         .bounds = {0, 1'000'000}},
                        {.name = "--waiting",
                         .help = "where so many wait, no more can be enqueued; 0: any number",
                         .place = &options->waiting,
                         .bounds = {0, 1'000'000}},
                        {.name = "--rate",
                         .help = "nodes take so many in the time that --per says; 0: any number",
                         .place = &options->rate,
                         .bounds = {0, 1'000'000}},
                        {"--per", "in how much time: \"1 min\" [1 s]", &options->per},
                        {"--run-at-most",
                         "how long a node may have a task until it is taken away: a time, or none",
                         &options->run_at_most}},
            .run = [options](Invocation& invocation) { return limit(*options, invocation); }};
}

Verb lanes_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "lanes",
            .help = "say how many tasks of one lane of a handler are done at a time",
            .about = "Example: baton handlers lanes send_invoice --width 5",
            .options = {{"NAME", "which handler", &options->name, true},
                        {.name = "--width",
                         .help = "so many; with 1 they are done in their order [1]",
                         .place = &options->width,
                         .bounds = {1, 100000}},
                        {.name = "--when-dead",
                         .help = "with width 1: the lane stands still (hold), or the next one goes "
                                 "(pass) [hold]",
                         .place = &options->when_dead,
                         .choices = {"hold", "pass"}}},
            .run = [options](Invocation& invocation) { return set_lanes(*options, invocation); }};
}

// In parts, each committed by itself.
int share(const Options& options, Invocation& invocation) {
    if (options.weight && !options.lane) refuse("say of which --lane that is the weight");
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    constexpr std::int64_t part = 100000;
    for (std::int64_t taken = part; taken == part;) {
        sql::Transaction transaction(connection);
        taken = transaction
                    .exec("select set_fairness(handler => $1, is_fair => $2::boolean)",
                          {options.name, options.off ? "false" : "true"})
                    .only()
                    .integer(0);
        if (options.weight) {
            transaction.exec("select set_weight(handler => $1, lane => $2, weight => $3::integer)",
                             {options.name, options.lane, std::to_string(*options.weight)});
        }
        transaction.commit();
    }
    write_out(advice(options.off ? "the lanes of " + options.name + " have a width again"
                                 : "the tenants of " + options.name + " share what nodes have") +
              "\n");
    return 0;
}

Verb fair_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "fair",
            .help = "let the tenants of a handler share what nodes have",
            .about = "Example: baton handlers fair send_invoice --lane gold --weight 5",
            .options = {{"NAME", "which handler", &options->name, true},
                        {"--off", "no more", &options->off},
                        {"--lane", "which lane, or tenant, has a --weight", &options->lane},
                        {.name = "--weight",
                         .help = "it gets so many times as much as the others [1]",
                         .place = &options->weight,
                         .bounds = {1, 1000}}},
            .run = [options](Invocation& invocation) { return share(*options, invocation); }};
}

Verb pause_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "pause",
            .help = "give no node tasks of a handler any more; what runs goes on",
            .about = "Example: baton handlers pause send_invoice --reason 'the bank is down'",
            .options = {{"NAME", "which handler", &options->name, true},
                        {"--reason", "for people to read", &options->reason}},
            .run = [options](Invocation& invocation) { return pause(*options, invocation); }};
}

Verb resume_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "resume",
            .help = "give nodes the tasks of a handler again",
            .about = "Example: baton handlers resume send_invoice",
            .options = {{"NAME", "which handler", &options->name, true}},
            .run = [options](Invocation& invocation) { return resume(*options, invocation); }};
}

}  // namespace

Verb handlers_verb() {
    const auto options = std::make_shared<Options>();
    return {
        .name = "handlers",
        .help = "list the handlers: who carries them, what waits for them, how long it takes",
        .about =
            "Tasks are made for the version that is live; so many nodes carry it. Where very "
            "many wait,\nare due or dead, they are counted up to 10000. A task waited until it "
            "was claimed, and ran\nfrom then on: in half of them that took no longer than it "
            "says.\n"
            "Example: baton handlers --json | jq '.[].waiting'",
        .options = {{"--json", "as JSON", &options->json}},
        .run = [options](Invocation& invocation) { return list_handlers(*options, invocation); },
        .verbs = {pause_verb(), resume_verb(), lanes_verb(), fair_verb(), limit_verb()}};
}

}  // namespace baton::cli

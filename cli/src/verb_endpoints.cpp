// baton endpoints …: the handlers that are HTTP URLs: which there are, and whether anything is sent
// to them.
#include <algorithm>
#include <map>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "baton/node_agent/handlers.hpp"
#include "baton/types/json.hpp"
#include "command_line.hpp"
#include "noding.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

using environments::Environment;
using environments::HandlerKind;

struct Options {
    std::string name;
    std::optional<std::string> reason;
    std::optional<std::string> payload;
    std::optional<std::int64_t> version;
    bool json = false;
};

// One that the file declares, that the database knows, or both.
struct Known {
    std::string handler;
    std::optional<std::string> version;
    std::optional<std::string> url;  // without its query, which may be somebody's secret
    std::vector<std::optional<std::string>> standing;
};

constexpr const char* standing_columns[] = {"state", "until_at", "since", "told_by", "reason"};

std::vector<Known> known_endpoints(Invocation& invocation, const std::string& only) {
    const Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    std::map<std::string, std::vector<std::optional<std::string>>> standings;
    for (const sql::Row& row : transaction.exec(
             "select handler, state, until_at::text, date_trunc('second', since)::text, told_by,"
             " reason from endpoints() where $1 in ('', handler)",
             {only})) {
        const auto cells = cells_of(row, 6);
        standings[*cells[0]] = {cells.begin() + 1, cells.end()};
    }
    std::vector<Known> known;
    for (const auto& [handler, origin] : environment.handlers) {
        if (handler.kind != HandlerKind::http || (!only.empty() && handler.name != only)) continue;
        known.push_back({handler.name, std::to_string(handler.version),
                         handler.url.substr(0, handler.url.find('?')),
                         std::vector<std::optional<std::string>>(5)});
        const auto standing = standings.find(handler.name);
        if (standing != standings.end()) known.back().standing = standing->second;
    }
    for (const auto& [handler, standing] : standings) {
        if (std::ranges::find(known, handler, &Known::handler) != known.end()) continue;
        known.push_back({handler, std::nullopt, std::nullopt, standing});
    }
    return known;
}

void print_json(const std::vector<Known>& known) {
    std::string json = "[";
    const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
        json.append(json.ends_with('{') ? "" : ", ").append(json_quoted(name)).append(": ");
        json += value ? json_quoted(*value) : "null";
    };
    for (const Known& each : known) {
        json += json.size() > 1 ? ", {" : "{";
        add("handler", each.handler);
        add("version", each.version);
        add("url", each.url);
        for (std::size_t i = 0; i < each.standing.size(); ++i) {
            add(standing_columns[i], each.standing[i]);
        }
        json += "}";
    }
    write_json(json + "]");
}

int list_endpoints(const Options& options, Invocation& invocation) {
    const std::vector<Known> known = known_endpoints(invocation, "");
    if (options.json) {
        print_json(known);
        return 0;
    }
    Table table({"handler", "version", "url", "state", "since", "reason"});
    for (const Known& each : known) {
        table.add({each.handler, each.version, each.url, each.standing[0], each.standing[2],
                   each.standing[4]});
    }
    if (table.empty()) {
        write_out("no handler is an endpoint\n");
    } else {
        table.print(0, screen_width());
    }
    return 0;
}

int show(const Options& options, Invocation& invocation) {
    const std::vector<Known> known = known_endpoints(invocation, options.name);
    if (known.empty()) {
        throw Error(ErrorCode::endpoint_unknown,
                    "there is no endpoint " + json_quoted(options.name) +
                        ": neither does the environment's file declare one, nor has a node "
                        "carried it");
    }
    if (options.json) {
        print_json(known);
        return 0;
    }
    for (const Known& each : known) {
        const auto line = [](std::string name, const std::optional<std::string>& text) {
            if (!text) return;
            name.resize(10, ' ');
            write_out(name + terminal_line(*text) + "\n");
        };
        line("handler", each.handler);
        line("version", each.version);
        line("url", each.url);
        for (std::size_t i = 0; i < each.standing.size(); ++i) {
            line(standing_columns[i], each.standing[i]);
        }
    }
    return 0;
}

int change(const Options& options, Invocation& invocation, bool enables) {
    const Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    const bool changed =
        (enables ? transaction.exec("select enable_endpoint(handler => $1)", {options.name})
                 : transaction.exec("select disable_endpoint(handler => $1, reason => $2)",
                                    {options.name, options.reason}))
            .only()
            .boolean(0);
    transaction.commit();
    write_out(advice(options.name + (changed ? " is " : " was ") +
                     (enables ? "enabled" : "disabled") + (changed ? "" : " already")) +
              "\n");
    return 0;
}

// As a node does it, but for a task that is none.
int test(const Options& options, Invocation& invocation) {
    const std::string payload = options.payload.value_or("{}");
    if (const auto fault = types::json_fault(payload)) {
        throw Error(ErrorCode::usage, "--payload is no JSON: " + *fault);
    }
    Environment environment = invocation.load();
    std::erase_if(environment.handlers, [&](const auto& each) {
        return each.value.kind != HandlerKind::http || each.value.name != options.name ||
               (options.version && each.value.version != *options.version);
    });
    if (environment.handlers.empty()) {
        throw Error(
            ErrorCode::endpoint_unknown,
            "the environment's file declares no such endpoint " + json_quoted(options.name));
    }
    Handlers handlers;
    add_declared(handlers, environment, HandlerKind::http);
    const std::size_t newest = handlers.infos().size() - 1;
    TaskContext task({.id = 0, .version = handlers.infos()[newest].version}, environment.name.value,
                     {.transaction = {}, .is_cancelled = [] { return false; }});
    const Outcome outcome = handlers.run(newest)({.content = {.json = payload}}, task);
    if (outcome.kind == Outcome::Kind::done) {
        write_out(terminal_line(outcome.result) + "\n");
        return 0;
    }
    const std::string what = outcome.kind == Outcome::Kind::retry  ? "it would be tried again: "
                             : outcome.kind == Outcome::Kind::dead ? "it would be dead: "
                                                                   : "it would be put off: ";
    write_out(terminal_line(what + outcome.reason) + "\n");
    return 1;
}

Verb name_verb(const std::shared_ptr<Options>& options, const std::string& name, std::string help,
               std::function<int(const Options&, Invocation&)> run) {
    return {.name = name,
            .help = std::move(help),
            .about = "Example: baton endpoints " + name + " send_invoice",
            .options = {{"NAME", "which handler", &options->name, true}},
            .run = [options, run = std::move(run)](Invocation& invocation) {
                return run(*options, invocation);
            }};
}

}  // namespace

Verb endpoints_verb() {
    const auto options = std::make_shared<Options>();
    Verb list{
        .name = "list",
        .help = "list the endpoints, and whether anything is sent to them",
        .about = "Example: baton endpoints list",
        .options = {{"--json", "print JSON", &options->json}},
        .run = [options](Invocation& invocation) { return list_endpoints(*options, invocation); }};
    Verb shown = name_verb(options, "show", "show one endpoint", show);
    shown.options.push_back({"--json", "print JSON", &options->json});
    Verb enable = name_verb(
        options, "enable", "let nodes send requests to an endpoint again",
        [](const Options& of, Invocation& invocation) { return change(of, invocation, true); });
    Verb disable = name_verb(
        options, "disable", "send nothing to an endpoint any more",
        [](const Options& of, Invocation& invocation) { return change(of, invocation, false); });
    disable.options.push_back({"--reason", "for people to read", &options->reason});
    Verb tried = name_verb(options, "test", "send one request, of no task, as a node would", test);
    tried.about =
        "It goes from here, not from a node, with task id 0; exit code 1: it was no success.\n"
        "Example: baton endpoints test send_invoice --payload '{\"order\": 42}'";
    tried.options.push_back({"--payload", "what is sent [{}]", &options->payload});
    tried.options.push_back({.name = "--version",
                             .help = "of the handler [the last one in the file]",
                             .place = &options->version,
                             .bounds = {1, 9999}});
    return {.name = "endpoints",
            .help = "the handlers that are HTTP URLs: whether anything is sent to them",
            .about = "Example: baton endpoints list",
            .verbs = {std::move(list), std::move(shown), std::move(enable), std::move(disable),
                      std::move(tried)}};
}

}  // namespace baton::cli

// baton status: how the environment is doing, and if something stands still, why.
#include <simdjson.h>
#include <CLI/CLI.hpp>

#include <map>

#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

using simdjson::dom::element;

struct Given {
    SettingFlags settings;
    bool json = false;
    bool check = false;
};

std::string text(const element& object, std::string_view key) {
    return cell(object, key).value_or("-");
}

std::string leader_line(const element& leader, const std::string& epoch) {
    if (leader.is_null()) return coloured("nobody", Colour::red) + ", last epoch " + epoch;
    return terminal_line(text(leader, "node")) + ", epoch " + epoch + ", since " +
           text(leader, "since") + ", lease " + text(leader, "lease_seconds") + " s";
}

void print_rows(const std::string& title, const element& rows,
                const std::vector<std::string>& keys) {
    Table table(keys);
    for (const element row : rows.get_array()) {
        std::vector<std::optional<std::string>> cells;
        for (const std::string& key : keys) cells.push_back(cell(row, key));
        table.add(cells);
    }
    if (table.empty()) return;
    write_out("\n" + title + "\n");
    table.print(2);
}

// Nothing stands still for an event that was skipped; but its view is without it.
std::vector<std::string> skipped_lines(const element& dead_events, const std::string& program) {
    constexpr std::size_t shown_max = 20;  // what status() returns of them
    std::map<std::string, std::size_t> counts;
    std::size_t total = 0;
    for (const element event : dead_events.get_array()) {
        if (std::string_view(event["state"]) != "skipped") continue;
        ++counts[text(event, "view")];
        ++total;
    }
    std::vector<std::string> lines;
    for (const auto& [view, count] : counts) {
        lines.push_back("view " + view + " is without " + (total >= shown_max ? "at least " : "") +
                        std::to_string(count) +
                        (count == 1 ? " event that was skipped" : " events that were skipped") +
                        "; see `" + program + " dead list " + view + "`");
    }
    return lines;
}

template <class Lines>
void print_lines(const std::string& title, const Lines& lines, Colour colour) {
    if (lines.size() == 0) return;
    write_out("\n" + title + "\n");
    for (const auto& line : lines) {
        write_out("  " + coloured(advice(std::string_view(line)), colour) + "\n");
    }
}

void print_page(const std::string& name, const element& status, const std::string& program) {
    const element log = status["log"];
    write_out("environment  " + name + " (schema " + text(status, "environment") + ")\n");
    write_out("leader       " + leader_line(status["leader"], text(status, "epoch")) + "\n");
    write_out("log          position " + text(log, "position") + ", " +
              text(log, "events_per_second") + " events/s\n");
    write_out("lag          " + text(log, "lag_events") + " events, " + text(log, "lag_seconds") +
              " s\n");
    print_rows("views", status["views"], {"view", "version", "state", "position", "reason"});
    const Table beside = versions_table(status["versions"]);
    if (!beside.empty()) {
        write_out("\nversions beside the live ones\n");
        beside.print(2);
    }
    print_rows("dead events", status["dead_events"],
               {"view", "position", "event_id", "type", "state", "error"});
    print_rows("open writers", status["writers"], {"pid", "application", "seconds", "state"});

    const simdjson::dom::array problems = status["problems"].get_array();
    if (problems.size() == 0) {
        write_out("\n" + coloured("no problems", Colour::green) + "\n");
    } else {
        print_lines("problems", problems, Colour::red);
    }
    std::vector<std::string> look = skipped_lines(status["dead_events"], program);
    for (const element note : status["notes"].get_array()) {
        look.emplace_back(std::string_view(note));
    }
    print_lines("to look at", look, Colour::yellow);
}

int print_status(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result answer = transaction.exec("select status()", {});
    const std::string json(answer.only().text(0));
    simdjson::dom::parser parser;
    const element status = parser.parse(json);
    if (given.json) {
        write_json(json);
    } else {
        print_page(environment.name.value, status, invocation.app.name());
    }
    return given.check && status["problems"].get_array().size() != 0 ? 1 : 0;
}

}  // namespace

void add_status(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand(
        "status", "leader, lag, rate, views, dead events, and what stands still and why");
    auto given = std::make_shared<Given>();
    verb->add_flag("--json", given->json, "as JSON");
    verb->add_flag("--check", given->check, "exit with 1 when there are problems");
    given->settings.offer(*verb);
    verb->footer(
        footer("Problems alone do not make it fail; --check does.\n"
               "Example: baton status --json | jq .log.lag_seconds"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return print_status(*given, invocation); };
    });
}

}  // namespace baton::cli

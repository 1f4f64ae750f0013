// baton status: how the environment is doing, and if something stands still, why.
#include <simdjson.h>
#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <optional>

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

// A column: its heading, and what stands in it.
struct Column {
    std::string heading;
    std::function<std::optional<std::string>(const element&)> cell_of;
};

Column plain(const std::string& key) {
    return {key, [key](const element& row) { return cell(row, key); }};
}

std::string versioned(const element& row) { return text(row, "view") + "@" + text(row, "version"); }

// "12 (3 s)": so many events, of which the oldest has been there for so long.
std::optional<std::string> lag(const element& row) {
    std::int64_t events = 0;
    double seconds = 0;
    if (row["lag_events"].get(events) != simdjson::SUCCESS) return std::nullopt;
    if (events == 0) return "0";
    const std::string counted = std::to_string(events);
    return row["lag_seconds"].get(seconds) == simdjson::SUCCESS
               ? counted + " (" + duration_text(seconds) + ")"
               : counted;
}

void print_rows(const std::string& title, const element& rows, const std::vector<Column>& columns) {
    std::vector<std::string> headings;
    for (const Column& column : columns) headings.push_back(column.heading);
    Table table(headings);
    for (const element row : rows.get_array()) {
        std::vector<std::optional<std::string>> cells;
        for (const Column& column : columns) cells.push_back(column.cell_of(row));
        table.add(cells);
    }
    if (table.empty()) return;
    write_out("\n" + title + "\n");
    table.print(2, screen_width());
}

// The views of versions(), each with what its set is.
void print_versions(const element& versions) {
    Table table({"view", "view is", "set is", "position", "lag", "kept by", "reason"});
    for (const element set : versions.get_array()) {
        for (const element view : set["views"].get_array()) {
            table.add({versioned(view), cell(view, "state"), cell(set, "state"),
                       cell(view, "position"), lag(view), cell(view, "node"),
                       cell(view, "reason")});
        }
    }
    if (table.empty()) return;
    write_out("\nversions beside the live ones\n");
    table.print(2, screen_width());
}

// Nothing stands still for an event that was skipped; but its view is without it.
std::vector<std::string> skipped_lines(const element& views, const std::string& program) {
    constexpr std::int64_t counted_max = 10'000;  // status() counts no further
    std::vector<std::string> lines;
    for (const element view : views.get_array()) {
        const auto count = std::int64_t(view["skipped"]);
        if (count == 0) continue;
        lines.push_back("view " + versioned(view) + " is without " +
                        (count == counted_max ? "at least " : "") + std::to_string(count) +
                        (count == 1 ? " event that was skipped" : " events that were skipped") +
                        "; see `" + program + " dead list " + text(view, "view") + "`");
    }
    return lines;
}

template <class Lines>
void print_lines(const std::string& title, const Lines& lines, std::optional<Colour> colour) {
    // A reason can be 8 KB long; --json has all of it.
    constexpr std::size_t lines_max = 4;
    if (lines.size() == 0) return;
    write_out("\n" + title + "\n");
    const std::size_t width = screen_width() - 4;
    for (const auto& line : lines) {
        const std::string shown =
            wrapped(shortened(advice(std::string_view(line)), lines_max * width), 4, width);
        write_out("  " + (colour ? coloured(shown, *colour) : shown) + "\n");
    }
}

// Each event once, with all its views; why is in the problems.
void print_dead_events(const element& dead_events) {
    std::vector<std::string> lines;
    std::map<std::string, std::size_t> places;
    for (const element dead : dead_events.get_array()) {
        const std::string event = "event " + text(dead, "event_id") + " (" + text(dead, "type") +
                                  ") at position " + text(dead, "position") + ", " +
                                  text(dead, "state") + ": ";
        const auto [place, is_new] = places.try_emplace(event, lines.size());
        if (is_new)
            lines.push_back(event + versioned(dead));
        else
            lines[place->second] += ", " + versioned(dead);
    }
    print_lines("dead events", lines, std::nullopt);
}

void print_page(const std::string& name, const element& status, const std::string& program) {
    const element log = status["log"];
    write_out("environment  " + name + " (schema " + text(status, "environment") + ")\n");
    write_out(
        "leader       " +
        wrapped(leader_line(status["leader"], text(status, "epoch")), 13, screen_width() - 13) +
        "\n");
    write_out("log          position " + text(log, "position") + ", " +
              text(log, "events_per_second") + " events/s\n");
    write_out("lag          " + text(log, "lag_events") + " events, " + text(log, "lag_seconds") +
              " s\n");
    print_rows(
        "views", status["views"],
        {{"view", versioned}, plain("state"), plain("position"), {"lag", lag}, plain("reason")});
    print_versions(status["versions"]);
    print_dead_events(status["dead_events"]);
    print_rows("open writers", status["writers"],
               {plain("pid"), plain("application"), plain("seconds"), plain("state")});

    const simdjson::dom::array problems = status["problems"].get_array();
    if (problems.size() == 0) {
        write_out("\n" + coloured("no problems", Colour::green) + "\n");
    } else {
        print_lines("problems", problems, Colour::red);
    }
    std::vector<std::string> look = skipped_lines(status["views"], program);
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
        footer("Problems alone do not make it fail; --check does. What is too long for the "
               "screen's width\n"
               "(or COLUMNS) ends with an ellipsis; --json has all of it.\n"
               "Example: baton status --json | jq .log.lag_seconds"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return print_status(*given, invocation); };
    });
}

}  // namespace baton::cli

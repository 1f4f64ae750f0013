// baton status: how the environment is doing, and if something stands still, why.
#include <functional>
#include <map>
#include <optional>

#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

struct Options {
    bool json = false;
    bool check = false;
};

std::string text(const JsonValue& object, std::string_view key) {
    return object[key].text().value_or("-");
}

std::vector<std::string> texts_of(const JsonValue& list) {
    std::vector<std::string> texts;
    for (const JsonValue& item : list.items()) texts.push_back(item.text().value_or(""));
    return texts;
}

std::string leader_line(const JsonValue& leader, const std::string& epoch) {
    if (leader.is_null()) return coloured("nobody", Colour::red) + ", last epoch " + epoch;
    return terminal_line(text(leader, "node")) + ", epoch " + epoch + ", since " +
           text(leader, "since") + ", lease " + text(leader, "lease_seconds") + " s";
}

// A column: its heading, and what stands in it.
struct Column {
    std::string heading;
    std::function<std::optional<std::string>(const JsonValue&)> cell_of;
};

Column plain(const std::string& key) {
    return {key, [key](const JsonValue& row) { return row[key].text(); }};
}

std::string versioned(const JsonValue& row) {
    return text(row, "view") + "@" + text(row, "version");
}

// "12 (3 s)": so many events, of which the oldest has been there for so long.
std::optional<std::string> lag(const JsonValue& row) {
    const auto events = row["lag_events"].integer();
    const auto seconds = row["lag_seconds"].number();
    if (!events) return std::nullopt;
    if (*events == 0) return "0";
    return std::to_string(*events) + (seconds ? " (" + duration_text(*seconds) + ")" : "");
}

void print_rows(const std::string& title, const JsonValue& rows,
                const std::vector<Column>& columns) {
    std::vector<std::string> headings;
    for (const Column& column : columns) headings.push_back(column.heading);
    Table table(headings);
    for (const JsonValue& row : rows.items()) {
        std::vector<std::optional<std::string>> cells;
        for (const Column& column : columns) cells.push_back(column.cell_of(row));
        table.add(cells);
    }
    if (table.empty()) return;
    write_out("\n" + title + "\n");
    table.print(2, screen_width());
}

// The views of versions(), each with what its set is.
void print_versions(const JsonValue& versions) {
    Table table({"view", "view is", "set is", "position", "lag", "kept by", "reason"});
    for (const JsonValue& set : versions.items()) {
        for (const JsonValue& view : set["views"].items()) {
            table.add({versioned(view), view["state"].text(), set["state"].text(),
                       view["position"].text(), lag(view), view["node"].text(),
                       view["reason"].text()});
        }
    }
    if (table.empty()) return;
    write_out("\nversions beside the live ones\n");
    table.print(2, screen_width());
}

// Nothing stands still for an event that was skipped; but its view is without it.
std::vector<std::string> skipped_lines(const JsonValue& views, const std::string& program) {
    constexpr std::int64_t counted_max = 10'000;  // status() counts no further
    std::vector<std::string> lines;
    for (const JsonValue& view : views.items()) {
        const auto count = view["skipped"].integer().value_or(0);
        if (count == 0) continue;
        lines.push_back("view " + versioned(view) + " is without " +
                        (count == counted_max ? "at least " : "") + std::to_string(count) +
                        (count == 1 ? " event that was skipped" : " events that were skipped") +
                        "; see `" + program + " dead list " + text(view, "view") + "`");
    }
    return lines;
}

void print_lines(const std::string& title, const std::vector<std::string>& lines,
                 std::optional<Colour> colour) {
    // A reason can be 8 KB long; --json has all of it.
    constexpr std::size_t lines_max = 4;
    if (lines.empty()) return;
    write_out("\n" + title + "\n");
    const std::size_t width = screen_width() - 4;
    for (const std::string& line : lines) {
        const std::string shown = wrapped(shortened(advice(line), lines_max * width), 4, width);
        write_out("  " + (colour ? coloured(shown, *colour) : shown) + "\n");
    }
}

// Each event once, with all its views; why is in the problems.
void print_dead_events(const JsonValue& dead_events) {
    std::vector<std::string> lines;
    std::map<std::string, std::size_t> places;
    for (const JsonValue& dead : dead_events.items()) {
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

void print_page(const std::string& name, const JsonValue& status, const std::string& program) {
    const JsonValue& log = status["log"];
    write_out("environment  " + name + " (schema " + text(status, "environment") + ")\n");
    write_out(
        "leader       " +
        wrapped(leader_line(status["leader"], text(status, "epoch")), 13, screen_width() - 13) +
        "\n");
    write_out("log          position " + text(log, "position") + ", " +
              text(log, "events_per_second") + " events/s\n");
    write_out("lag          " + text(log, "lag_events") + " events, " + text(log, "lag_seconds") +
              " s\n");
    const JsonValue& nodes = status["tasks"]["nodes"];
    if (text(nodes, "live") != "0" || text(nodes, "ended") != "0") {
        write_out("nodes        " + text(nodes, "live") + " live, " + text(nodes, "ended") +
                  " ended in the last hour\n");
    }
    print_rows(
        "views", status["views"],
        {{"view", versioned}, plain("state"), plain("position"), {"lag", lag}, plain("reason")});
    print_rows("bookmarks", status["bookmarks"],
               {plain("name"), plain("state"), plain("position"), {"lag", lag}, plain("held_by")});
    print_versions(status["versions"]);
    print_dead_events(status["dead_events"]);
    print_rows("open writers", status["writers"],
               {plain("pid"), plain("application"), plain("seconds"), plain("state")});

    const std::vector<std::string> problems = texts_of(status["problems"]);
    if (problems.empty()) {
        write_out("\n" + coloured("no problems", Colour::green) + "\n");
    } else {
        print_lines("problems", problems, Colour::red);
    }
    std::vector<std::string> look = skipped_lines(status["views"], program);
    for (std::string& note : texts_of(status["notes"])) look.push_back(std::move(note));
    print_lines("to look at", look, Colour::yellow);
}

int print_status(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result answer = transaction.exec("select status()", {});
    const std::string json(answer.only().text(0));
    const JsonValue status = JsonValue::parse(json);
    if (options.json) {
        write_json(json);
    } else {
        print_page(environment.name.value, status, invocation.app.name());
    }
    return options.check && !status["problems"].items().empty() ? 1 : 0;
}

}  // namespace

Verb status_verb() {
    const auto options = std::make_shared<Options>();
    return {
        .name = "status",
        .help = "show leader, lag, rate, views, nodes, dead events, what stands still and why",
        .about =
            "Problems alone do not make it fail; --check does. What is too long for the screen's "
            "width\n(or COLUMNS) ends with an ellipsis; --json has all of it.\n"
            "Example: baton status --json | jq .log.lag_seconds",
        .options = {{"--json", "print JSON", &options->json},
                    {"--check", "exit with 1 if there are problems", &options->check}},
        .run = [options](Invocation& invocation) { return print_status(*options, invocation); }};
}

}  // namespace baton::cli

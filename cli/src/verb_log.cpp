// baton log: the log, page by page, and as it grows.
#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "log_retention.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

constexpr std::int64_t page_events = 1000;
constexpr std::int64_t filtered_page_events = 10'000;
constexpr std::chrono::milliseconds follow_pause{200};

// Which events; none of these: all.
struct Wanted {
    std::optional<std::string> type;
    std::optional<std::string> key;
    std::optional<std::string> tenant;
    std::optional<std::string> since;

    [[nodiscard]] bool is_all() const { return !type && !key && !tenant && !since; }
};

struct Options {
    std::optional<std::int64_t> after;
    std::optional<std::int64_t> limit;
    bool follow = false;
    bool json = false;
    Wanted wanted;
};

// Of a page of the log: how many events of it are wanted, and how far it goes.
struct Found {
    std::int64_t events = 0;
    std::int64_t scanned_to = 0;
};

// The columns before the payload, as wide as they have needed to be so far.
class People {
public:
    void print(const sql::Result& rows) {
        for (const sql::Row& row : rows) {
            if (row.is_null(4)) continue;
            for (std::size_t column = 0; column < widths_.size(); ++column) {
                widths_[column] = std::max(
                    widths_[column], width_of(terminal_line(cell(row, static_cast<int>(column)))));
            }
        }
        if (!std::exchange(has_headings_, true)) {
            write_out(coloured(line_of({"position", "dispatched_at", "type", "key"}) + "payload",
                               Colour::dim) +
                      "\n");
        }
        for (const sql::Row& row : rows) {
            if (row.is_null(4)) continue;
            write_out(line_of({cell(row, 0), cell(row, 1), cell(row, 2), cell(row, 3)}) +
                      terminal_line(row.text(4)) + "\n");
        }
    }

private:
    static std::string_view cell(const sql::Row& row, int column) {
        return row.text_or_null(column).value_or("");
    }
    [[nodiscard]] std::string line_of(const std::array<std::string_view, 4>& cells) const {
        std::string line;
        for (std::size_t column = 0; column < cells.size(); ++column) {
            const std::string text = terminal_line(cells[column]);
            const std::string padding(widths_[column] - std::min(widths_[column], width_of(text)),
                                      ' ');
            line += (column == 0 ? padding + text : text + padding) + "  ";
        }
        return line;
    }

    std::array<std::size_t, 4> widths_{8, 13, 4, 3};  // of the headings
    bool has_headings_ = false;
};

// At most `limit` of the events after `after`; as JSON where no columns are options.
Found print_page(sql::Connection& connection, const Wanted& wanted, std::int64_t after,
                 std::int64_t limit, People* people) {
    // Of few wanted events most pages have none; of all events no more are read than are printed.
    const std::int64_t scanned = wanted.is_all() ? limit : filtered_page_events;
    sql::Transaction transaction(connection);
    const sql::Result rows = transaction.exec(
        "select position, dispatched_at, type, key, content from log_lines(after_position => $1,"
        " scan_count => $2, limit_count => $3, as_json => $4, of_type => $5, of_key => $6,"
        " of_tenant => $7, since => $8::timestamptz)",
        {after, scanned, limit, people == nullptr, wanted.type, wanted.key, wanted.tenant,
         wanted.since});
    const Found found{static_cast<std::int64_t>(rows.size()) - 1, rows[rows.size() - 1].integer(0)};
    if (found.events == 0) return found;
    if (people != nullptr) {
        people->print(rows);
        return found;
    }
    for (const sql::Row& row : rows) {
        if (!row.is_null(4)) write_json(row.text(4));
    }
    return found;
}

// "2026-11-22 13:00", "yesterday", "15 min" (ago): as a time, and the position before which no
// event is of then or later.
std::int64_t begin_since(sql::Connection& connection, std::string& since) {
    const bool is_ago = is_span(since);
    // "15 min ago" is before now, too.
    if (is_ago && since.ends_with(" ago")) since.resize(since.size() - 4);
    try {
        sql::Transaction transaction(connection);
        const sql::Result begin = transaction.exec(
            std::string("select t.at, position_before(t.at) from (select ") +
                (is_ago ? "clock_timestamp() - $1::interval" : "$1::timestamptz") + ") as t (at)",
            {since});
        since = std::string(begin.only().text(0));
        return begin.only().integer(1);
    } catch (const sql::SqlError& error) {
        if (!error.sqlstate().starts_with("22")) throw;
        refuse(
            "--since must be a time (2026-11-22 13:00, yesterday) or how long ago (15 min), not " +
            json_quoted(since.substr(0, 80)));
    }
}

std::int64_t log_beginning(sql::Connection& connection) {
    sql::Transaction transaction(connection);
    return transaction.exec("select log_beginning()").only().integer(0);
}

int print_log(const Options& options, Invocation& invocation) {
    Wanted wanted = options.wanted;
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    constexpr std::int64_t limit_usual = 1000;
    std::int64_t after = options.after ? *options.after : log_beginning(connection);
    if (wanted.since) after = std::max(after, begin_since(connection, *wanted.since));
    std::int64_t remaining = options.limit.value_or(options.follow ? 0 : limit_usual);
    const bool is_endless = remaining == 0;
    People people;
    while (is_endless || remaining > 0) {
        const std::int64_t limit = is_endless ? page_events : std::min(page_events, remaining);
        const Found found =
            print_page(connection, wanted, after, limit, options.json ? nullptr : &people);
        remaining -= found.events;
        if (std::exchange(after, found.scanned_to) < found.scanned_to) continue;
        if (!options.follow) break;
        flush_out();
        static_cast<void>(sql::pause_unless(follow_pause, [] { return false; }));
    }
    return 0;
}

}  // namespace

Verb log_verb() {
    const auto options = std::make_shared<Options>();
    Wanted& wanted = options->wanted;
    return {
        .name = "log",
        .help = "print the events in their one order",
        .about =
            "--type, --key and --tenant read through the log, 10000 events at a time, from where "
            "--after\nor --since begins. An event has its position, and is printed, once an "
            "orchestrator has\ntaken it.\n"
            "Example: baton log --after 1000 --follow --json | jq .payload",
        .options = {{"--after", "begin after this position [where the log begins]",
                     &options->after},
                    {"--limit", "at most so many events; 0: all of them [1000; with --follow: all]",
                     &options->limit},
                    {"--follow",
                     "go on as the log grows, until Ctrl-C, or until --limit is reached",
                     &options->follow},
                    {"--type", "only events of this type", &wanted.type},
                    {.name = "--key",
                     .help = "only events of this key",
                     .place = &wanted.key,
                     .may_be_empty = true},
                    {.name = "--tenant",
                     .help = "only events of this tenant",
                     .place = &wanted.tenant,
                     .may_be_empty = true},
                    {"--since",
                     "only what was dispatched since then: a time, or how long ago (\"15 min\")",
                     &wanted.since},
                    {"--json", "print a JSON object a line", &options->json}},
        .run = [options](Invocation& invocation) { return print_log(*options, invocation); },
        .verbs = {log_retention_verb()}};
}

}  // namespace baton::cli

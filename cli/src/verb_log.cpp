// baton log: the log, page by page, and as it grows. baton wait: until the views have an event.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
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

struct Given {
    SettingFlags settings;
    std::optional<std::int64_t> after = 0;
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

// At most `limit` of the events after `after`; as JSON where no columns are given.
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
    const bool is_ago = !since.empty() && since.find_first_of("0123456789") == 0 &&
                        since.find_first_of("-:/") == std::string::npos &&
                        since.find_last_of("0123456789. ") != since.size() - 1;
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

int print_log(const Given& given, Invocation& invocation) {
    Wanted wanted = given.wanted;
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    constexpr std::int64_t limit_usual = 1000;
    std::int64_t after = *given.after;
    if (wanted.since) after = std::max(after, begin_since(connection, *wanted.since));
    std::int64_t remaining = given.limit.value_or(given.follow ? 0 : limit_usual);
    const bool is_endless = remaining == 0;
    People people;
    while (is_endless || remaining > 0) {
        const std::int64_t limit = is_endless ? page_events : std::min(page_events, remaining);
        const Found found =
            print_page(connection, wanted, after, limit, given.json ? nullptr : &people);
        remaining -= found.events;
        if (std::exchange(after, found.scanned_to) < found.scanned_to) continue;
        if (!given.follow) break;
        flush_out();
        static_cast<void>(sql::pause_unless(follow_pause, [] { return false; }));
    }
    return 0;
}

struct Waiting {
    SettingFlags settings;
    std::optional<std::int64_t> event;
    std::string timeout = "10";
};

int wait(const Waiting& given, Invocation& invocation) {
    const std::chrono::milliseconds timeout = seconds_of("--timeout", given.timeout);
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    write_out(std::to_string(wait_for_event(connection, *given.event, timeout)) + "\n");
    return 0;
}

}  // namespace

std::int64_t wait_for_event(sql::Connection& connection, std::int64_t event,
                            std::chrono::milliseconds timeout) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + timeout;
    for (;;) {
        // A second at a time: wait_for() holds a snapshot while it waits.
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
        const auto look =
            std::clamp(left, std::chrono::milliseconds(0), std::chrono::milliseconds(1000));
        try {
            sql::Transaction transaction(connection);
            return transaction
                .exec("select wait_for(event_id => $1, timeout => $2)",
                      {event, std::to_string(look.count()) + " ms"})
                .only()
                .integer(0);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::wait_timeout) throw;
            if (Clock::now() < end) continue;
            throw Error(ErrorCode::wait_timeout, "event " + std::to_string(event) +
                                                     " is not in every view after " +
                                                     std::to_string(timeout.count()) +
                                                     " ms; `baton status` tells what holds it up");
        }
    }
}

void add_log(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand("log", "print the events in their one order");
    auto given = std::make_shared<Given>();
    add_number(*verb, "--after", given->after, "begin after this position [0]");
    add_number(*verb, "--limit", given->limit,
               "at most so many events; 0: all [1000; with --follow: all]");
    verb->add_flag("--follow", given->follow,
                   "go on as the log grows, until Ctrl-C, or until --limit is reached");
    verb->add_option("--type", given->wanted.type, "only events of this type");
    verb->add_option("--key", given->wanted.key, "only events of this key");
    verb->add_option("--tenant", given->wanted.tenant, "only events of this tenant");
    verb->add_option("--since", given->wanted.since,
                     "only what was dispatched since then: a time, or how long ago (\"15 min\")");
    verb->add_flag("--json", given->json, "a JSON object a line");
    given->settings.offer(*verb);
    verb->footer(
        footer("What is wanted is looked for in 10000 events of the log at a time, so that --type, "
               "--key\nand --tenant cost what reading the log costs; --since begins where it must. "
               "\n"
               "Events have a position once an orchestrator has taken them.\n"
               "Example: baton log --after 1000 --follow --json | jq .payload"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return print_log(*given, invocation); };
    });
}

void add_wait(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb =
        root.add_subcommand("wait", "wait until every live view has an event; print its position");
    auto given = std::make_shared<Waiting>();
    add_number(*verb, "EVENT_ID", given->event, "as dispatch printed it", {.min = 1})->required();
    verb->add_option("--timeout", given->timeout, "how many seconds to wait [10]");
    given->settings.offer(*verb);
    verb->footer(footer("Example: baton wait 4711 --timeout 30"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return wait(*given, invocation); };
    });
}

}  // namespace baton::cli

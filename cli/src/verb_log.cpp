// baton log: the log, page by page, and as it grows. baton wait: until the views have an event.
#include <CLI/CLI.hpp>

#include <chrono>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/sql/failure.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

constexpr std::int64_t page_events = 1000;
constexpr std::chrono::milliseconds follow_pause{200};

struct Given {
    SettingFlags settings;
    std::optional<std::int64_t> after = 0;
    std::optional<std::int64_t> limit;
    bool follow = false;
    bool json = false;
};

void print_people(const sql::Result& rows, bool with_headings) {
    if (with_headings) {
        write_out(
            coloured("position  dispatched_at                  type  key  payload", Colour::dim) +
            "\n");
    }
    for (const sql::Row& row : rows) {
        std::string position(row.text(0));
        position.insert(0, position.size() < 8 ? 8 - position.size() : 0, ' ');
        std::string line =
            position + "  " + std::string(row.text(1)) + "  " + std::string(row.text(2));
        if (!row.is_null(3)) line += "  " + std::string(row.text(3));
        line += "  " + std::string(row.text(4));
        write_out(terminal_line(line) + "\n");
    }
}

// At most `limit` events after `after`, fewer where they are large; `after` becomes the position of
// the last.
std::int64_t print_page(sql::Connection& connection, const Given& given, std::int64_t& after,
                        std::int64_t limit) {
    sql::Transaction transaction(connection);
    const sql::Result rows = transaction.exec(
        "select position, dispatched_at, type, key, content from log_lines(after_position => $1, "
        "limit_count => $2, as_json => $3)",
        {after, limit, given.json});
    if (given.json) {
        for (const sql::Row& row : rows) write_json(row.text(4));
    } else if (!rows.empty()) {
        print_people(rows, after == *given.after);
    }
    if (!rows.empty()) after = rows[rows.size() - 1].integer(0);
    return static_cast<std::int64_t>(rows.size());
}

int print_log(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    constexpr std::int64_t limit_usual = 1000;
    std::int64_t after = *given.after;
    std::int64_t remaining = given.limit.value_or(given.follow ? 0 : limit_usual);
    const bool is_endless = remaining == 0;
    while (is_endless || remaining > 0) {
        const std::int64_t wanted = is_endless ? page_events : std::min(page_events, remaining);
        const std::int64_t found = print_page(connection, given, after, wanted);
        remaining -= found;
        // Fewer than wanted may mean that they were large.
        if (found > 0) continue;
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
    verb->add_flag("--json", given->json, "a JSON object a line");
    given->settings.offer(*verb);
    verb->footer(
        footer("Events have a position once an orchestrator has taken them.\n"
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

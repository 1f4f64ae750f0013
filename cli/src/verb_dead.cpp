// baton dead …: the events that reducers could not fold, and what is to become of them.
#include <CLI/CLI.hpp>

#include <chrono>
#include <thread>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds poll_interval{50};

struct Given {
    SettingFlags settings;
    std::optional<std::string> view;
    std::optional<std::int64_t> event;
    std::optional<std::int64_t> position;
    std::optional<std::int64_t> version;
    std::string timeout = "10";
    bool no_wait = false;
    bool all = false;
    bool json = false;
};

// An event once, with all views for which it is dead.
constexpr const char* read_json =
    "select coalesce(jsonb_agg(e.object order by e.failed_at desc), '[]') from ("
    " select max(d.failed_at) as failed_at, jsonb_build_object("
    "  'event_id', d.event_id, 'position', d.position, 'event_type', max(d.event_type),"
    "  'key', max(d.key), 'payload', jsonb_agg(d.payload) -> 0,"
    "  'content_type', max(d.content_type), 'meta', jsonb_agg(d.meta) -> 0,"
    "  'views', jsonb_agg(jsonb_build_object('view', d.view, 'version', d.version,"
    "   'state', d.state, 'error', d.error, 'failed_at', d.failed_at,"
    "   'resolved_at', d.resolved_at, 'resolved_by', d.resolved_by)"
    "   order by d.view, d.version)) as object"
    " from dead_events(view => $1, \"position\" => $2, resolved => $3) as d"
    " where d.event_id = coalesce($4::bigint, d.event_id)"
    " group by d.event_id, d.position) as e";
constexpr const char* read_list =
    "select d.event_id, d.position, max(d.event_type),"
    " string_agg(n.name, ', ' order by n.name) filter (where d.state = 'halting'),"
    " string_agg(n.name, ', ' order by n.name) filter (where d.state = 'skipped'),"
    " string_agg(n.name, ', ' order by n.name) filter (where d.state = 'retried'),"
    " (array_agg(d.error order by d.failed_at desc))[1]"
    " from dead_events(view => $1, \"position\" => $2, resolved => $3) as d"
    " cross join lateral (select d.view || '@' || d.version::text) as n (name)"
    " group by d.event_id, d.position order by max(d.failed_at) desc, d.position";
constexpr const char* read_rows =
    "select view, version, position, event_id, event_type, state, failed_at, error, resolved_at, "
    "resolved_by, key, payload, content_type, meta "
    "from dead_events(view => $1, \"position\" => $2, resolved => true) "
    "where event_id = coalesce($3::bigint, event_id)";

void print_json(sql::Transaction& transaction, const Given& given, bool all) {
    const sql::Result json =
        transaction.exec(read_json, {given.view, given.position, all, given.event});
    write_out(std::string(json.only().text(0)) + "\n");
}

// A row of read_list.
void print_event(const sql::Row& row) {
    constexpr std::size_t margin = 11;
    constexpr std::size_t error_lines = 3;
    write_out(terminal_line("event " + std::string(row.text(0)) + " (" + std::string(row.text(2)) +
                            ") at position " + std::string(row.text(1))) +
              "\n");
    const std::size_t width = screen_width() - margin;
    const auto print = [&](std::string name, const std::string& text) {
        name.resize(margin - 2, ' ');
        write_out("  " + name + wrapped(terminal_line(text), margin, width) + "\n");
    };
    constexpr const char* names[] = {"halting", "skipped", "retried"};
    for (int i = 0; i < 3; ++i) {
        if (!row.is_null(3 + i)) print(names[i], std::string(row.text(3 + i)));
    }
    print("error", shortened(row.text(6), error_lines * width));
}

int list(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result found = transaction.exec(read_list, {given.view, given.position, given.all});
    if (found.empty() && given.view) require_view(transaction, *given.view);
    if (given.json) {
        print_json(transaction, given, given.all);
        return 0;
    }
    if (found.empty()) write_out("there are no dead events\n");
    for (const sql::Row& row : found) print_event(row);
    return 0;
}

// "event 7", "position 7".
std::string event_text(const Given& given) {
    if (given.event) return "event " + std::to_string(*given.event);
    return given.position ? "the event at position " + std::to_string(*given.position) : "an event";
}

void require_which(const Given& given, const Invocation& invocation) {
    if (given.view || given.event || given.position) return;
    refuse("which event? VIEW, --event N or --position N says it; see `" + invocation.app.name() +
           " dead list`");
}

int show(const Given& given, Invocation& invocation) {
    require_which(given, invocation);
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result found =
        transaction.exec(read_rows, {given.view, given.position, given.event});
    if (found.empty()) {
        if (given.view) require_view(transaction, *given.view);
        const std::string of = given.view ? "view " + *given.view : "no view";
        throw Error(
            ErrorCode::view_unknown,
            (given.view ? of + " has no dead event" : event_text(given) + " is dead for " + of) +
                "; see `" + invocation.app.name() + " dead list`");
    }
    if (given.json) {
        print_json(transaction, given, true);
        return 0;
    }
    constexpr const char* names[] = {"view",  "version",   "position", "event id", "type",
                                     "state", "failed at", "error",    "resolved", "by",
                                     "key",   "payload",   "content",  "meta"};
    bool is_first = true;
    for (const sql::Row& row : found) {
        if (!is_first) write_out("\n");
        is_first = false;
        for (int i = 0; i < static_cast<int>(std::size(names)); ++i) {
            if (row.is_null(i)) continue;
            std::string name = names[i];
            name.resize(11, ' ');
            write_out(name + terminal_line(row.text(i)) + "\n");
        }
    }
    return 0;
}

// A version of a view that is to go on.
struct Resolved {
    std::string view;
    std::int64_t version;
    std::int64_t position;
};

// The event at a position that was given alone.
std::int64_t event_at(sql::Transaction& transaction, std::int64_t position) {
    const sql::Result found = transaction.exec(
        "select event_id from dead_events(\"position\" => $1, resolved => true) limit 1",
        {position});
    if (!found.empty()) return found[0].integer(0);
    throw Error(ErrorCode::view_unknown,
                "the event at position " + std::to_string(position) + " is dead for no view");
}

std::vector<Resolved> ask(sql::Transaction& transaction, const Given& given,
                          const std::string& how) {
    std::optional<sql::Result> rows;
    if (given.view && !given.event) {
        // What it resolves has a time of after this transaction's beginning.
        transaction.exec(
            "select resolve_dead_event(view => $1, how => $2, \"position\" => $3, "
            "version => $4::integer)",
            {given.view, how, given.position, given.version});
        rows = transaction.exec(
            "select view, version, position from dead_events(view => $1, resolved => true) "
            "where resolved_at >= now() order by version",
            {given.view});
    } else {
        const std::int64_t event =
            given.event ? *given.event : event_at(transaction, *given.position);
        rows = transaction.exec(
            "select view, version, position from resolve_dead_events(how => $1, event_id => $2, "
            "only_view => $3, only_version => $4::integer) order by view, version",
            {how, event, given.view, given.version});
    }
    std::vector<Resolved> resolved;
    for (const sql::Row& row : *rows) {
        resolved.push_back({std::string(row.text(0)), row.integer(1), row.integer(2)});
    }
    return resolved;
}

// What became of it, and the reason where it is not what was asked for.
struct Standing {
    std::string state = "pending";  // as dead_event_standing() says
    std::string reason;
};

Standing wait_for_standing(sql::Connection& connection, const Resolved& resolved,
                           Clock::time_point until) {
    for (;;) {
        {
            sql::Transaction transaction(connection);
            const sql::Result rows = transaction.exec(
                "select state, reason from dead_event_standing(view => $1, version => $2::integer, "
                "\"position\" => $3)",
                {resolved.view, resolved.version, resolved.position});
            if (rows.empty()) return {"gone", {}};
            Standing standing{std::string(rows[0].text(0)),
                              std::string(rows[0].text_or_null(1).value_or(""))};
            // One of its set may only not have gone on yet.
            const bool is_open = standing.state == "pending" || standing.state == "waits";
            if (!is_open || Clock::now() >= until) return standing;
        }
        std::this_thread::sleep_for(poll_interval);
    }
}

std::string name_of(const Resolved& resolved, const Given& given, std::size_t count) {
    const bool is_plain = given.view && !given.event && !given.version && count == 1;
    return "view " + resolved.view + (is_plain ? "" : "@" + std::to_string(resolved.version));
}

// Throws Error unless what was asked for is done.
void require_done(const Standing& standing, const std::string& name, const std::string& event,
                  const std::string& how, const std::string& program) {
    const bool skips = how == "skip";
    if (standing.state == "gone") {
        throw Error(ErrorCode::view_unknown, name + " was retired meanwhile");
    } else if (standing.state == "halting") {
        throw Error(ErrorCode::event_poisoned,
                    name + " still cannot fold " + event + ": " + terminal_line(standing.reason));
    } else if (standing.state == "skipped" && !skips) {
        throw Error(ErrorCode::event_dead, name + " could not fold " + event +
                                               ", and went on without it; see `" + program +
                                               " dead list`");
    } else if (standing.state == "waits") {
        throw Error(ErrorCode::view_halted,
                    name + " waits before " + event + " for view " + standing.reason +
                        " of its set, which is halted; what was asked for is on record; see `" +
                        program + " dead list`");
    } else if (standing.state == "pending") {
        throw Error(ErrorCode::wait_timeout,
                    name + " has not come to " + event +
                        " yet; what was asked for is on record, and done as soon as it comes "
                        "there; `" +
                        program + " status` tells what holds it up");
    }
}

int resolve(const Given& given, Invocation& invocation, const std::string& how) {
    require_which(given, invocation);
    const std::chrono::milliseconds timeout = seconds_of("--timeout", given.timeout);
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::write);
    std::vector<Resolved> resolved;
    try {
        sql::Transaction transaction(connection);
        resolved = ask(transaction, given, how);
        transaction.commit();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::view_unknown || !given.view) throw;
        sql::Transaction looking(connection);
        require_view(looking, *given.view);
        throw;
    }
    const Clock::time_point until = Clock::now() + timeout;
    const bool skips = how == "skip";
    if (resolved.empty()) {
        write_out("no view stands before " + event_text(given) +
                  "; what cannot fold it from now on goes on without it\n");
    }
    std::optional<Error> failed;
    for (const Resolved& each : resolved) {
        const std::string name = name_of(each, given, resolved.size());
        const std::string event = "the event at position " + std::to_string(each.position);
        if (given.no_wait) {
            write_out(name + (skips ? " is to go on without " : " is to try again ") + event +
                      "\n");
            continue;
        }
        try {
            require_done(wait_for_standing(connection, each, until), name, event, how,
                         invocation.app.name());
            write_out(name + (skips ? " goes on without " : " goes on, and has ") + event + "\n");
        } catch (const Error& error) {
            if (failed) std::fprintf(stderr, "%s\n", failed->what());
            failed = error;
        }
    }
    if (failed) throw Error(*failed);
    return 0;
}

using Run = std::function<int(const Given&, Invocation&)>;

std::pair<CLI::App*, std::shared_ptr<Given>> add(CLI::App& group, Invocation& invocation,
                                                 const std::string& name, const std::string& help,
                                                 const std::string& example, const Run& run) {
    CLI::App* const verb = group.add_subcommand(name, help);
    auto given = std::make_shared<Given>();
    verb->add_option("VIEW", given->view, "of which view [every view]");
    add_number(*verb, "--position", given->position, "which event, by its position in the log",
               {.min = 1});
    given->settings.offer(*verb);
    verb->footer(footer(example));
    verb->callback([&invocation, given, run] {
        invocation.chosen = [&invocation, given, run] { return run(*given, invocation); };
    });
    return {verb, given};
}

void add_event(CLI::App& verb, Given& given) {
    add_number(verb, "--event", given.event, "which event, by its id", {.min = 1});
}

void add_resolving(CLI::App& group, Invocation& invocation, const std::string& how,
                   const std::string& help, const std::string& version_help,
                   const std::string& example) {
    const auto [verb, given] =
        add(group, invocation, how, help, example,
            [how](const Given& g, Invocation& i) { return resolve(g, i, how); });
    add_event(*verb, *given);
    add_number(*verb, "--version", given->version, version_help, {.min = 1, .max = 9999});
    verb->add_flag("--no-wait", given->no_wait, "only ask for it: do not wait until it is done");
    verb->add_option("--timeout", given->timeout, "how many seconds to wait until it is done [10]");
}

}  // namespace

void add_dead(CLI::App& root, Invocation& invocation) {
    CLI::App* const group =
        root.add_subcommand("dead", "list, show, retry and skip events that a reducer failed on");
    group->require_subcommand(1);
    group->footer(footer("Example: baton dead list"));
    const auto listing =
        add(*group, invocation, "list",
            "list dead events, the newest first, each with the views for which it is dead",
            "Example: baton dead list", list);
    listing.first->add_flag("--all", listing.second->all, "also those that were retried");
    listing.first->add_flag("--json", listing.second->json, "as JSON, uncut");
    const auto showing = add(*group, invocation, "show", "show dead events with their content",
                             "Example: baton dead show --event 4711", show);
    add_event(*showing.first, *showing.second);
    showing.first->add_flag("--json", showing.second->json, "as JSON");
    add_resolving(*group, invocation, "retry",
                  "let what stands before an event try it again, after the reducer was mended",
                  "of this version alone",
                  "It is done once the event is folded; one that fails again is an error.\n"
                  "Example: baton dead retry monthly_sales");
    add_resolving(
        *group, invocation, "skip", "let what stands before an event go on without it",
        "of this version alone, and a new version halts before the event again",
        "A skipped event stays skipped: every version that cannot fold it, also one that is built\n"
        "later, goes on without it, and nothing halts for it again. A version that can fold it "
        "has\n"
        "it. With VIEW that is so for this view, without for every view.\n"
        "Example: baton dead skip --event 4711");
}

}  // namespace baton::cli

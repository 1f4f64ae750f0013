// baton dead …: the events that reducers could not fold, and what is to become of them.
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

struct Options {
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

void print_json(sql::Transaction& transaction, const Options& options, bool all) {
    const sql::Result json =
        transaction.exec(read_json, {options.view, options.position, all, options.event});
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

int list(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result found =
        transaction.exec(read_list, {options.view, options.position, options.all});
    if (found.empty() && options.view) require_view(transaction, *options.view);
    if (options.json) {
        print_json(transaction, options, options.all);
        return 0;
    }
    if (found.empty()) write_out("there are no dead events\n");
    for (const sql::Row& row : found) print_event(row);
    return 0;
}

// "event 7", "position 7".
std::string event_text(const Options& options) {
    if (options.event) return "event " + std::to_string(*options.event);
    return options.position ? "the event at position " + std::to_string(*options.position)
                            : "an event";
}

void require_which(const Options& options, const Invocation& invocation) {
    if (options.view || options.event || options.position) return;
    refuse("which event? VIEW, --event N or --position N says it; see `" + invocation.app.name() +
           " dead list`");
}

int show(const Options& options, Invocation& invocation) {
    require_which(options, invocation);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result found =
        transaction.exec(read_rows, {options.view, options.position, options.event});
    if (found.empty()) {
        if (options.view) require_view(transaction, *options.view);
        const std::string of = options.view ? "view " + *options.view : "no view";
        throw Error(ErrorCode::view_unknown,
                    (options.view ? of + " has no dead event"
                                  : event_text(options) + " is dead for " + of) +
                        "; see `" + invocation.app.name() + " dead list`");
    }
    if (options.json) {
        print_json(transaction, options, true);
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

std::vector<Resolved> ask(sql::Transaction& transaction, const Options& options,
                          const std::string& how) {
    std::optional<sql::Result> rows;
    if (options.view && !options.event) {
        // What it resolves has a time of after this transaction's beginning.
        transaction.exec(
            "select resolve_dead_event(view => $1, how => $2, \"position\" => $3, "
            "version => $4::integer)",
            {options.view, how, options.position, options.version});
        rows = transaction.exec(
            "select view, version, position from dead_events(view => $1, resolved => true) "
            "where resolved_at >= now() order by version",
            {options.view});
    } else {
        const std::int64_t event =
            options.event ? *options.event : event_at(transaction, *options.position);
        rows = transaction.exec(
            "select view, version, position from resolve_dead_events(how => $1, event_id => $2, "
            "only_view => $3, only_version => $4::integer) order by view, version",
            {how, event, options.view, options.version});
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

std::string name_of(const Resolved& resolved, const Options& options, std::size_t count) {
    const bool is_plain = options.view && !options.event && !options.version && count == 1;
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

int resolve(const Options& options, Invocation& invocation, const std::string& how) {
    require_which(options, invocation);
    const std::chrono::milliseconds timeout = seconds_of("--timeout", options.timeout);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    std::vector<Resolved> resolved;
    try {
        sql::Transaction transaction(connection);
        resolved = ask(transaction, options, how);
        transaction.commit();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::view_unknown || !options.view) throw;
        sql::Transaction looking(connection);
        require_view(looking, *options.view);
        throw;
    }
    const Clock::time_point until = Clock::now() + timeout;
    const bool skips = how == "skip";
    if (resolved.empty()) {
        write_out("no view stands before " + event_text(options) +
                  "; what cannot fold it from now on goes on without it\n");
    }
    std::optional<Error> failed;
    for (const Resolved& each : resolved) {
        const std::string name = name_of(each, options, resolved.size());
        const std::string event = "the event at position " + std::to_string(each.position);
        if (options.no_wait) {
            write_out(name + (skips ? " is to go on without " : " is to try again ") + event +
                      "\n");
            continue;
        }
        try {
            require_done(wait_for_standing(connection, each, until), name, event, how,
                         invocation.app.name());
            write_out(name + (skips ? " goes on without " : " goes on, and has ") + event + "\n");
        } catch (const Error& error) {
            if (failed) {
                std::fprintf(stderr, "%s: %s\n", invocation.app.name().c_str(),
                             with_code(failed->code(), advice(failed->what())).c_str());
            }
            failed = error;
        }
    }
    if (failed) throw Error(*failed);
    return 0;
}

using Run = std::function<int(const Options&, Invocation&)>;

// A verb of the group, which begins with what says which event.
Verb of_group(Verb verb, const std::shared_ptr<Options>& options, const Run& run) {
    verb.options.insert(verb.options.begin(), {{"VIEW", "which view [every view]", &options->view},
                                               {.name = "--position",
                                                .help = "which event, by its position in the log",
                                                .place = &options->position,
                                                .bounds = {.min = 1}}});
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

Option event_option(Options& options) {
    return {.name = "--event",
            .help = "which event, by its id",
            .place = &options.event,
            .bounds = {.min = 1}};
}

Verb list_verb() {
    const auto options = std::make_shared<Options>();
    return of_group(
        {.name = "list",
         .help = "list dead events, the newest first, each with the views for which it is dead",
         .about = "Example: baton dead list",
         .options = {{"--all", "list also those that were retried", &options->all},
                     {"--json", "print JSON, and nothing cut", &options->json}}},
        options, list);
}

Verb show_verb() {
    const auto options = std::make_shared<Options>();
    return of_group({.name = "show",
                     .help = "show dead events with their content",
                     .about = "Example: baton dead show --event 4711",
                     .options = {event_option(*options), {"--json", "print JSON", &options->json}}},
                    options, show);
}

Verb resolving_verb(Verb verb, const std::string& version_help) {
    const auto options = std::make_shared<Options>();
    verb.options = {
        event_option(*options),
        {.name = "--version",
         .help = version_help,
         .place = &options->version,
         .bounds = {.min = 1, .max = 9999}},
        {"--no-wait", "ask for it, and do not wait until it is done", &options->no_wait},
        {"--timeout", "how many seconds to wait until it is done [10]", &options->timeout}};
    const Run run = [how = verb.name](const Options& o, Invocation& i) {
        return resolve(o, i, how);
    };
    return of_group(std::move(verb), options, run);
}

}  // namespace

Verb dead_verb() {
    const char* const about_skip =
        "A skipped event stays skipped: every version that cannot fold it, also one that is built\n"
        "later, goes on without it, and nothing halts for it again. A version that can fold it "
        "has\nit. With VIEW that is so for this view, without for every view.\n"
        "Example: baton dead skip --event 4711";
    return {
        .name = "dead",
        .help = "list, show, retry and skip events that a reducer failed on",
        .about = "Example: baton dead list",
        .verbs = {
            list_verb(), show_verb(),
            resolving_verb(
                {.name = "retry",
                 .help = "let the views that an event stopped try it again, after the reducer "
                         "was mended",
                 .about = "It is done once the views have the event; if it fails again, that is an "
                          "error.\nExample: baton dead retry monthly_sales"},
                "only in this version of the view [every version]"),
            resolving_verb(
                {.name = "skip",
                 .help = "let the views that an event stopped go on without it",
                 .about = about_skip},
                "only in this version of the view; a new version stops before the event again "
                "[every version]")}};
}

}  // namespace baton::cli

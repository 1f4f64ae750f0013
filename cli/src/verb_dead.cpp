// baton dead …: the events that reducers could not fold, and what is to become of them.
#include <CLI/CLI.hpp>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Given {
    SettingFlags settings;
    std::optional<std::string> view;
    std::optional<std::int64_t> position;
    std::optional<std::int64_t> version;
    bool all = false;
    bool json = false;
};

constexpr const char* read_json =
    "select coalesce(jsonb_agg(to_jsonb(d)), '[]') "
    "from dead_events(view => $1, \"position\" => $2, resolved => $3) as d";
constexpr const char* read_rows =
    "select view, version, position, event_id, event_type, state, failed_at, error, resolved_at, "
    "resolved_by, key, payload, content_type, meta "
    "from dead_events(view => $1, \"position\" => $2, resolved => $3)";

int list(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result found = transaction.exec(read_rows, {given.view, given.position, given.all});
    if (found.empty() && given.view) require_view(transaction, *given.view);
    if (given.json) {
        const sql::Result json =
            transaction.exec(read_json, {given.view, given.position, given.all});
        write_json(json.only().text(0));
        return 0;
    }
    Table table({"view", "version", "position", "event_id", "type", "state", "failed_at", "error"});
    for (const sql::Row& row : found) table.add(cells_of(row, 8));
    if (table.empty()) {
        write_out("there are no dead events\n");
    } else {
        table.print();
    }
    return 0;
}

int show(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    const sql::Result found = transaction.exec(read_rows, {given.view, given.position, true});
    if (found.empty()) {
        require_view(transaction, *given.view);
        throw Error(ErrorCode::view_unknown,
                    "view " + *given.view + " has no dead event" +
                        (given.position ? " at position " + std::to_string(*given.position) : "") +
                        "; see `baton dead list`");
    }
    if (given.json) {
        const sql::Result json = transaction.exec(read_json, {given.view, given.position, true});
        write_json(json.only().text(0));
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

int resolve(const Given& given, Invocation& invocation, const std::string& how) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::write);
    std::int64_t position = 0;
    try {
        sql::Transaction transaction(connection);
        position = transaction
                       .exec(
                           "select resolve_dead_event(view => $1, how => $2, "
                           "\"position\" => $3, version => $4::integer)",
                           {given.view, how, given.position, given.version})
                       .only()
                       .integer(0);
        transaction.commit();
    } catch (const Error& error) {
        if (error.code() != ErrorCode::view_unknown) throw;
        sql::Transaction looking(connection);
        require_view(looking, *given.view);
        throw;
    }
    const std::string of_version = given.version ? "@" + std::to_string(*given.version) : "";
    write_out("view " + *given.view + of_version + " goes on " +
              (how == "skip" ? "without the event at position "
                             : "with another try of the event at position ") +
              std::to_string(position) + "\n");
    return 0;
}

using Run = std::function<int(const Given&, Invocation&)>;

std::pair<CLI::App*, std::shared_ptr<Given>> add(CLI::App& group, Invocation& invocation,
                                                 const std::string& name, const std::string& help,
                                                 const Run& run) {
    CLI::App* const verb = group.add_subcommand(name, help);
    auto given = std::make_shared<Given>();
    CLI::Option* const view = verb->add_option("VIEW", given->view, "which view");
    if (name != "list") view->required();
    add_number(*verb, "--position", given->position, "which event, by its position in the log",
               {.min = 1});
    given->settings.offer(*verb);
    verb->footer(footer("Example: baton dead " + name + (name == "list" ? "" : " monthly_sales")));
    verb->callback([&invocation, given, run] {
        invocation.chosen = [&invocation, given, run] { return run(*given, invocation); };
    });
    return {verb, given};
}

}  // namespace

void add_dead(CLI::App& root, Invocation& invocation) {
    CLI::App* const group =
        root.add_subcommand("dead", "list, show, retry and skip events that a reducer failed on");
    group->require_subcommand(1);
    group->footer(footer("Example: baton dead list"));
    const auto listing =
        add(*group, invocation, "list", "list dead events, the newest first", list);
    listing.first->add_flag("--all", listing.second->all, "also those that were retried");
    listing.first->add_flag("--json", listing.second->json, "as JSON");
    const auto showing =
        add(*group, invocation, "show", "show a view's dead events with their content", show);
    showing.first->add_flag("--json", showing.second->json, "as JSON");
    const auto offer_version = [](const std::pair<CLI::App*, std::shared_ptr<Given>>& verb) {
        add_number(*verb.first, "--version", verb.second->version,
                   "of a version that is built beside the live one [the live one, if that is "
                   "halted; else the build that is]",
                   {.min = 1, .max = 9999});
    };
    offer_version(
        add(*group, invocation, "retry",
            "let a halted view try its event again, after the reducer was mended",
            [](const Given& given, Invocation& i) { return resolve(given, i, "retry"); }));
    offer_version(add(*group, invocation, "skip",
                      "let a halted view go on without its event, now and in every rebuild",
                      [](const Given& given, Invocation& i) { return resolve(given, i, "skip"); }));
}

}  // namespace baton::cli

#include "promotion_plan.hpp"

#include <map>

#include "baton/base/terminal.hpp"
#include "baton/sql/parameter.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "versions.hpp"

namespace baton::cli {
namespace {

// Tasks that wait of a handler.
struct Waiting {
    std::string made_for;  // version
    std::int64_t tasks = 0;
};

// The handlers that would change their version. The transaction is not committed.
std::vector<std::string> handlers_of(sql::Connection& connection, const PromotionRequest& request) {
    sql::Transaction transaction(connection);
    const std::int64_t id = ask_for(transaction, request);
    std::vector<std::string> handlers;
    for (const sql::Row& row : transaction.exec(
             "select h from promotion_state($1::bigint) as p, unnest(p.handlers) as h", {id})) {
        handlers.emplace_back(row.text(0));
    }
    return handlers;
}

// Of the handlers that are named, and of those that change with the sets that are.
std::map<std::string, std::vector<Waiting>> count_waiting(sql::Connection& connection,
                                                          const PromotionRequest& request) {
    std::map<std::string, std::vector<Waiting>> waiting;
    for (const std::string& name : handlers_of(connection, request)) {
        sql::Transaction transaction(connection);
        for (const sql::Row& row :
             transaction.exec("select version, waiting from waiting_by_version($1)", {name})) {
            waiting[name].push_back({std::string(row.text(0)), row.integer(1)});
        }
    }
    return waiting;
}

const JsonValue& version_of(const JsonValue& versions, const std::string& handler,
                            const std::string& version) {
    static const JsonValue none;
    for (const JsonValue& one : versions.items()) {
        if (one["handler"].text() == handler && one["version"].text() == version) return one;
    }
    return none;
}

std::string line_of(const Waiting& waiting, const std::string& handler, const std::string& live,
                    const JsonValue& versions) {
    std::string line = "  " + std::to_string(waiting.tasks) +
                       (waiting.tasks == 1 ? " waiting task" : " waiting tasks") +
                       " made for version " + waiting.made_for + " would ";
    const std::string by =
        version_of(versions, handler, waiting.made_for)["runs_as"].text().value_or("");
    if (by == live) return line + "be done by version " + live + "\n";
    const std::string carriers = names_text(version_of(versions, handler, by)["nodes"]);
    return line + "wait for version " + by + ", which " +
           (carriers.empty() ? "no live node carries" : "is carried by " + carriers) + "\n";
}

// What becomes of a handler's task sets, the newest 20 of them.
std::string task_set_lines(sql::Transaction& transaction, const std::string& handler) {
    std::string lines;
    for (const sql::Row& row : transaction.exec(
             "select s.id, s.key, s.version, s.ended_at is null from task_sets(handler => $1,"
             " limit_count => 1000) as s where s.ended_at is null or s.ended_at >= now() limit 20",
             {handler})) {
        lines += "  task set " + terminal_line(row.text(0)) + " (" + terminal_line(row.text(1)) +
                 ") would be " +
                 (row.boolean(3) ? "finished by version " + std::string(row.text(2))
                                 : "superseded, and opened anew") +
                 "\n";
    }
    return lines;
}

}  // namespace

// The promotion itself says what it comes to, in a transaction that is not committed. What waits is
// counted before: batches wait for that transaction.
int print_promotion_plan(const PromotionRequest& request, Invocation& invocation) {
    sql::Connection connection = connect(invocation.load(), Access::write);
    const auto waiting = count_waiting(connection, request);
    std::string text;
    {
        sql::Transaction transaction(connection);
        const std::int64_t id = ask_for(transaction, request);
        const JsonValue versions =
            JsonValue::parse(transaction.exec("select versions()", {}).only().text(0));
        const sql::Result rows = transaction.exec(
            "select s.name, s.version, p.position from promotion_state($1::bigint) as p cross join "
            "unnest(p.view_sets || p.handlers, p.versions || p.handler_versions) as s "
            "(name, version)",
            {id});
        for (const sql::Row& row : rows) {
            const std::string name(row.text(0));
            const std::string live(row.text(1));
            text.append(name).append(" would be live at version ").append(live);
            if (const auto position = row.text_or_null(2)) {
                const std::string carriers = names_text(version_of(versions, name, live)["nodes"]);
                text.append(" from position ").append(*position);
                text.append(carriers.empty() ? "" : ", carried by " + carriers);
            } else {
                text.append(" once the process that keeps it has switched");
            }
            text.append("; nothing has changed\n");
            const auto tasks = waiting.find(name);
            if (tasks != waiting.end()) {
                for (const Waiting& one : tasks->second) text += line_of(one, name, live, versions);
            }
            text += task_set_lines(transaction, name);
        }
    }
    write_out(text);
    return 0;
}

}  // namespace baton::cli

// What a TestEnvironment finds in its log, its tasks and its views.
#include <string>

#include "baton/testing/expectation.hpp"
#include "baton/testing/test_environment.hpp"

namespace baton::testing {
namespace {

// A few of them, for whoever reads why a test failed.
std::string list_of(const sql::Result& rows, const std::string& what) {
    constexpr std::size_t shown = 5;
    if (rows.empty()) return "there are no " + what;
    std::string list = "there are " + std::to_string(rows.size()) + " " + what + ":";
    for (std::size_t i = 0; i < rows.size() && i < shown; ++i) {
        list.append("\n  ").append(rows[i].text(0));
    }
    if (rows.size() > shown) list += "\n  …";
    return list;
}

std::optional<std::string> copied(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    return std::string(*text);
}

}  // namespace

std::string TestEnvironment::rows_json(std::string_view view) {
    sql::Transaction transaction(connection());
    const std::string query(
        transaction.exec("select query from view_query($1)", {std::string(view)}).only().text(0));
    return std::string(
        transaction.exec("select coalesce(json_agg(to_json(v)), '[]') from (" + query + ") as v")
            .only()
            .text(0));
}

std::string TestEnvironment::views_text() {
    std::vector<std::string> views;
    {
        sql::Transaction transaction(connection());
        for (const sql::Row& row : transaction.exec(
                 "select v.view ->> 'view' from jsonb_array_elements(status() -> 'views')"
                 " as v (view) order by 1")) {
            views.emplace_back(row.text(0));
        }
    }
    std::string text;
    for (const std::string& view : views) {
        sql::Transaction transaction(connection());
        const std::string query(
            transaction.exec("select query from view_query($1)", {view}).only().text(0));
        text += view + "\n";
        for (const sql::Row& row :
             transaction.exec("select to_json(v)::text from (" + query + ") as v")) {
            text.append("  ").append(row.text(0)).append("\n");
        }
    }
    return text;
}

std::vector<LoggedEvent> TestEnvironment::events(std::string_view type) {
    constexpr int page = 1000;
    fold();
    std::vector<LoggedEvent> events;
    std::int64_t after = 0;
    while (true) {
        sql::Transaction transaction(connection());
        const sql::Result rows = transaction.exec(
            "select position, type, key, tenant, coalesce(payload, '{}')"
            " from read_log($1::bigint, $2::integer)",
            {after, page});
        if (rows.empty()) return events;
        for (const sql::Row& row : rows) {
            after = row.integer(0);
            if (!type.empty() && row.text(1) != type) continue;
            events.push_back({after, std::string(row.text(1)), copied(row.text_or_null(2)),
                              copied(row.text_or_null(3)), std::string(row.text(4))});
        }
    }
}

std::vector<TestTask> TestEnvironment::tasks(std::string_view handler) {
    sql::Transaction transaction(connection());
    std::vector<TestTask> tasks;
    for (const sql::Row& row :
         transaction.exec("select l.task, l.handler, l.version, l.state,"
                          " coalesce(task_details(l.task) ->> 'payload', '{}'), l.attempts"
                          " from list_tasks(of_handler => nullif($1, ''), page_size => 1000) as l"
                          " where l.state is not null order by l.task desc",
                          {std::string(handler)})) {
        tasks.push_back({row.integer(0), std::string(row.text(1)), static_cast<int>(row.integer(2)),
                         std::string(row.text(3)), std::string(row.text(4)),
                         static_cast<int>(row.integer(5))});
    }
    return tasks;
}

void TestEnvironment::expect_enqueued(std::string_view handler, std::string_view fields) {
    register_handlers();
    fold();
    sql::Transaction transaction(connection());
    const sql::Result rows = transaction.exec(
        "select concat_ws(' ', l.state, d.details ->> 'payload'),"
        " d.details -> 'payload' @> $2::jsonb and l.state in ('waiting', 'due', 'following')"
        " from list_tasks(of_handler => $1, page_size => 1000) as l"
        " cross join lateral task_details(l.task) as d (details)"
        " where l.state is not null order by l.task",
        {std::string(handler), std::string(fields)});
    for (const sql::Row& row : rows) {
        if (!row.is_null(1) && row.boolean(1)) return;
    }
    throw ExpectationFailed("no task of " + std::string(handler) + " waits with " +
                            std::string(fields) + "; " + list_of(rows, "tasks of it"));
}

void TestEnvironment::expect_dispatched(std::string_view type, std::string_view fields) {
    fold();
    sql::Transaction transaction(connection());
    const sql::Result rows = transaction.exec(
        "select l.payload, l.payload @> $2::jsonb from read_log(0, 1000000) as l"
        " where l.type = $1 order by l.position",
        {std::string(type), std::string(fields)});
    for (const sql::Row& row : rows) {
        if (!row.is_null(1) && row.boolean(1)) return;
    }
    throw ExpectationFailed("no event " + std::string(type) + " has " + std::string(fields) + "; " +
                            list_of(rows, "such events"));
}

// The database keeps both from being; this looks at what readers see, whoever wrote it.
void TestEnvironment::expect_no_version_mix() {
    sql::Transaction transaction(connection());
    const sql::Result mixes = transaction.exec(
        "with live as ("
        " select s.set ->> 'view_set' as view_set, s.set ->> 'version' as version, v.view"
        "   from jsonb_array_elements(versions()) as s (set)"
        "  cross join lateral jsonb_array_elements(s.set -> 'views') as v (view)"
        "  where s.set ->> 'view_set' is not null and s.set ->> 'state' = 'live')"
        " select 'the view set ' || view_set || ' is live at versions '"
        "     || string_agg(distinct version, ', ')"
        "   from live group by view_set having count(distinct version) > 1"
        " union all"
        " select 'the view set ' || view_set || ' is shown at positions '"
        "     || string_agg(distinct view ->> 'position', ', ')"
        "   from live group by view_set, version"
        " having count(distinct view ->> 'position') > 1"
        " union all"
        " select 'the task set ' || t.id::text || ' (' || t.handler || ', ' || t.key || ')'"
        "     || ' is pinned to ' || array_to_string(t.pins, ', ') || ', and its member '"
        "     || m.member || ' was done by ' || d.done_by"
        "   from task_sets(limit_count => 1000) as t"
        "  cross join lateral task_set_members(t.id) as m"
        "  cross join lateral (select m.handler || '@' || (task_details(m.task) ->> 'version'))"
        "     as d (done_by)"
        "  where t.is_shown and d.done_by <> all (t.pins)");
    if (mixes.empty()) return;
    std::string message = "versions are mixed";
    for (const sql::Row& mix : mixes) message.append("\n  ").append(mix.text(0));
    throw ExpectationFailed(message);
}

}  // namespace baton::testing

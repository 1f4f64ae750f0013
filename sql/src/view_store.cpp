#include "baton/sql/view_store.hpp"

#include <algorithm>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

namespace baton::sql {
namespace {

ViewState view_state_of(std::string_view name) {
    if (name == "following") return ViewState::following;
    if (name == "halted") return ViewState::halted;
    return ViewState::behind;
}

std::string_view name_of(ViewState state) {
    switch (state) {
        case ViewState::following:
            return "following";
        case ViewState::halted:
            return "halted";
        case ViewState::behind:
            break;
    }
    return "behind";
}

// The keys of a fold come in the order of BATON_KEY, those of a statement in the order of the
// columns.
std::vector<std::size_t> key_order_of(const ReducerInfo& info) {
    std::vector<std::size_t> order;
    for (const ViewColumn& column : info.columns) {
        if (!column.key) continue;
        const auto found = std::ranges::find(info.key_columns, column.name);
        order.push_back(static_cast<std::size_t>(found - info.key_columns.begin()));
    }
    return order;
}

std::vector<Parameter> reordered(const std::vector<std::string>& arrays,
                                 const std::vector<std::size_t>& order) {
    std::vector<Parameter> parameters;
    parameters.reserve(order.size());
    for (const std::size_t index : order) parameters.emplace_back(arrays[index]);
    return parameters;
}

}  // namespace

std::string columns_json(const std::vector<ViewColumn>& columns) {
    std::string json = "[";
    for (const ViewColumn& column : columns) {
        if (json.size() > 1) json += ',';
        json += "{\"name\":" + json_quoted(column.name);
        json += ",\"type\":" + json_quoted(column.sql_type);
        json += column.nullable ? ",\"nullable\":true" : ",\"nullable\":false";
        json += column.key ? ",\"key\":true}" : ",\"key\":false}";
    }
    return json + "]";
}

void prepare_view_store(Connection& connection) {
    connection.prepare("register_reducer",
                       "select register_reducer($1, $2::integer, $3, $4, $5::jsonb, $6::boolean,"
                       " $7::boolean)");
    connection.prepare("set_event_types", "select set_event_types($1, $2::integer, $3::text[])");
    connection.prepare("unread_event_types", "select type, line from unread_event_types('warn')");
    connection.prepare("view_columns", "select view_columns($1, $2::integer)");
    connection.prepare("registered_build",
                       "select build, exists (select from view_state where view = $1"
                       " and version = $2::integer), to_regclass(format('%I.%I', current_schema(),"
                       " $1 || '__v' || $2::text)) is not null, exists (select from view_build b"
                       " where view = $1 and version = $2::integer and is_kept(b)), columns"
                       " from reducer_version where name = $1 and version = $2::integer");
    connection.prepare("rename_sql_build",
                       "update reducer_version set build = $3 where name = $1"
                       " and version = $2::integer");
    connection.prepare("withdraw_version", "select withdraw_version($1, $2::integer)");
    connection.prepare("rebuild_reducer",
                       "select rebuild_reducer($1, $2::integer, $3, $4, $5::jsonb)");
    connection.prepare("read_standing", "select state, position from view_state where view = $1");
    connection.prepare("write_standing", "select set_view_state($1, $2, $3::bigint, $4)");
    connection.prepare("read_skipped",
                       "select position from dead_event where view = $1 and version = $2::integer"
                       " and state = 'skipped' and position > $3::bigint"
                       " and position <= $3::bigint + $4::bigint order by position");
    connection.prepare("is_skipped",
                       "select exists (select from skipped_event where position = $2::bigint"
                       " and (view is null or view = $1))");
    connection.prepare("record_dead_event",
                       "select record_dead_event($1, $2::integer, $3::bigint, $4::bigint, $5, $6,"
                       " $7)");
    connection.prepare("enter_slice",
                       "select enter_slice($1::bigint, $2::xid8, $3::pg_snapshot,"
                       " $4::pg_snapshot, $5::xid8[], $6::bigint, $7::bigint, $8::bigint,"
                       " $9::bigint)");
    connection.prepare("enter_recorded", "select enter_recorded($1::bigint, $2::integer)");
    connection.prepare("view_statements",
                       "select load, upsert, remove from view_statements($1, $2::integer,"
                       " $3::jsonb)");
    connection.prepare("reducer_faults",
                       "select is_refused, found from reducer_faults($1, $2::integer)"
                       " order by is_refused");
    connection.prepare("call_sql_reducer", "select call_sql_reducer($1, $2::integer)");
    connection.prepare("require_known_versions",
                       "select require_known_versions($1, $2::integer, $3::jsonb)");
}

Registered register_reducer(Transaction& transaction, const ReducerInfo& info, bool other_builds,
                            bool is_live) {
    const std::string columns = columns_json(info.columns);
    const Result known = transaction.exec_prepared("registered_build", {info.name, info.version});
    const bool is_replaced = other_builds && !known.empty() && known[0].text(0) != info.build;
    if (is_replaced) {
        if (!is_live && known[0].boolean(1)) return Registered::left_as_it_is;
        if (!is_live && known[0].boolean(3)) return Registered::kept_by_another;
        transaction.exec_prepared("rebuild_reducer",
                                  {info.name, info.version, info.build, "c++", columns});
    }
    transaction.exec_prepared(
        "register_reducer", {info.name, info.version, info.build, "c++", columns, false, is_live});
    transaction.exec_prepared("set_event_types",
                              {info.name, info.version, text_array(info.event_types)});
    return is_replaced ? Registered::to_be_built_anew : Registered::as_it_was;
}

void declare_event_types(Connection& connection, const std::vector<std::string>& types) {
    if (types.empty()) return;
    Transaction transaction(connection);
    transaction.exec("select declare_event_types($1::text[])", {text_array(types)});
    transaction.commit();
}

std::vector<UnreadType> unread_types(Connection& connection) {
    std::vector<UnreadType> types;
    for (const Row row : connection.exec_prepared("unread_event_types", {})) {
        types.push_back({std::string(row.text(0)), std::string(row.text(1))});
    }
    return types;
}

ViewStanding read_standing(Transaction& transaction, const std::string& view) {
    const Result result = transaction.exec_prepared("read_standing", {view});
    const Row row = result.only();
    return {view_state_of(row.text(0)), Position{row.integer(1)}};
}

void write_standing(Transaction& transaction, const std::string& view, const ViewStanding& standing,
                    const std::optional<std::string>& reason) {
    transaction.exec_prepared(
        "write_standing",
        {view, name_of(standing.state), static_cast<std::int64_t>(standing.position), reason});
}

std::vector<Position> read_skipped(Transaction& transaction, const std::string& view, int version,
                                   Position after, std::size_t count) {
    std::vector<Position> positions;
    for (const Row row : transaction.exec_prepared(
             "read_skipped", {view, version, static_cast<std::int64_t>(after), count})) {
        positions.push_back(Position{row.integer(0)});
    }
    return positions;
}

bool is_skipped(Connection& connection, const std::string& view, Position position) {
    return connection.exec_prepared("is_skipped", {view, static_cast<std::int64_t>(position)})
        .only()
        .boolean(0);
}

void record_dead_event(Transaction& transaction, const DeadEvent& dead) {
    transaction.exec_prepared("record_dead_event",
                              {dead.view, dead.version, static_cast<std::int64_t>(dead.position),
                               static_cast<std::int64_t>(dead.event_id), dead.event_type,
                               storable_text(dead.error), dead.skipped ? "skipped" : "halting"});
}

ViewRows::ViewRows(Connection& connection, const ReducerInfo& info)
    : key_order_(key_order_of(info)), column_count_(static_cast<int>(info.columns.size())) {
    const Result statements = connection.exec_prepared(
        "view_statements", {info.name, info.version, columns_json(info.columns)});
    const Row row = statements.only();
    const std::string suffix = "_" + info.name + "__v" + std::to_string(info.version);
    load_ = "load" + suffix;
    upsert_ = "upsert" + suffix;
    remove_ = "remove" + suffix;
    connection.prepare(load_, std::string(row.text(0)));
    connection.prepare(upsert_, std::string(row.text(1)));
    connection.prepare(remove_, std::string(row.text(2)));
}

void ViewRows::load(Connection& connection, Fold& fold) const {
    const std::vector<std::string> keys = fold.missing_keys();
    const Result rows = connection.exec_prepared(load_, reordered(keys, key_order_));
    std::vector<std::optional<std::string_view>> fields(static_cast<std::size_t>(column_count_));
    for (const Row row : rows) {
        for (int column = 0; column < column_count_; ++column) {
            fields[static_cast<std::size_t>(column)] = row.text_or_null(column);
        }
        fold.load(fields);
    }
    fold.loaded();
}

void ViewRows::write(Transaction& transaction, const Changes& changes) const {
    if (changes.delete_count > 0) {
        transaction.exec_prepared(remove_, reordered(changes.deleted_keys, key_order_));
    }
    if (changes.upsert_count > 0) {
        std::vector<Parameter> parameters(changes.columns.begin(), changes.columns.end());
        parameters.emplace_back(changes.positions);
        transaction.exec_prepared(upsert_, parameters);
    }
}

void enter_slice(Transaction& transaction, const LogPage& page, std::size_t first,
                 std::size_t count) {
    const std::int64_t after_id =
        first == 0 ? page.after_id : static_cast<std::int64_t>(page.events[first - 1].id);
    const auto last_id = static_cast<std::int64_t>(page.events[first + count - 1].id);
    transaction.exec_prepared(
        "enter_slice", {page.before.id_value, page.before.xid, page.before.seen, page.window.seen,
                        page.window.stragglers, after_id, last_id, count,
                        static_cast<std::int64_t>(page.events[first].position)});
}

void enter_recorded(Transaction& transaction, Position after, std::size_t count) {
    transaction.exec_prepared("enter_recorded", {static_cast<std::int64_t>(after), count});
}

void call_sql_reducer(Transaction& transaction, const std::string& name, int version) {
    transaction.exec_prepared("call_sql_reducer", {name, version});
}

void require_known_versions(Transaction& transaction, const std::string& name, int version,
                            const std::string& event_versions) {
    transaction.exec_prepared("require_known_versions", {name, version, event_versions});
}

}  // namespace baton::sql

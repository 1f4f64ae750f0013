#include "baton/sql/view_store.hpp"

#include <algorithm>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "registration.hpp"

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

Registered register_reducer(Transaction& transaction, const ReducerInfo& info, bool other_builds,
                            bool is_live) {
    const std::string columns = columns_json(info.columns);
    const Result known =
        transaction.exec(registered_build, {{"name", info.name}, {"version", info.version}});
    const bool is_replaced = other_builds && !known.empty() && known[0].text(0) != info.build;
    if (is_replaced) {
        if (!is_live && known[0].boolean(1)) return Registered::left_as_it_is;
        if (!is_live && known[0].boolean(3)) return Registered::kept_by_another;
        transaction.exec(rebuild_statement, {{"name", info.name},
                                             {"version", info.version},
                                             {"build", info.build},
                                             {"language", "c++"},
                                             {"columns", columns}});
    }
    transaction.exec(register_statement, {{"name", info.name},
                                          {"version", info.version},
                                          {"build", info.build},
                                          {"language", "c++"},
                                          {"columns", columns},
                                          {"other_builds", false},
                                          {"is_live", is_live}});
    transaction.exec(
        event_types_statement,
        {{"name", info.name}, {"version", info.version}, {"types", text_array(info.event_types)}});
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
    constexpr Statement statement{"unread_event_types",
                                  "select type, line from unread_event_types('warn')"};
    for (const Row row : connection.exec(statement)) {
        types.push_back({std::string(row.text(0)), std::string(row.text(1))});
    }
    return types;
}

ViewStanding read_standing(Transaction& transaction, const std::string& view) {
    constexpr Statement statement{"read_standing",
                                  "select state, position from view_state where view = :view"};
    const Result result = transaction.exec(statement, {{"view", view}});
    const Row row = result.only();
    return {view_state_of(row.text(0)), Position{row.integer(1)}};
}

void write_standing(Transaction& transaction, const std::string& view, const ViewStanding& standing,
                    const std::optional<std::string>& reason) {
    constexpr Statement statement{
        "write_standing", "select set_view_state(:view, :state, :position::bigint, :reason)"};
    transaction.exec(statement, {{"view", view},
                                 {"state", name_of(standing.state)},
                                 {"position", standing.position},
                                 {"reason", reason}});
}

Position read_effects_position(Transaction& transaction, const std::string& view) {
    constexpr Statement statement{"read_effects_position",
                                  "select effects_to from view_state where view = :view"};
    return Position{transaction.exec(statement, {{"view", view}}).only().integer(0)};
}

std::vector<Position> read_skipped(Transaction& transaction, const std::string& view, int version,
                                   Position after, std::size_t count) {
    constexpr Statement statement{
        "read_skipped",
        "select position from dead_event where view = :view and version = :version::integer"
        " and state = 'skipped' and position > :after::bigint"
        " and position <= :after::bigint + :count::bigint order by position"};
    std::vector<Position> positions;
    for (const Row row : transaction.exec(
             statement,
             {{"view", view}, {"version", version}, {"after", after}, {"count", count}})) {
        positions.push_back(Position{row.integer(0)});
    }
    return positions;
}

bool is_skipped(Connection& connection, const std::string& view, Position position) {
    constexpr Statement statement{
        "is_skipped",
        "select exists (select from skipped_event where position = :position::bigint"
        " and (view is null or view = :view))"};
    return connection.exec(statement, {{"view", view}, {"position", position}}).only().boolean(0);
}

void record_dead_event(Transaction& transaction, const DeadEvent& dead) {
    constexpr Statement statement{
        "record_dead_event",
        "select record_dead_event(:view, :version::integer, :position::bigint, :event_id::bigint,"
        " :event_type, :error, :state)"};
    transaction.exec(statement, {{"view", dead.view},
                                 {"version", dead.version},
                                 {"position", dead.position},
                                 {"event_id", dead.event_id},
                                 {"event_type", dead.event_type},
                                 {"error", storable_text(dead.error)},
                                 {"state", dead.skipped ? "skipped" : "halting"}});
}

std::optional<StoppedAt> read_stop(Transaction& transaction, const std::string& view, int version,
                                   Position last) {
    const Result rows = transaction.exec(
        "select position, error from dead_event where view = $1 and version = $2::integer"
        " and state = 'halting' and position <= $3::bigint order by position limit 1",
        {view, version, last});
    if (rows.empty()) return std::nullopt;
    return StoppedAt{Position{rows[0].integer(0)}, std::string(rows[0].text(1))};
}

ViewRows::ViewRows(Connection& connection, const ReducerInfo& info)
    : key_order_(key_order_of(info)), column_count_(static_cast<int>(info.columns.size())) {
    constexpr Statement statement{
        "view_statements",
        "select load, upsert, remove from view_statements(:view, :version::integer,"
        " :columns::jsonb)"};
    const Result made = connection.exec(
        statement,
        {{"view", info.name}, {"version", info.version}, {"columns", columns_json(info.columns)}});
    const Row row = made.only();
    const std::string suffix = "_" + info.name + "__v" + std::to_string(info.version);
    load_ = {"load" + suffix, std::string(row.text(0))};
    upsert_ = {"upsert" + suffix, std::string(row.text(1))};
    remove_ = {"remove" + suffix, std::string(row.text(2))};
}

void ViewRows::load(Connection& connection, Fold& fold) const {
    const std::vector<std::string> keys = fold.missing_keys();
    const Result rows = connection.exec(load_, reordered(keys, key_order_));
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
        transaction.exec(remove_, reordered(changes.deleted_keys, key_order_));
    }
    if (changes.upsert_count > 0) {
        std::vector<Parameter> parameters(changes.columns.begin(), changes.columns.end());
        parameters.emplace_back(changes.positions);
        transaction.exec(upsert_, parameters);
    }
}

void enter_slice(Transaction& transaction, const LogPage& page, std::size_t first,
                 std::size_t count) {
    constexpr Statement statement{
        "enter_slice",
        "select enter_slice(:floor_id::bigint, :floor_xid::xid8, :seen_before::pg_snapshot,"
        " :seen::pg_snapshot, :stragglers::xid8[], :after_id::bigint, :last_id::bigint,"
        " :count::bigint, :first_position::bigint)"};
    const std::int64_t after_id =
        first == 0 ? page.after_id : static_cast<std::int64_t>(page.events[first - 1].id);
    transaction.exec(statement, {{"floor_id", page.before.id_value},
                                 {"floor_xid", page.before.xid},
                                 {"seen_before", page.before.seen},
                                 {"seen", page.window.seen},
                                 {"stragglers", page.window.stragglers},
                                 {"after_id", after_id},
                                 {"last_id", page.events[first + count - 1].id},
                                 {"count", count},
                                 {"first_position", page.events[first].position}});
}

void enter_recorded(Transaction& transaction, Position after, std::size_t count) {
    constexpr Statement statement{"enter_recorded",
                                  "select enter_recorded(:after::bigint, :count::integer)"};
    transaction.exec(statement, {{"after", after}, {"count", count}});
}

void call_sql_reducer(Transaction& transaction, const std::string& name, int version) {
    constexpr Statement statement{"call_sql_reducer",
                                  "select call_sql_reducer(:name, :version::integer)"};
    transaction.exec(statement, {{"name", name}, {"version", version}});
}

bool has_sql_effects(Transaction& transaction, const std::string& name, int version) {
    constexpr Statement statement{
        "has_sql_effects",
        "select to_regprocedure(format('%I.%I()', current_schema(), :name || '__v' ||"
        " :version::integer::text || '_effects')) is not null"};
    return transaction.exec(statement, {{"name", name}, {"version", version}}).only().boolean(0);
}

void call_sql_effects(Transaction& transaction, const std::string& name, int version,
                      Position after) {
    constexpr Statement statement{
        "call_sql_effects", "select call_sql_effects(:name, :version::integer, :after::bigint)"};
    transaction.exec(statement, {{"name", name}, {"version", version}, {"after", after}});
}

void write_effects(Transaction& transaction, const std::string& view, int version,
                   std::span<const Effect> effects) {
    constexpr Statement statement{
        "write_effects", "select write_effects(:view, :version::integer, :effects::jsonb[])"};
    // One statement holds so much at any rate.
    constexpr std::size_t bytes_max = std::size_t{16} << 20U;
    std::vector<std::string> some;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < effects.size(); ++i) {
        some.push_back(effects[i].json);
        bytes += effects[i].json.size();
        if (bytes < bytes_max && i + 1 < effects.size()) continue;
        transaction.exec(statement,
                         {{"view", view}, {"version", version}, {"effects", text_array(some)}});
        some.clear();
        bytes = 0;
    }
}

void require_known_versions(Transaction& transaction, const std::string& name, int version,
                            const std::string& event_versions) {
    constexpr Statement statement{
        "require_known_versions",
        "select require_known_versions(:name, :version::integer, :known::jsonb)"};
    transaction.exec(statement, {{"name", name}, {"version", version}, {"known", event_versions}});
}

}  // namespace baton::sql

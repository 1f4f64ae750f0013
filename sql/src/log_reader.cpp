#include "baton/sql/log_reader.hpp"

#include <utility>

namespace baton::sql {
namespace {

constexpr auto page_columns =
    "id, dispatched_at, type, key, tenant, payload, body, content_type, meta";

enum Column { id, dispatched_at, type, key, tenant, payload, body, content_type, meta };

// The planner must not choose by statistics that were taken while the log was empty: the right
// plan, an index scan from where we stand, is the same for every size.
constexpr auto session_settings =
    "set enable_seqscan = off; set enable_bitmapscan = off; set jit = off;"
    "set plan_cache_mode = force_generic_plan; set timezone = 'UTC'; set datestyle = 'ISO'";

std::string slice_statement(Content content) {
    const std::string columns = content == Content::whole ? page_columns : "id, null, type";
    return "select " + columns +
           " from log_slice($1::bigint, $2::xid8, $3::pg_snapshot, $4::pg_snapshot, $5::bigint,"
           " $6::xid8[], $7::bigint, $8::integer) order by id limit $8::integer";
}

Window window_of(const Row& row, int column, std::int64_t number) {
    Window window;
    window.number = number;
    window.id_value = row.integer(column);
    window.xid = row.text(column + 1);
    window.seen = row.text(column + 2);
    window.id_ceiling = row.integer(column + 3);
    window.stragglers = row.text(column + 4);
    return window;
}

std::string_view stored_bytes(LogPage& page, const Row& row) {
    if (row.is_null(body)) return {};
    return page.bodies.emplace_back(row.bytes(body));
}

// Fills page.events from page.rows; columns as page_columns, from `first_column` on.
void fill_events(LogPage& page, Content content) {
    page.events.clear();
    page.bodies.clear();
    page.bytes = 0;
    // Views into bodies must not move.
    page.bodies.reserve(page.rows.size());
    page.events.reserve(page.rows.size());
    auto position = static_cast<std::int64_t>(page.first_position);
    for (const Row row : page.rows) {
        Event& event = page.events.emplace_back();
        event.position = Position{position++};
        event.id = EventId{row.integer(id)};
        event.type = row.text(type);
        if (content == Content::ids_and_types) continue;
        event.key = row.text_or_null(key);
        event.tenant = row.text_or_null(tenant);
        event.payload = row.text(payload);
        event.body = stored_bytes(page, row);
        event.content_type = row.text(content_type);
        event.meta = row.text(meta);
        event.dispatched_at = Timestamp::parse(row.text(dispatched_at));
        page.bytes += event.payload.size() + event.body.size();
    }
}

}  // namespace

Checkpoint read_checkpoint(Connection& connection) {
    const Result result = connection.exec("select * from checkpoint()");
    const Row row = result.only();
    Checkpoint checkpoint;
    checkpoint.next_position = Position{row.integer(0)};
    checkpoint.after_id = row.integer(1);
    checkpoint.window = window_of(row, 3, row.integer(2));
    checkpoint.before.number = checkpoint.window.number - 1;
    checkpoint.before.id_value = row.integer(8);
    checkpoint.before.xid = row.text(9);
    checkpoint.before.seen = row.text(10);
    return checkpoint;
}

LogReader::LogReader(Connection& connection, Checkpoint checkpoint, Content content)
    : connection_(connection),
      at_(std::move(checkpoint)),
      content_(content),
      exhausted_(at_.window.number == 0) {
    connection_.exec(session_settings);
    connection_.prepare("log_slice", slice_statement(content_));
    connection_.prepare("open_window",
                        "select * from open_window($1::bigint, $2::xid8, $3::pg_snapshot)");
    connection_.prepare("recorded_window", "select * from recorded_window($1::bigint)");
}

bool LogReader::next(std::size_t limit, LogPage& page) {
    for (;;) {
        if (exhausted_ && !open_next_window()) return false;
        page.rows = connection_.exec_prepared(
            "log_slice", {at_.before.id_value, at_.before.xid, at_.before.seen, at_.window.seen,
                          at_.window.id_ceiling, at_.window.stragglers, at_.after_id, limit});
        exhausted_ = page.rows.size() < limit;
        if (page.rows.empty()) {
            if (!opens_window_) continue;
            // What it was opened for has been dropped since. It will not be recorded, so no other
            // window may follow it.
            at_.window = at_.before;
            opens_window_ = false;
            return false;
        }

        page.before = at_.before;
        page.window = at_.window;
        page.opens_window = opens_window_;
        page.after_id = at_.after_id;
        page.first_position = at_.next_position;
        fill_events(page, content_);

        opens_window_ = false;
        at_.after_id = page.last_id();
        at_.next_position = Position{static_cast<std::int64_t>(at_.next_position) +
                                     static_cast<std::int64_t>(page.events.size())};
        return true;
    }
}

bool LogReader::take_window(const Result& rows) {
    if (rows.empty()) return false;
    const std::int64_t number = at_.window.number + 1;
    at_.before = std::exchange(at_.window, window_of(rows[0], 0, number));
    at_.after_id = 0;
    exhausted_ = false;
    return true;
}

bool LogReader::open_next_window() {
    if (recorded_ahead_) {
        if (take_window(connection_.exec_prepared("recorded_window", {at_.window.number + 1}))) {
            return true;
        }
        recorded_ahead_ = false;
    }
    opens_window_ = take_window(connection_.exec_prepared(
        "open_window", {at_.window.id_value, at_.window.xid, at_.window.seen}));
    return opens_window_;
}

bool read_recorded(Connection& connection, Position after, std::size_t limit, LogPage& page) {
    connection.prepare("read_log", std::string("select ") + page_columns +
                                       " from read_log($1::bigint, $2::integer)");
    page.rows = connection.exec_prepared("read_log", {static_cast<std::int64_t>(after), limit});
    page.first_position = Position{static_cast<std::int64_t>(after) + 1};
    page.opens_window = false;
    fill_events(page, Content::whole);
    return !page.events.empty();
}

}  // namespace baton::sql

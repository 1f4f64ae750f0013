#include "baton/sql/log_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "log_columns.hpp"

namespace baton::sql {
namespace {

// The planner must not choose by statistics that were taken while the log was empty: the right
// plan, an index scan from where we stand, is the same for every size.
constexpr auto session_settings =
    "set enable_seqscan = off; set enable_bitmapscan = off; set jit = off;"
    "set plan_cache_mode = force_generic_plan";

// A page's rows in both ways of reading.
struct PageStatement {
    MadeStatement at_once;
    MadeStatement apart;
};
using OfEachContent = std::array<PageStatement, 3>;

OfEachContent page_statements(const std::string& name, const std::string& source) {
    const auto of = [&](Content content) {
        return PageStatement{{name, slice_statement(content, Reading::at_once, source)},
                             {name + "_apart", slice_statement(content, Reading::apart, source)}};
    };
    return {of(Content::whole), of(Content::without_envelope), of(Content::ids)};
}

// Those of a window after an id, each put together once.
const PageStatement& page_statement(Content content, bool has_stragglers) {
    static const OfEachContent main_run = page_statements(
        "log_main_run",
        "log_main_run(:floor_id::bigint, :floor_xid::xid8, :seen_before::pg_snapshot,"
        " :seen::pg_snapshot, :ceiling_id::bigint, :after_id::bigint)");
    static const OfEachContent slice = page_statements(
        "log_slice",
        "log_slice(:floor_id::bigint, :floor_xid::xid8, :seen_before::pg_snapshot,"
        " :seen::pg_snapshot, :ceiling_id::bigint, :stragglers::xid8[], :after_id::bigint,"
        " :limit::integer)");
    return (has_stragglers ? slice : main_run)[static_cast<std::size_t>(content)];
}

// Whether a page may be refused for what is in one of its events.
bool is_of_an_event(const SqlError& error) {
    return error.code() == ErrorCode::statement_failed && error.sqlstate() != "57014";
}

// A page's rows. Where the server cannot make one of them, it does not say which: then without the
// large columns, each of which is read apart.
Result read_rows(Connection& connection, const PageStatement& page,
                 std::span<const Argument> arguments) {
    try {
        return connection.exec(page.at_once, arguments);
    } catch (const SqlError& error) {
        if (!is_of_an_event(error)) throw;
        return connection.exec(page.apart, arguments);
    }
}

Result read_wide_events(Connection& connection, const std::string& ids, std::size_t bytes_max) {
    constexpr Statement statement{"wide_events",
                                  "select * from wide_events(:ids::bigint[], :bytes_max::bigint,"
                                  " :carefully::boolean)"};
    const auto read = [&](bool carefully) {
        return connection.exec(statement,
                               {{"ids", ids}, {"bytes_max", bytes_max}, {"carefully", carefully}});
    };
    try {
        return read(false);
    } catch (const SqlError& error) {
        if (!is_of_an_event(error)) throw;
        return read(true);
    }
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

Error events_removed() {
    return {ErrorCode::transaction_retry, "events were removed while they were read"};
}

// The ids of the events whose large columns are to be read apart, as an array; "" if there are
// none.
std::string wide_ids(const LogPage& page, Content content) {
    std::string ids;
    for (const Row row : page.rows) {
        if (!is_apart(row, content)) continue;
        ids += ids.empty() ? '{' : ',';
        ids += row.text(id);
    }
    if (!ids.empty()) ids += '}';
    return ids;
}

// Fills page.events from page.rows, and from page.wide_rows as far as those go.
class PageFiller {
public:
    PageFiller(LogPage& page, Content content) : page_(page), content_(content) {
        page_.events.clear();
        page_.bodies.clear();
        page_.bytes = 0;
        page_.newest_schema_version = 1;
        // Views into bodies must not move.
        page_.bodies.reserve(page_.rows.size());
        page_.events.reserve(page_.rows.size());
    }

    // False if there are more events than the page could take.
    bool fill() {
        for (const Row row : page_.rows) {
            if (!add(row)) return false;
        }
        return true;
    }

private:
    bool add(const Row& row) {
        Event event;
        event.position = Position{static_cast<std::int64_t>(page_.first_position) +
                                  static_cast<std::int64_t>(page_.events.size())};
        event.id = EventId{row.integer(id)};
        event.type = row.text(type);
        event.content_type = row.text(content_type);
        event.schema_version = static_cast<int>(row.integer(schema_version));
        if (content_ == Content::whole) {
            event.key = row.text_or_null(key);
            event.tenant = row.text_or_null(tenant);
            event.dispatched_at = Timestamp::parse(row.text(dispatched_at));
        }
        if (!set_content(event, row)) return false;
        page_.bytes += event.type.size() + size_of(event.key) + size_of(event.tenant) +
                       event.content_type.size() + event.payload.size() + event.body.size() +
                       event.meta.size();
        page_.newest_schema_version = std::max(page_.newest_schema_version, event.schema_version);
        page_.events.push_back(event);
        return true;
    }

    // False if there is no place for its large columns any more.
    bool set_content(Event& event, const Row& row) {
        if (!is_apart(row, content_)) {
            event.payload = row.text(payload);
            set_body(event, row, body);
            if (content_ == Content::whole) event.meta = row.text(meta);
            return true;
        }
        if (wide_taken_ == page_.wide_rows.size()) return false;
        const Row wide = page_.wide_rows[wide_taken_++];
        if (wide.integer(wide_id) != row.integer(id)) {
            throw events_removed();
        }
        event.unreadable = wide.text(wide_fault);
        event.payload = wide.text(wide_payload);
        set_body(event, wide, wide_body);
        if (content_ == Content::whole) event.meta = wide.text(wide_meta);
        return true;
    }

    void set_body(Event& event, const Row& row, int column) {
        if (row.is_null(column)) return;
        // What a column that must not be null has beside bytes.
        if (event.payload == "{}") event.payload = {};
        event.body = page_.bodies.emplace_back(row.bytes(column));
    }

    static std::size_t size_of(const std::optional<std::string_view>& text) {
        return text ? text->size() : 0;
    }

    LogPage& page_;
    Content content_;
    std::size_t wide_taken_ = 0;
};

// Makes page.events of page.rows; false if they are not all of them.
bool fill_events(Connection& connection, LogPage& page, Content content,
                 std::size_t wide_bytes_max) {
    page.wide_rows = Result();
    if (const std::string ids = wide_ids(page, content); !ids.empty()) {
        page.wide_rows = read_wide_events(connection, ids, wide_bytes_max);
    }
    return PageFiller(page, content).fill();
}

// Makes page.events of an array of ids: "{1,2,3}", or null for none; and the newest version beside.
void fill_ids(LogPage& page) {
    page.events.clear();
    page.bytes = 0;
    page.newest_schema_version = 1;
    const Row row = page.rows.only();
    if (row.is_null(0)) return;
    page.newest_schema_version = static_cast<int>(row.integer(1));
    const std::string_view ids = row.text(0);
    const char* const end = ids.data() + ids.size();
    for (const char* at = ids.data() + 1; at < end;) {
        Event event;
        std::int64_t id_value = 0;
        const auto [next, error] = std::from_chars(at, end, id_value);
        BATON_CHECK(error == std::errc());
        event.id = EventId{id_value};
        event.position = Position{static_cast<std::int64_t>(page.first_position) +
                                  static_cast<std::int64_t>(page.events.size())};
        page.events.push_back(event);
        at = next + 1;
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
}

bool LogReader::next(std::size_t limit, LogPage& page, std::size_t wide_bytes_max) {
    for (;;) {
        if (exhausted_ && !open_next_window()) return false;
        page.before = at_.before;
        page.window = at_.window;
        page.opens_window = opens_window_;
        page.after_id = at_.after_id;
        page.first_position = at_.next_position;
        read_slice(limit, page, wide_bytes_max);
        if (page.events.empty()) {
            if (!opens_window_) continue;
            // What it was opened for has been dropped since. It will not be recorded, so no other
            // window may follow it.
            at_.window = at_.before;
            opens_window_ = false;
            return false;
        }
        opens_window_ = false;
        page.is_full = !exhausted_;
        at_.after_id = page.last_id();
        at_.next_position = Position{static_cast<std::int64_t>(at_.next_position) +
                                     static_cast<std::int64_t>(page.events.size())};
        return true;
    }
}

void LogReader::read_slice(std::size_t limit, LogPage& page, std::size_t wide_bytes_max) {
    std::vector<Argument> arguments{{"limit", limit},
                                    {"floor_id", at_.before.id_value},
                                    {"floor_xid", at_.before.xid},
                                    {"seen_before", at_.before.seen},
                                    {"seen", at_.window.seen},
                                    {"ceiling_id", at_.window.id_ceiling},
                                    {"after_id", at_.after_id}};
    const bool has_stragglers = at_.window.stragglers != "{}";
    if (has_stragglers) arguments.push_back({"stragglers", at_.window.stragglers});
    page.rows = read_rows(connection_, page_statement(content_, has_stragglers), arguments);
    if (content_ == Content::ids) {
        fill_ids(page);
        exhausted_ = page.events.size() < limit;
    } else {
        const bool is_whole = fill_events(connection_, page, content_, wide_bytes_max);
        exhausted_ = is_whole && page.rows.size() < limit;
    }
}

bool LogReader::take_window(const Result& rows) {
    if (rows.empty()) return false;
    const std::int64_t number = at_.window.number + 1;
    at_.before = std::exchange(at_.window, window_of(rows[0], 0, number));
    at_.after_id = rows[0].integer(5);
    exhausted_ = false;
    return true;
}

bool LogReader::open_next_window() {
    // Each with the id after which the window begins.
    constexpr Statement recorded{
        "recorded_window",
        "select w.*, origin_id(:number::bigint) from recorded_window(:number::bigint) as w"};
    constexpr Statement open{
        "open_window",
        "select w.*, origin_id(:number::bigint) from open_window("
        ":floor_id::bigint, :floor_xid::xid8, :seen_before::pg_snapshot) as w"};
    const std::int64_t number = at_.window.number + 1;
    if (recorded_ahead_) {
        if (take_window(connection_.exec(recorded, {{"number", number}}))) return true;
        recorded_ahead_ = false;
    }
    opens_window_ = take_window(connection_.exec(open, {{"number", number},
                                                        {"floor_id", at_.window.id_value},
                                                        {"floor_xid", at_.window.xid},
                                                        {"seen_before", at_.window.seen}}));
    return opens_window_;
}

std::string read_event_type(Connection& connection, EventId event) {
    const Result rows = connection.exec("select type from event where id = " +
                                        std::to_string(static_cast<std::int64_t>(event)));
    return rows.empty() ? std::string() : std::string(rows[0].text(0));
}

void arm_doorbell(Connection& connection, bool armed) {
    constexpr Statement statement{"arm_doorbell", "select arm_doorbell(:armed::boolean)"};
    connection.exec(statement, {{"armed", armed}});
}

bool read_recorded(Connection& connection, Position after, std::size_t limit, LogPage& page,
                   std::size_t wide_bytes_max) {
    const auto statement = [](Reading reading) {
        return "select " + columns_for(Content::whole, reading) +
               " from read_log(:after::bigint, :limit::integer)";
    };
    static const PageStatement log{{"read_log", statement(Reading::at_once)},
                                   {"read_log_apart", statement(Reading::apart)}};
    const std::array<Argument, 2> arguments{Argument{"after", after}, Argument{"limit", limit}};
    page.rows = read_rows(connection, log, arguments);
    page.first_position = Position{static_cast<std::int64_t>(after) + 1};
    page.opens_window = false;
    page.is_full = false;
    fill_events(connection, page, Content::whole, wide_bytes_max);
    if (page.events.empty() && !page.rows.empty()) throw events_removed();
    return !page.events.empty();
}

RecordedReader::RecordedReader(Connection& connection, Position after, Content content)
    : connection_(connection), at_(after), content_(content) {
    connection_.exec(session_settings);
}

bool RecordedReader::next(std::size_t limit, LogPage& page, std::size_t wide_bytes_max) {
    // Batches that are smaller than this are put together by the server.
    constexpr std::size_t worth_a_query = 1000;
    constexpr Statement log_part{
        "log_part",
        "select count - skip, skip, after_id, last_id, floor_id, floor_xid, seen_before, seen,"
        " stragglers from log_parts(:after::bigint) limit 1"};
    const Result parts = connection_.exec(log_part, {{"after", at_}});
    if (parts.empty() || parts[0].integer(0) <= 0) return false;
    const auto left = static_cast<std::size_t>(parts[0].integer(0));
    const bool knows_last_id = last_id_ > 0 || parts[0].integer(1) == 0;
    if (knows_last_id && left >= std::min(limit, worth_a_query)) {
        read_of_batch(parts[0], std::min(limit, left), page, wide_bytes_max);
    } else if (!read_recorded(connection_, at_, limit, page, wide_bytes_max)) {
        return false;
    }
    at_ = page.events.back().position;
    last_id_ = page.last_id();
    return true;
}

void RecordedReader::read_of_batch(const Row& part, std::size_t count, LogPage& page,
                                   std::size_t wide_bytes_max) {
    page.opens_window = false;
    page.is_full = false;
    page.first_position = Position{static_cast<std::int64_t>(at_) + 1};
    const std::int64_t after_id = part.integer(1) == 0 ? part.integer(2) : last_id_;
    std::vector<Argument> arguments{{"limit", count},
                                    {"floor_id", part.integer(4)},
                                    {"floor_xid", part.text(5)},
                                    {"seen_before", part.text(6)},
                                    {"seen", part.text(7)},
                                    {"ceiling_id", part.integer(3)},
                                    {"after_id", after_id}};
    const bool has_stragglers = part.text(8) != "{}";
    if (has_stragglers) arguments.push_back({"stragglers", part.text(8)});
    page.rows = read_rows(connection_, page_statement(content_, has_stragglers), arguments);
    if (content_ == Content::ids) {
        fill_ids(page);
    } else {
        fill_events(connection_, page, content_, wide_bytes_max);
    }
    const std::size_t found = content_ == Content::ids ? page.events.size() : page.rows.size();
    if (found != count) {
        throw Error(ErrorCode::event_unknown,
                    "the log after position " + std::to_string(static_cast<std::int64_t>(at_)) +
                        " has " + std::to_string(found) + " events where " + std::to_string(count) +
                        " were recorded: events were removed");
    }
    if (page.events.empty()) throw events_removed();
}

}  // namespace baton::sql

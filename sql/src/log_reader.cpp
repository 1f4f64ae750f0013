#include "baton/sql/log_reader.hpp"

#include <string>
#include <utility>

#include "log_page.hpp"

namespace baton::sql {
namespace {

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
    use_reading_settings(connection_);
}

bool LogReader::next(std::size_t limit, LogPage& page, std::size_t wide_bytes_max) {
    for (;;) {
        if (exhausted_ && !open_next_window()) return false;
        page.before = at_.before;
        page.window = at_.window;
        page.opens_window = opens_window_;
        page.after_id = at_.after_id;
        page.first_position = at_.next_position;
        read_page(limit, page, wide_bytes_max);
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

void LogReader::read_page(std::size_t limit, LogPage& page, std::size_t wide_bytes_max) {
    const Slice slice{.floor_id = at_.before.id_value,
                      .floor_xid = at_.before.xid,
                      .seen_before = at_.before.seen,
                      .seen = at_.window.seen,
                      .ceiling_id = at_.window.id_ceiling,
                      .stragglers = at_.window.stragglers,
                      .after_id = at_.after_id};
    const PageRows rows = read_slice(connection_, slice, content_, limit, page, wide_bytes_max);
    exhausted_ = rows.are_all_taken && rows.found < limit;
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

}  // namespace baton::sql

#include "baton/sql/recorded_reader.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "baton/base/error.hpp"
#include "log_page.hpp"

namespace baton::sql {

bool read_recorded(Connection& connection, Position after, std::size_t limit, LogPage& page,
                   std::size_t wide_bytes_max) {
    const auto statement = [](Reading reading) {
        return "select " + columns_for(Content::whole, reading) +
               " from read_log(:after::bigint, :limit::integer)";
    };
    static const PageStatement log{{"read_log", statement(Reading::at_once)},
                                   {"read_log_apart", statement(Reading::apart)}};
    const std::array<Argument, 2> arguments{Argument{"after", after}, Argument{"limit", limit}};
    page.first_position = Position{static_cast<std::int64_t>(after) + 1};
    page.opens_window = false;
    page.is_full = false;
    const PageRows rows = read_page(connection, log, arguments, page, wide_bytes_max);
    if (page.events.empty() && rows.found > 0) throw events_removed();
    return !page.events.empty();
}

void require_whole_log(Connection& connection, const std::string& who) {
    Transaction transaction(connection);
    transaction.exec("select is_log_kept(0, $1)", {who});
}

RecordedReader::RecordedReader(Connection& connection, Position after, Content content)
    : connection_(connection), at_(after), content_(content) {
    use_reading_settings(connection_);
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
    const Slice slice{.floor_id = part.integer(4),
                      .floor_xid = part.text(5),
                      .seen_before = part.text(6),
                      .seen = part.text(7),
                      .ceiling_id = part.integer(3),
                      .stragglers = part.text(8),
                      .after_id = after_id};
    const std::size_t found =
        read_slice(connection_, slice, content_, count, page, wide_bytes_max).found;
    if (found != count) {
        throw Error(ErrorCode::event_unknown,
                    "the log after position " + std::to_string(static_cast<std::int64_t>(at_)) +
                        " has " + std::to_string(found) + " events where " + std::to_string(count) +
                        " were recorded: events were removed");
    }
    if (page.events.empty()) throw events_removed();
}

}  // namespace baton::sql

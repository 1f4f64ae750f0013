// Reads again what is recorded of the log, in its one order: for views that are behind, for new
// versions of views, and for time travel.
//
// Threads: one thread, together with its Connection. Pages may be handed to another thread.
#pragma once

#include <cstdint>

#include "baton/sql/connection.hpp"
#include "baton/sql/log_reader.hpp"

namespace baton::sql {

/// For `who`, which is about to read the log from its first event. Throws SqlError of BT071 where
/// retention dropped that: see is_log_kept.sql.
void require_whole_log(Connection& connection, const std::string& who);

/// Reads recorded events again, through read_log(): for views that are behind. Positions from
/// `after` on, at most `limit`; false if there are none. `wide_bytes_max` as for next().
bool read_recorded(Connection& connection, Position after, std::size_t limit, LogPage& page,
                   std::size_t wide_bytes_max = any_bytes);

/// Reads recorded events again, from a position on, through the windows that they were read in: as
/// fast as when they were new. Threads: as LogReader.
class RecordedReader {
public:
    /// Begins with the position after `after`. Sets the planner settings that reading relies on for
    /// the session.
    RecordedReader(Connection& connection, Position after, Content content);

    /// As LogReader::next(), but false at the end of what is recorded. Throws Error(event_unknown)
    /// where events were removed.
    bool next(std::size_t limit, LogPage& page, std::size_t wide_bytes_max = any_bytes);

private:
    void read_of_batch(const Row& part, std::size_t count, LogPage& page,
                       std::size_t wide_bytes_max);

    Connection& connection_;
    Position at_;
    Content content_;
    std::int64_t last_id_ = 0;  // of the event at at_; 0: not known
};

}  // namespace baton::sql

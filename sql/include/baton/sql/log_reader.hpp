// Reads the log in its one order: first what is recorded of the newest window, then window after
// window of what is new. Why that order is right is told in log_slice.sql.
//
// A LogReader only reads. Whoever takes a page records it (record_batch) in the transaction that
// reduces it; until then a new LogReader would give the same events again.
//
// Threads: one thread, together with its Connection. Pages may be handed to another thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "baton/types/event.hpp"

namespace baton::sql {

/// What one snapshot saw; the columns of log_window, as Postgres writes them.
struct Window {
    std::int64_t number = 0;
    std::int64_t id_value = 0;
    std::string xid;
    std::string seen;
    std::int64_t id_ceiling = 0;
    std::string stragglers;
};

/// Where the log goes on.
struct Checkpoint {
    Position next_position{1};
    std::int64_t after_id = 0;  ///< Never below what came from another cluster: origin_id.sql.
    Window before;
    Window window;
};

/// The newest recorded batch's end.
[[nodiscard]] Checkpoint read_checkpoint(Connection& connection);

/// Which events a batch has: some that follow each other in the log, all of one window.
struct BatchRange {
    Window window;
    bool opens_window = false;  ///< The window is not recorded yet.
    std::int64_t after_id = 0;  ///< after_id < id <= last_id
    std::int64_t last_id = 0;
    Position first_position{};
    std::size_t count = 0;
};

/// Events that follow each other in the log, all of one window: a batch to be.
struct LogPage {
    Window before;
    Window window;
    bool opens_window = false;  ///< The window is not recorded yet.
    std::int64_t after_id = 0;  ///< Its events have after_id < id <= the last one's id.
    Position first_position{};
    bool is_full = false;           ///< The window may have more: the page ended at a limit.
    std::size_t bytes = 0;          ///< Of all that the events hold.
    std::vector<Event> events;      ///< Their texts live as long as the page.
    int newest_schema_version = 1;  ///< Of all events.

    [[nodiscard]] std::int64_t last_id() const {
        return static_cast<std::int64_t>(events.back().id);
    }

    [[nodiscard]] BatchRange range() const {
        return {window, opens_window, after_id, last_id(), first_position, events.size()};
    }

    /// Lets go of the events, and of the memory that their texts are in.
    void clear() {
        events.clear();
        rows = Result();
        wide_rows = Result();
        bodies.clear();
    }

    Result rows;                      ///< Holds the texts.
    Result wide_rows;                 ///< The texts of large events.
    std::vector<std::string> bodies;  ///< Decoded bytea.
};

/// For as many events as asked for, however large they are.
inline constexpr auto any_bytes = static_cast<std::size_t>(1) << 62U;

/// What to read of each event.
enum class Content : std::uint8_t {
    whole,
    without_envelope,  ///< No key, tenant, meta, nor time, where no reducer looks at them.
    ids,               ///< For reducers that read the events in SQL.
};

class LogReader {
public:
    /// Goes on at `checkpoint`. Sets the planner settings that reading relies on for the session.
    LogReader(Connection& connection, Checkpoint checkpoint, Content content);

    /// The next at most `limit` events, or false if there is nothing new. `page` is overwritten.
    /// It ends early where the events above 2 KB in it reach `wide_bytes_max`.
    bool next(std::size_t limit, LogPage& page, std::size_t wide_bytes_max = any_bytes);

private:
    void read_page(std::size_t limit, LogPage& page, std::size_t wide_bytes_max);
    bool open_next_window();
    bool take_window(const Result& rows);

    Connection& connection_;
    Checkpoint at_;
    Content content_;
    bool exhausted_ = false;      // the window has nothing more
    bool recorded_ahead_ = true;  // windows may be recorded that have no batch yet
    bool opens_window_ = false;   // the next page is the first of an unrecorded window
};

/// Whether dispatch() is to ring from now on; see sql/functions/orchestrate/arm_doorbell.sql.
void arm_doorbell(Connection& connection, bool armed);

/// The type of an event that was read by its id only; "" if it was removed.
[[nodiscard]] std::string read_event_type(Connection& connection, EventId event);

}  // namespace baton::sql

// A reader of the log for tests: leads, reads pages as the orchestrator does, and records them.
//
// Threads: one thread.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/log_reader.hpp"

namespace baton::sql {

/// An event as a test compares it.
struct LoggedEvent {
    std::int64_t position = 0;
    std::int64_t id = 0;
    std::string type;
    std::string key;
    std::string payload;

    friend bool operator==(const LoggedEvent&, const LoggedEvent&) = default;
};
std::ostream& operator<<(std::ostream& out, const LoggedEvent& event);

/// The events of a page, copied.
[[nodiscard]] std::vector<LoggedEvent> events_of(const LogPage& page);

class LogFollower {
public:
    /// Leads the environment at `url`; fails the test by an exception if somebody else does.
    explicit LogFollower(const std::string& url);

    /// A reader that starts at the checkpoint, as after a crash.
    [[nodiscard]] LogReader reader();
    /// Records `page` in a transaction of its own. Throws unless batch_event shows its very events.
    void record(const LogPage& page);
    /// Reads to the end in pages of `limit` and records each; returns what came.
    std::vector<LoggedEvent> drain(std::size_t limit = 1000);
    /// Reads and records one page of at most `limit`.
    std::vector<LoggedEvent> take(std::size_t limit);

    [[nodiscard]] Connection& reading() { return reading_; }
    [[nodiscard]] Connection& writing() { return writing_; }
    [[nodiscard]] Epoch epoch() const { return epoch_; }

private:
    Connection reading_;
    Connection writing_;
    Epoch epoch_;
};

/// All of read_log(), read `limit` at a time.
[[nodiscard]] std::vector<LoggedEvent> whole_log(Connection& connection, std::size_t limit = 997);

/// The payloads, in order.
[[nodiscard]] std::vector<std::string> payloads(const std::vector<LoggedEvent>& events);

/// Dispatches {"n": number} about `key` in a transaction of its own; returns the event's id.
std::int64_t dispatch_number(Connection& connection, std::int64_t number,
                             const std::string& key = "k");

/// Makes a function again with `from` in its source replaced by `to`; throws if it is not in it.
void replace_in_function(Connection& connection, const std::string& function,
                         const std::string& from, const std::string& to);

}  // namespace baton::sql

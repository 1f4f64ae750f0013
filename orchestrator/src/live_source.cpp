#include "live_source.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/fault.hpp"

namespace baton::orchestrator {
LiveSource::LiveSource(const OrchestratorOptions& options, sql::Checkpoint checkpoint,
                       sql::Content content)
    : options_(options),
      checkpoint_(std::move(checkpoint)),
      content_(content),
      listener_(options.url, sql::session_options(options.schema, "baton listener"),
                options.schema) {}

void LiveSource::read_all(PageReader& reader) {
    sql::Connection connection(options_.url, sql::session_options(options_.schema, "baton reader"));
    // All it writes is the doorbell, which the next leader sets anew after a crash: nothing
    // worth a flush of the disk, for which the leader's COMMIT would queue.
    connection.exec("set synchronous_commit = off");
    connection.prepare("arm_doorbell", "select arm_doorbell($1::boolean)");
    sql::LogReader log(connection, checkpoint_, content_);
    connection.exec_prepared("arm_doorbell", {false});
    while (!reader.stopping()) {
        if (!read_page(reader, log)) wait_for_events(reader, connection, log);
    }
}

bool LiveSource::read_page(PageReader& reader, sql::LogReader& log) {
    return reader.read_page([&](std::size_t limit, sql::LogPage& page) {
        if (!log.next(limit, page, PageSize::bytes_max)) return false;
        fault_point("after_read");
        return true;
    });
}

// Asks to be rung, then looks again. Transactions that looked at the doorbell before it was armed
// may still commit without ringing; whatever they took until then, the pauses between the looks
// are not longer than that, so such an event is seen at most twice as late as it was committed.
// Where a second look finds more than it was rung for, it need not be rung any more; what it finds
// without having been rung may mean that somebody else has disarmed the doorbell.
void LiveSource::wait_for_events(PageReader& reader, sql::Connection& connection,
                                 sql::LogReader& log) {
    constexpr std::chrono::milliseconds shortest{1};
    connection.exec_prepared("arm_doorbell", {true});
    fault_point("after_arm");
    std::chrono::milliseconds pause = shortest;
    bool is_rung = true;
    while (!reader.stopping()) {
        if (read_page(reader, log)) {
            if (read_page(reader, log)) break;
            if (!is_rung) {
                connection.exec_prepared("arm_doorbell", {true});
                pause = shortest;
            }
        }
        is_rung = listener_.wait(pause);
        if (!is_rung) pause = std::min(pause * 2, options_.poll);
    }
    fault_point("after_wake");
    // Who ends leaves it armed: a successor may have armed it already.
    if (!reader.stopping()) connection.exec_prepared("arm_doorbell", {false});
}

}  // namespace baton::orchestrator

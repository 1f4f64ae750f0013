#include "read_ahead.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/fault.hpp"

namespace baton::orchestrator {
namespace {

sql::ConnectOptions reader_options(const OrchestratorOptions& options) {
    sql::ConnectOptions connect;
    connect.application_name = "baton reader";
    connect.schema = options.schema;
    return connect;
}

sql::ConnectOptions listener_options(const OrchestratorOptions& options) {
    sql::ConnectOptions connect = reader_options(options);
    connect.application_name = "baton listener";
    return connect;
}

}  // namespace

ReadAhead::ReadAhead(const OrchestratorOptions& options, const Registry& registry,
                     sql::Checkpoint checkpoint)
    : options_(options),
      registry_(registry),
      listener_(options.url, listener_options(options), options.schema),
      thread_([this, at = std::move(checkpoint)]() mutable { run(std::move(at)); }) {}

ReadAhead::~ReadAhead() {
    pages_.stop();
    listener_.wake();
    thread_.join();
}

void ReadAhead::run(sql::Checkpoint checkpoint) {
    try {
        sql::Connection connection(options_.url, reader_options(options_));
        // All it writes is the doorbell, which the next leader sets anew after a crash: nothing
        // worth a flush of the disk, for which the leader's COMMIT would queue.
        connection.exec("set synchronous_commit = off");
        sql::LogReader reader(connection, std::move(checkpoint), what_is_read(registry_));
        sql::arm_doorbell(connection, false);
        read_all(connection, reader);
    } catch (...) {
        pages_.tell_failure();
    }
}

void ReadAhead::read_all(sql::Connection& connection, sql::LogReader& reader) {
    while (!pages_.stopping()) {
        if (!read_page(reader)) wait_for_events(connection, reader);
    }
}

bool ReadAhead::read_page(sql::LogReader& reader) {
    std::unique_ptr<Page> page = pages_.empty_page();
    if (!reader.next(page_size_.limit(fold_limit_), page->log, PageSize::bytes_max)) {
        pages_.give_back(std::move(page));
        pages_.tell_end();
        return false;
    }
    fault_point("after_read");
    page_size_.read(page->log);
    pages_.hand_over(std::move(page));
    return true;
}

// Asks to be rung, then looks again. Transactions that looked at the doorbell before it was armed
// may still commit without ringing; whatever they took until then, the pauses between the looks
// are not longer than that, so such an event is seen at most twice as late as it was committed.
// Where a second look finds more than it was rung for, it need not be rung any more; what it finds
// without having been rung may mean that somebody else has disarmed the doorbell.
void ReadAhead::wait_for_events(sql::Connection& connection, sql::LogReader& reader) {
    constexpr std::chrono::milliseconds shortest{1};
    sql::arm_doorbell(connection, true);
    fault_point("after_arm");
    std::chrono::milliseconds pause = shortest;
    bool is_rung = true;
    while (!pages_.stopping()) {
        if (read_page(reader)) {
            if (read_page(reader)) break;
            if (!is_rung) {
                sql::arm_doorbell(connection, true);
                pause = shortest;
            }
        }
        is_rung = listener_.wait(pause);
        if (!is_rung) pause = std::min(pause * 2, options_.poll);
    }
    fault_point("after_wake");
    // Who ends leaves it armed: a successor may have armed it already.
    if (!pages_.stopping()) sql::arm_doorbell(connection, false);
}

}  // namespace baton::orchestrator

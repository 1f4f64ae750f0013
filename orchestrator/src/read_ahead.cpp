#include "read_ahead.hpp"

#include <algorithm>
#include <system_error>
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

// SQL reducers read the events by themselves.
sql::Content what_is_read(const Registry& registry) {
    if (registry.reducers().empty()) return sql::Content::ids;
    return registry.reads_envelope() ? sql::Content::whole : sql::Content::without_envelope;
}

}  // namespace

ReadAhead::ReadAhead(const OrchestratorOptions& options, const Registry& registry,
                     sql::Checkpoint checkpoint)
    : options_(options),
      registry_(registry),
      listener_(options.url, listener_options(options), options.schema),
      thread_([this, at = std::move(checkpoint)]() mutable { run(std::move(at)); }) {}

ReadAhead::~ReadAhead() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    listener_.wake();
    thread_.join();
}

std::unique_ptr<Page> ReadAhead::take(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return ready_ || failure_; });
    return take_ready(std::move(lock));
}

std::unique_ptr<Page> ReadAhead::take_if_any(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return ready_ || failure_ || is_at_end_; });
    return take_ready(std::move(lock));
}

std::unique_ptr<Page> ReadAhead::take_ready(std::unique_lock<std::mutex> lock) {
    if (!ready_ && failure_) std::rethrow_exception(failure_);
    std::unique_ptr<Page> page = std::move(ready_);
    lock.unlock();
    changed_.notify_all();
    if (page && page->decoding.valid()) page->decoding.get();
    return page;
}

void ReadAhead::give_back(std::unique_ptr<Page> page) {
    page->log.clear();
    const std::lock_guard lock(mutex_);
    spare_ = std::move(page);
}

bool ReadAhead::stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

void ReadAhead::hand_over(std::unique_ptr<Page> page) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !ready_ || stopping_; });
    ready_ = std::move(page);
    is_at_end_ = false;
    lock.unlock();
    changed_.notify_all();
}

void ReadAhead::run(sql::Checkpoint checkpoint) {
    try {
        sql::Connection connection(options_.url, reader_options(options_));
        // All it writes is the doorbell, which the next leader sets anew after a crash: nothing
        // worth a flush of the disk, for which the leader's COMMIT would queue.
        connection.exec("set synchronous_commit = off");
        connection.prepare("arm_doorbell", "select arm_doorbell($1::boolean)");
        sql::LogReader reader(connection, std::move(checkpoint), what_is_read(registry_));
        connection.exec_prepared("arm_doorbell", {false});
        read_all(connection, reader);
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
    }
    changed_.notify_all();
}

void ReadAhead::read_all(sql::Connection& connection, sql::LogReader& reader) {
    while (!stopping()) {
        if (!read_page(reader)) wait_for_events(connection, reader);
    }
}

bool ReadAhead::read_page(sql::LogReader& reader) {
    std::unique_ptr<Page> page;
    {
        const std::lock_guard lock(mutex_);
        page = std::move(spare_);
    }
    if (!page) page = std::make_unique<Page>();

    if (!reader.next(page_size_.limit(fold_limit_), page->log, PageSize::bytes_max)) {
        give_back(std::move(page));
        {
            const std::lock_guard lock(mutex_);
            is_at_end_ = true;
        }
        changed_.notify_all();
        return false;
    }
    fault_point("after_read");
    page_size_.read(page->log);
    start_decoding(*page);
    hand_over(std::move(page));
    return true;
}

// The server would idle while a large page is decoded: a task does that, and the next is read.
void ReadAhead::start_decoding(Page& page) const {
    constexpr std::size_t worth_a_task = 1000;
    const auto decode = [this, &page] { registry_.decode(page.log.events, page.decoded); };
    if (page.log.events.size() < worth_a_task) return decode();
    try {
        page.decoding = std::async(std::launch::async, decode);
    } catch (const std::system_error&) {
        decode();  // the machine has no thread to spare
    }
}

// Asks to be rung, then looks again. Transactions that looked at the doorbell before it was armed
// may still commit without ringing; whatever they took until then, the pauses between the looks
// are not longer than that, so such an event is seen at most twice as late as it was committed.
// Where a second look finds more than it was rung for, it need not be rung any more; what it finds
// without having been rung may mean that somebody else has disarmed the doorbell.
void ReadAhead::wait_for_events(sql::Connection& connection, sql::LogReader& reader) {
    constexpr std::chrono::milliseconds shortest{1};
    connection.exec_prepared("arm_doorbell", {true});
    fault_point("after_arm");
    std::chrono::milliseconds pause = shortest;
    bool is_rung = true;
    while (!stopping()) {
        if (read_page(reader)) {
            if (read_page(reader)) break;
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
    if (!stopping()) connection.exec_prepared("arm_doorbell", {false});
}

}  // namespace baton::orchestrator

// Reads and decodes the next page of the log while the former one is folded and committed, and
// waits for the doorbell when there is none.
//
// Threads: everything between the constructor and the destructor happens on a thread of its own,
// but large pages are decoded by tasks; take() and give_back() belong to the leader's. Failures of
// the thread are thrown by take(). Lifetime: the registry must outlive it; the thread has ended
// when the destructor returns.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "baton/orchestrator/orchestrator.hpp"
#include "baton/reducers/registry.hpp"
#include "baton/sql/listener.hpp"
#include "baton/sql/log_reader.hpp"
#include "page_size.hpp"

namespace baton::orchestrator {

/// A page of the log, and its events as typed values.
struct Page {
    sql::LogPage log;
    DecodedBatch decoded;
    std::future<void> decoding;  ///< of `decoded`, until take() has waited for it
};

class ReadAhead {
public:
    /// Goes on at `checkpoint`; reads whole events only if `registry` has reducers.
    ReadAhead(const OrchestratorOptions& options, const Registry& registry,
              sql::Checkpoint checkpoint);
    ~ReadAhead();
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    /// The next page, or nullptr if there is none within `timeout`. Throws what stopped the thread.
    [[nodiscard]] std::unique_ptr<Page> take(std::chrono::milliseconds timeout);
    /// The same, but nullptr at once where the log has no more.
    [[nodiscard]] std::unique_ptr<Page> take_if_any(std::chrono::milliseconds timeout);
    /// From here on pages have at most `count` events; it begins with one.
    void limit_events(std::size_t count) { fold_limit_ = count; }
    /// A page that is done with, to be used again.
    void give_back(std::unique_ptr<Page> page);

private:
    void run(sql::Checkpoint checkpoint);
    void read_all(sql::Connection& connection, sql::LogReader& reader);
    bool read_page(sql::LogReader& reader);
    void wait_for_events(sql::Connection& connection, sql::LogReader& reader);
    void start_decoding(Page& page) const;
    void hand_over(std::unique_ptr<Page> page);
    [[nodiscard]] bool stopping();
    std::unique_ptr<Page> take_ready(std::unique_lock<std::mutex> lock);

    // Constant after construction.
    const OrchestratorOptions& options_;
    const Registry& registry_;
    sql::Listener listener_;

    // Touched by the reading thread only.
    PageSize page_size_{options_.batch_max};

    std::atomic<std::size_t> fold_limit_{1};

    std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_.
    std::unique_ptr<Page> ready_;
    std::unique_ptr<Page> spare_;
    std::exception_ptr failure_;
    bool is_at_end_ = false;  // the last look found nothing
    bool stopping_ = false;

    std::thread thread_;
};

}  // namespace baton::orchestrator

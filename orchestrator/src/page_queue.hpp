// Hands pages of the log from the thread that reads them to the one that folds them, one page
// ahead, and back for their memory to be used again.
//
// Threads: take(), take_more() and give_back() belong to the folding thread, stop() to whoever ends
// the reading thread, all else to the reading thread. Large pages are decoded by tasks. Lifetime:
// the registry must outlive it; and it must outlive the reading thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <memory>
#include <mutex>

#include "baton/reducers/registry.hpp"
#include "baton/sql/log_reader.hpp"

namespace baton::orchestrator {

/// A page of the log, and its events as typed values.
struct Page {
    sql::LogPage log;
    DecodedBatch decoded;
    std::future<void> decoding;  ///< of `decoded`, until it was taken
};

/// What is to be read of each event for these reducers; SQL reducers read the events by themselves.
[[nodiscard]] sql::Content what_is_read(const Registry& registry);

class PageQueue {
public:
    explicit PageQueue(const Registry& registry) : registry_(registry) {}

    /// The next page, or nullptr if there is none within `timeout`. Throws what stopped the reading
    /// thread.
    [[nodiscard]] std::unique_ptr<Page> take(std::chrono::milliseconds timeout);
    /// The same for whoever has some already: nullptr at once where the log has no more, or reading
    /// failed, which is for the next take() to throw.
    [[nodiscard]] std::unique_ptr<Page> take_more(std::chrono::milliseconds timeout);
    /// A page that is done with, to be used again.
    void give_back(std::unique_ptr<Page> page);

    /// A page to read into.
    [[nodiscard]] std::unique_ptr<Page> empty_page();
    /// Decodes a page that was read, and waits until there is place for it.
    void hand_over(std::unique_ptr<Page> page);
    /// There is nothing to read now.
    void tell_end();
    /// The exception at hand ends the reading thread.
    void tell_failure();

    void stop();
    [[nodiscard]] bool stopping();

private:
    void start_decoding(Page& page) const;
    std::unique_ptr<Page> take_ready(std::unique_lock<std::mutex> lock);

    const Registry& registry_;  // constant

    std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_.
    std::unique_ptr<Page> ready_;
    std::unique_ptr<Page> spare_;
    std::exception_ptr failure_;
    bool is_at_end_ = false;  // the last look found nothing
    bool stopping_ = false;
};

}  // namespace baton::orchestrator

// Reads and decodes the pages of a source while the former ones are folded and committed.
//
// Threads: the source is read on a thread of its own; pages() and limit_events() are how the
// folding one gets at what that reads. Large pages are decoded by tasks. Lifetime: the registry
// must outlive it; the thread has ended when the destructor returns.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "page.hpp"
#include "page_size.hpp"

namespace baton::orchestrator {

/// Hands pages from the reading thread to the one that folds them, one page ahead, and back for
/// their memory to be used again. take(), take_more() and give_back() belong to the folding thread,
/// stop() to whoever ends the reading thread, all else to the reading thread.
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

class PageReader;

/// Where pages come from.
class PageSource {
public:
    PageSource() = default;
    virtual ~PageSource() = default;
    PageSource(const PageSource&) = delete;
    PageSource& operator=(const PageSource&) = delete;

    /// On the reading thread: calls read_page() until there is nothing more, or the reader is
    /// stopping. What it throws, the folding thread throws.
    virtual void read_all(PageReader& reader) = 0;
    /// Ends a wait of read_all(), from another thread.
    virtual void wake() {}
};

/// What is to be read of each event for these reducers; SQL reducers read the events by themselves.
[[nodiscard]] sql::Content what_is_read(const Registry& registry);

class PageReader {
public:
    /// Pages have at most `count` events, until limit_events(); and never more than `events_max`.
    PageReader(const Registry& registry, std::unique_ptr<PageSource> source, std::size_t events_max,
               std::size_t count);
    ~PageReader();
    PageReader(const PageReader&) = delete;
    PageReader& operator=(const PageReader&) = delete;

    /// What was read, for the folding thread.
    [[nodiscard]] PageQueue& pages() { return pages_; }
    /// From here on pages have at most `count` events.
    void limit_events(std::size_t count) { fold_limit_ = count; }

    /// For the source. Hands over a page that `next` fills with at most so many events; false where
    /// that says that there are none.
    bool read_page(const std::function<bool(std::size_t limit, sql::LogPage&)>& next);
    [[nodiscard]] bool stopping() { return pages_.stopping(); }

private:
    void run();

    const std::unique_ptr<PageSource> source_;
    PageSize page_size_;  // touched by the reading thread only
    std::atomic<std::size_t> fold_limit_;
    PageQueue pages_;
    std::thread thread_;
};

}  // namespace baton::orchestrator

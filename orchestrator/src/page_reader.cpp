#include "page_reader.hpp"

#include <system_error>
#include <utility>

namespace baton::orchestrator {

sql::Content what_is_read(const Registry& registry) {
    if (registry.reducers().empty()) return sql::Content::ids;
    return registry.reads_envelope() ? sql::Content::whole : sql::Content::without_envelope;
}

std::unique_ptr<Page> PageQueue::take(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return ready_ || failure_; });
    if (!ready_ && failure_) std::rethrow_exception(failure_);
    return take_ready(std::move(lock));
}

std::unique_ptr<Page> PageQueue::take_more(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [&] { return ready_ || failure_ || is_at_end_; });
    return take_ready(std::move(lock));
}

std::unique_ptr<Page> PageQueue::take_ready(std::unique_lock<std::mutex> lock) {
    std::unique_ptr<Page> page = std::move(ready_);
    lock.unlock();
    changed_.notify_all();
    if (page && page->decoding.valid()) page->decoding.get();
    return page;
}

void PageQueue::give_back(std::unique_ptr<Page> page) {
    page->log.clear();
    const std::lock_guard lock(mutex_);
    spare_ = std::move(page);
}

std::unique_ptr<Page> PageQueue::empty_page() {
    const std::lock_guard lock(mutex_);
    return spare_ ? std::move(spare_) : std::make_unique<Page>();
}

void PageQueue::hand_over(std::unique_ptr<Page> page) {
    start_decoding(*page);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !ready_ || stopping_; });
    ready_ = std::move(page);
    is_at_end_ = false;
    lock.unlock();
    changed_.notify_all();
}

// The server would idle while a large page is decoded: a task does that, and the next is read.
void PageQueue::start_decoding(Page& page) const {
    constexpr std::size_t worth_a_task = 1000;
    const auto decode = [this, &page] { registry_.decode(page.log.events, page.decoded); };
    if (page.log.events.size() < worth_a_task) return decode();
    try {
        page.decoding = std::async(std::launch::async, decode);
    } catch (const std::system_error&) {
        decode();  // the machine has no thread to spare
    }
}

void PageQueue::tell_end() {
    {
        const std::lock_guard lock(mutex_);
        is_at_end_ = true;
    }
    changed_.notify_all();
}

void PageQueue::tell_failure() {
    {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
    }
    changed_.notify_all();
}

void PageQueue::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

bool PageQueue::stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

PageReader::PageReader(const Registry& registry, std::unique_ptr<PageSource> source,
                       std::size_t events_max, std::size_t count)
    : source_(std::move(source)),
      page_size_(events_max),
      fold_limit_(count),
      pages_(registry),
      thread_([this] { run(); }) {}

PageReader::~PageReader() {
    pages_.stop();
    source_->wake();
    thread_.join();
}

void PageReader::run() {
    try {
        source_->read_all(*this);
        pages_.tell_end();
    } catch (...) {
        pages_.tell_failure();
    }
}

bool PageReader::read_page(const std::function<bool(std::size_t limit, sql::LogPage&)>& next) {
    std::unique_ptr<Page> page = pages_.empty_page();
    if (!next(page_size_.limit(fold_limit_), page->log)) {
        pages_.give_back(std::move(page));
        pages_.tell_end();
        return false;
    }
    page_size_.read(page->log);
    pages_.hand_over(std::move(page));
    return true;
}

}  // namespace baton::orchestrator

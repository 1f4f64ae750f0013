#include "chore.hpp"

#include <utility>

#include "baton/base/log.hpp"

namespace baton::orchestrator {

Chore::Chore(const OrchestratorOptions& options, std::string name,
             std::chrono::milliseconds interval, Work work)
    : options_(options),
      name_(std::move(name)),
      interval_(interval),
      work_(std::move(work)),
      thread_([this] { run(); }) {}

Chore::~Chore() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    // A statement that had not begun yet does not notice it was to be ended.
    while (!has_ended_) {
        if (session_) session_->cancel();
        changed_.wait_for(lock, std::chrono::milliseconds(20));
    }
    lock.unlock();
    thread_.join();
}

void Chore::run() {
    while (wait()) {
        try {
            do_all();
        } catch (const std::exception& error) {
            const std::lock_guard lock(mutex_);
            session_.reset();
            if (!stopping_) log().warn("{}: {}; will try again", name_, error.what());
        }
    }
    const std::lock_guard lock(mutex_);
    session_.reset();
    has_ended_ = true;
    changed_.notify_all();
}

void Chore::do_all() {
    if (!session_) {
        auto session = std::make_unique<sql::Connection>(
            options_.url, sql::session_options(options_.schema, "baton " + name_));
        const std::lock_guard lock(mutex_);
        session_ = std::move(session);
    }
    while (work_(*session_) && !is_stopping()) {
    }
}

bool Chore::is_stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

bool Chore::wait() {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock, interval_, [&] { return stopping_; });
}

}  // namespace baton::orchestrator

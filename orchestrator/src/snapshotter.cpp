#include "snapshotter.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "baton/base/log.hpp"
#include "baton/sql/past.hpp"

namespace baton::orchestrator {
namespace {

constexpr std::chrono::seconds interval{10};

}  // namespace

Snapshotter::Snapshotter(const OrchestratorOptions& options)
    : options_(options), thread_([this] { run(); }) {}

Snapshotter::~Snapshotter() {
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

void Snapshotter::run() {
    while (wait()) {
        try {
            take();
        } catch (const std::exception& error) {
            const std::lock_guard lock(mutex_);
            session_.reset();
            if (!stopping_) log().warn("no snapshots taken: {}; will try again", error.what());
        }
    }
    const std::lock_guard lock(mutex_);
    session_.reset();
    has_ended_ = true;
    changed_.notify_all();
}

void Snapshotter::take() {
    if (!session_) {
        auto session = std::make_unique<sql::Connection>(
            options_.url, sql::session_options(options_.schema, "baton snapshots"));
        const std::lock_guard lock(mutex_);
        session_ = std::move(session);
    }
    for (;;) {
        const std::string taken = sql::take_snapshots(*session_, options_.snapshots);
        if (taken.empty()) return;
        log_line(spdlog::level::info, "snapshot taken", {{"view", taken}});
    }
}

bool Snapshotter::wait() {
    std::unique_lock lock(mutex_);
    return !changed_.wait_for(lock,
                              std::min<std::chrono::milliseconds>(interval, options_.poll * 10),
                              [&] { return stopping_; });
}

}  // namespace baton::orchestrator

// What handlers say of their tasks while they run: how far they have come, and that they need
// longer. The agent tells the database, once a second at most, the newest of each task.
//
// Threads: any.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "live_session.hpp"

namespace baton::node {

struct Saying {
    std::shared_ptr<LiveSession> session = {};           ///< Under which the task is held.
    std::optional<std::string> progress = std::nullopt;  ///< JSON text.
    std::optional<std::chrono::milliseconds> longer = std::nullopt;
};

class Sayings {
public:
    /// Returns whether it is the first one since take(): somebody has to wake the agent.
    bool say(const Held& held, Saying saying) {
        const std::lock_guard lock(mutex_);
        const bool is_first = by_token_.empty();
        Saying& newest = by_token_[held.task.token];
        newest.session = held.session;
        if (saying.progress) newest.progress = std::move(saying.progress);
        if (saying.longer)
            newest.longer = std::max(newest.longer.value_or(*saying.longer), *saying.longer);
        return is_first;
    }
    /// By the token of the task.
    [[nodiscard]] std::map<std::string, Saying> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(by_token_, {});
    }
    [[nodiscard]] bool empty() const {
        const std::lock_guard lock(mutex_);
        return by_token_.empty();
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, Saying> by_token_;
};

}  // namespace baton::node

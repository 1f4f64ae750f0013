// A node's session, as the agent and the threads of its handlers share it.
//
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

#include "baton/sql/node_session.hpp"

namespace baton::node {

using Clock = std::chrono::steady_clock;

class LiveSession {
public:
    LiveSession(sql::NodeSession session, Clock::time_point trusted_until)
        : node(std::move(session)), trusted_until_(trusted_until) {}

    /// The database says that it is over.
    void end() noexcept { ended_ = true; }
    void trust_until(Clock::time_point time) noexcept { trusted_until_ = time; }
    /// Whether the node's tasks are still its own, as far as it can know: this clock begins when a
    /// sign of life is sent, the server's when that arrives, so this one is over first.
    [[nodiscard]] bool is_trusted() const noexcept {
        return !ended_ && Clock::now() < trusted_until_.load();
    }

    const sql::NodeSession node;

private:
    std::atomic<bool> ended_{false};
    std::atomic<Clock::time_point> trusted_until_;
};

/// A task that this node holds, under the session in which it was claimed.
struct Held {
    sql::ClaimedTask task;
    std::shared_ptr<LiveSession> session;
};

}  // namespace baton::node

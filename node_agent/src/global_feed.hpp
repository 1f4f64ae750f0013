// GlobalFeed: says events of the log on the buses of a node's tasks, in the log's order.
//
// Threads: attach() and what it returns from any; publish() from one.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "baton/local_bus/bus.hpp"
#include "baton/node_agent/followers.hpp"

namespace baton::node {

class GlobalFeed {
public:
    /// The bus hears what is published from now on, until what is returned is let go of; which
    /// waits where that very bus is being told something.
    [[nodiscard]] std::shared_ptr<void> attach(Bus& bus);

    /// To every bus. One whose subscriber lets it wait for room is waited for.
    void publish(const StoredPayload& event, const FollowContext& context);
    /// The position behind which the first event will be.
    void begin_after(Position position) { began_ = position; }

private:
    struct Guest {
        std::mutex mutex;
        Bus* bus = nullptr;  // with mutex; null: it is gone
    };

    std::mutex mutex_;
    std::vector<std::shared_ptr<Guest>> guests_;  // with mutex_
    Position began_{};
    std::unordered_map<std::string, Position> last_;  // by type
};

/// Throws Error(settings_invalid) where one of these types of events cannot be a topic.
void require_topics(const std::vector<std::string>& types);

}  // namespace baton::node

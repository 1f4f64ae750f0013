// What goes through a BusWindow, from a node to whoever looks at its buses: frames as in a
// recording (docs/recordings.md), each with a msgpack map of one of these.
//
// Threads: values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "baton/local_bus/recording.hpp"

namespace baton {

/// Whose window it is.
struct WindowHello {
    std::string node;
    std::string environment;
    std::int64_t process = 0;
    BATON_FIELDS(node, environment, process)
};

/// SubscriptionStats, on its way.
struct WatchedSubscription {
    std::string topic;
    std::int64_t published = 0;
    std::int64_t delivered = 0;
    std::int64_t dropped = 0;
    std::int64_t discarded = 0;
    std::int64_t in_flight = 0;
    std::int64_t failed = 0;
    std::int64_t most_waiting = 0;
    BATON_FIELDS(topic, published, delivered, dropped, discarded, in_flight, failed, most_waiting)
};

struct WatchedBus {
    std::optional<std::int64_t> task;
    std::optional<std::int32_t> attempt;
    std::int64_t published = 0;
    std::int64_t unheard = 0;
    std::vector<WatchedSubscription> subscriptions;
    WatchedSubscription ended;  ///< The sum over those that are no more.
    BATON_FIELDS(task, attempt, published, unheard, subscriptions, ended)
};

struct WindowStats {
    std::vector<WatchedBus> buses;
    std::int64_t ended_buses = 0;  ///< Since the node started.
    std::int64_t ended_published = 0;
    BATON_FIELDS(buses, ended_buses, ended_published)
};

/// From the node: one of them.
struct WindowFrame {
    std::optional<WindowHello> hello;  ///< The first one.
    std::optional<RecordedMessage> message;
    std::optional<std::int64_t> lost;  ///< So many messages were not sent here.
    std::optional<WindowStats> stats;
    std::optional<std::string> refused;  ///< Why; the last one.
    BATON_FIELDS(hello, message, lost, stats, refused)
};

/// To the node, once.
struct WindowRequest {
    std::string want = "hello";                       ///< "hello", "stats" or "tail".
    std::string topic = "**";                         ///< A pattern.
    std::optional<std::string> level = std::nullopt;  ///< Of log lines, those from there on.
    BATON_FIELDS(want, topic, level)
};

}  // namespace baton

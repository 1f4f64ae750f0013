// A node agent with handlers that count their tasks, in this process.
//
// Threads: those of the node call the handlers; the rest belongs to one.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "baton/node_agent/node_agent.hpp"
#include "workbench.hpp"

namespace baton::bench {

class CountingNode {
public:
    /// Returns once `handler` is on record.
    CountingNode(const Database& database, const Handlers& handlers, const std::string& handler);
    ~CountingNode();
    CountingNode(const CountingNode&) = delete;
    CountingNode& operator=(const CountingNode&) = delete;

private:
    NodeAgent agent_;
    std::thread thread_;
};

/// Runs `begin`, and waits until `count` more tasks have ended. Returns tasks a second.
double rate_until_ended(Session& session, const std::string& begin, std::int64_t count);

}  // namespace baton::bench

// What a node does with what tasks say on their buses: lets people look, keeps what a failed
// attempt said, forwards lines to its log. Each only if it was asked for.
//
// Threads: a BusKeeping is shared by those of all handlers; a TaskTrail is of one task's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "baton/local_bus/bus_window.hpp"
#include "baton/local_bus/last_messages.hpp"
#include "baton/node_agent/node_agent.hpp"

namespace baton::node {

class BusKeeping {
public:
    /// Throws Error(recording_failed) for a folder that is not this user's alone. Where nobody can
    /// look at the buses the log says why, and the node works all the same.
    BusKeeping(BusOptions options, const std::string& node, std::string environment);

private:
    friend class TaskTrail;

    const BusOptions options_;
    const std::string environment_;
    std::unique_ptr<bus::FailureFolder> failures_;
    std::unique_ptr<BusWindow> window_;
    std::shared_ptr<bus::Tap> forward_;
};

class TaskTrail {
public:
    TaskTrail(BusKeeping& keeping, const std::optional<std::string>& tenant);

    /// Until what is returned is let go of.
    [[nodiscard]] std::shared_ptr<void> follow(Bus& bus);
    /// Where the attempt failed: keeps what it said, and says so in the reason.
    void add_to(Outcome& outcome);

private:
    BusKeeping& keeping_;
    const bool has_lines_;
    BusContext context_;
    std::shared_ptr<bus::LastMessages> messages_;
    std::shared_ptr<bus::LastLines> lines_;
};

}  // namespace baton::node

// Drain: a node that does its tasks on the calling thread, for tests: what a NodeAgent does with a
// task is done with it here, too, but one after the other, and what a handler throws is thrown.
//
//   baton::Drain drain({.url = url, .schema = "baton_test", .credentials = …}, handlers);
//   while (!drain.round().empty()) {}
//
// It visits these fault points (baton/base/fault.hpp): task_claimed, task_handled (its transaction
// is open yet), task_done.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "baton/node_agent/handlers.hpp"
#include "baton/node_agent/node_agent.hpp"

namespace baton {

/// What a handler said of a task that was carried out.
struct DrainedTask {
    std::int64_t id = 0;
    std::string handler;
    int version = 0;
    int attempt = 1;
    std::string payload;  ///< "{}" where there are bytes.
    Outcome outcome;      ///< A retry, too, where its COMMIT failed.
};

class Drain {
public:
    /// Registers a node of these handlers, and defines the workflows of `options`. Throws as
    /// NodeAgent::run().
    Drain(NodeOptions options, const Handlers& handlers);
    /// The node leaves, as if it had been stopped.
    ~Drain();
    Drain(const Drain&) = delete;
    Drain& operator=(const Drain&) = delete;

    /// Claims of each handler what one call of it does, carries that out, and tells the database.
    /// Empty: nothing can be claimed now. Throws what a handler throws, once the database knows of
    /// the failed attempt; and Error where it cannot be reached.
    [[nodiscard]] std::vector<DrainedTask> round();

    /// From now on it is dead: it says nothing any more, not even that it leaves. Returns the tasks
    /// that it has, which are with others once its lease is over.
    std::vector<std::int64_t> die();

private:
    struct Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace baton

// BatchContext: what a handler of batches is given beside the payloads of its tasks.
//
// Threads: the thread that runs the handler; cancelled() may be asked from any.
// Lifetime: as long as the call of the handler.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/node_agent/task_context.hpp"

namespace baton {

class BatchContext {
public:
    /// Where the context leads: what a node agent, or a test of a handler, gives it. A task is
    /// named by its number among those that the context was made with.
    struct Doors {
        std::function<pqxx::dbtransaction&()> transaction = {};
        std::function<bool()> is_cancelled = {};                          ///< None: never.
        std::function<bool(std::size_t task)> is_task_cancelled = {};     ///< Likewise.
        std::function<void(std::chrono::milliseconds time)> extend = {};  ///< None: nobody looks.
        std::function<Timestamp()> now = {};                              ///< As a TaskContext's.
    };

    BatchContext(std::vector<TaskContext::Task> tasks, std::string environment, Doors doors);
    BatchContext(const BatchContext&) = delete;
    BatchContext& operator=(const BatchContext&) = delete;

    /// How many tasks, and so payloads, there are: 1 or more.
    [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }
    /// What is known of the task of payload `index`.
    [[nodiscard]] const TaskContext::Task& task(std::size_t index) const {
        return tasks_.at(numbers_.at(index));
    }

    /// The transaction in which those complete that the handler answers done() for; it begins with
    /// the first call. It commits with all of their ends, or not at all: it is rolled back where
    /// none is done, where the handler throws, and where one of them is this node's no more. So
    /// write nothing in it for a task that is not done. Else as TaskContext::tx().
    [[nodiscard]] pqxx::dbtransaction& tx() { return doors_.transaction(); }

    /// Dispatches an event in tx(). Throws as dispatch().
    template <class E>
    EventId dispatch(const E& event, EventOptions options = {}) {
        return baton::dispatch(tx(), make_event(event, std::move(options)));
    }
    /// Makes a task in tx(). Throws as enqueue().
    template <class Payload>
    TaskId enqueue(std::string_view handler, const Payload& payload,
                   const EnqueueOptions& options = {}) {
        return baton::enqueue(tx(), handler, payload, options);
    }

    /// They need longer than their handler may run: as TaskContext::extend(), for all of them.
    void extend(std::chrono::milliseconds time);

    /// Whether there is no use in going on with any: the node stops, its lease is over, or all of
    /// them were cancelled.
    [[nodiscard]] bool cancelled() const { return doors_.is_cancelled && doors_.is_cancelled(); }
    /// Whether there is no use in going on with this one.
    [[nodiscard]] bool cancelled(std::size_t index) const;

    /// What time it is: as TaskContext::now().
    [[nodiscard]] Timestamp now() const { return doors_.now ? doors_.now() : machine_time(); }

    /// The name of the environment.
    [[nodiscard]] const std::string& environment() const noexcept { return environment_; }
    /// Of one task: as TaskContext::idempotency_key().
    [[nodiscard]] std::string idempotency_key(std::size_t index) const {
        return task_idempotency_key(environment_, task(index).id);
    }

    /// From now on it is about these tasks alone, by their numbers: the payloads of the others
    /// could not be read. For whoever calls a handler.
    void keep(std::vector<std::size_t> numbers) { numbers_ = std::move(numbers); }

private:
    const std::vector<TaskContext::Task> tasks_;
    std::vector<std::size_t> numbers_;  // of the tasks, by the payloads that the handler has
    const std::string environment_;
    const Doors doors_;
};

}  // namespace baton

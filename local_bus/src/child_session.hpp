// ChildSession: one child process as a part of the bus: docs/local_bus_wire.md, from the agent's
// side.
//
// One thread has the link to the process and does what it says: publishes for it, as a worker's
// thread would for itself. So a child whose messages find no room waits, and nobody else does.
//
// Threads: as RemoteWorker.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "baton/local_bus/crew.hpp"
#include "baton/local_bus/remote_worker.hpp"
#include "child_group.hpp"
#include "child_link.hpp"
#include "hub.hpp"
#include "wire.hpp"

namespace baton::bus {

/// Starts the options' processes. Throws Error(bus_unavailable), Error(bus_misused).
[[nodiscard]] std::vector<std::shared_ptr<RemoteWorker>> start_children(
    const FanOutOptions& options, const std::shared_ptr<Hub>& hub);

/// The child is not to be heard any more.
class CutOff : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// How many times something happened in the current second.
class SecondCounter {
public:
    [[nodiscard]] std::uint64_t count();

private:
    std::chrono::steady_clock::time_point since_{};
    std::uint64_t count_ = 0;
};

class ChildSession final : public RemoteWorker {
public:
    ChildSession(std::shared_ptr<ChildGroup> group, std::shared_ptr<Hub> hub,
                 ProcessOptions process);
    ~ChildSession() override;

    [[nodiscard]] std::vector<Reply> call(
        std::vector<std::string> items, const CancelScope& scope,
        std::optional<std::chrono::steady_clock::time_point> deadline) override;
    [[nodiscard]] std::optional<std::string> fault() const override;
    [[nodiscard]] ProcessStats stats() const override;
    void dismiss() noexcept override;
    void end() noexcept override;

private:
    using Clock = std::chrono::steady_clock;

    struct Subscription {
        std::int64_t id = 0;
        std::shared_ptr<Lane> lane{};
        // Guarded by mutex_.
        bool is_open = true;
        std::uint64_t sent = 0;
        std::uint64_t taken = 0;
    };
    struct Call {
        std::int64_t first = 0;  // its items have the numbers from here on
        std::vector<std::optional<Reply>> replies{};
        std::size_t unanswered = 0;
    };
    /// Of one process that was started, on the session's thread.
    struct Visit {
        ChildLink& link;
        const std::string secret;
        const Clock::time_point begun = Clock::now();
        bool is_welcome = false;
        bool is_deaf = false;  // it closed its connection
        bool is_dismissed = false;
        std::optional<Clock::time_point> patience_until = std::nullopt;
        SecondCounter malformed{};
        SecondCounter logged{};
    };

    void run();
    [[nodiscard]] bool await_demand();
    [[nodiscard]] std::string visit();
    [[nodiscard]] bool is_over(Visit& visit);
    void hear(Visit& visit);
    void hear_frame(Visit& visit, std::string_view frame);
    void welcome(Visit& visit, const wire::ChildMessage& message);
    void obey(Visit& visit, const wire::ChildMessage& message);
    void publish(const wire::ChildMessage& message);
    void subscribe(const wire::ChildMessage& message);
    void unsubscribe(std::int64_t id);
    void note_taken(const wire::ChildMessage& message);
    void note_answer(const wire::ChildMessage& message);
    void note_malformed(Visit& visit, const char* what);
    void write_line(Visit& visit, std::string_view level, std::string_view text);
    void speak(Visit& visit);
    void after_visit(const std::string& reason);
    void refuse(std::string_view what);
    void post(std::string frame);
    [[nodiscard]] std::size_t deliver(const std::shared_ptr<Subscription>& subscription,
                                      std::span<const MessagePtr> messages);
    void answer(std::size_t index, Reply reply);
    void answer_all(const Reply& reply);

    std::shared_ptr<ChildGroup> group_;
    const std::shared_ptr<Hub> hub_;
    const ProcessOptions process_;
    Bell bell_;
    std::set<std::string> retained_;  // topics; of the session's thread

    mutable std::mutex mutex_;
    std::condition_variable changed_;

    // Guarded by mutex_.
    bool is_dismissed_ = false;
    std::deque<std::string> outbox_;
    std::map<std::int64_t, std::shared_ptr<Subscription>> subscriptions_;
    std::optional<Call> call_;
    std::int64_t next_item_ = 0;
    std::optional<std::string> fault_;
    ProcessStats stats_;

    std::mutex end_mutex_;
    std::thread thread_;  // guarded by end_mutex_
};

}  // namespace baton::bus

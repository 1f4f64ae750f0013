// RemoteWorker: a worker of a FanOut that is another process, as its Crew knows it.
//
// Threads: call() is called by one thread at a time; everything else from any.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "baton/local_bus/cancel.hpp"

namespace baton {

/// What is known of one process of a FanOut, whichever of those that were started for it runs.
struct ProcessStats {
    pid_t pid = 0;                ///< 0: none runs.
    std::uint64_t started = 0;    ///< How often it was.
    std::uint64_t answered = 0;   ///< Items of which it said what came of them.
    std::uint64_t published = 0;  ///< Messages that it published.
    std::uint64_t malformed = 0;  ///< Frames and messages that were none.
    std::uint64_t unlogged = 0;   ///< Lines that it wrote beyond what is logged.
    std::uint64_t subscriptions = 0;
};

namespace bus {

class RemoteWorker {
public:
    enum class Fate : std::uint8_t {
        done,
        failed,     ///< It said so, or died of it.
        cancelled,  ///< Nobody wants it any more.
    };
    struct Reply {
        Fate fate = Fate::cancelled;
        std::string bytes{};  ///< The result, as msgpack; or why there is none.
    };

    RemoteWorker() = default;
    RemoteWorker(const RemoteWorker&) = delete;
    RemoteWorker& operator=(const RemoteWorker&) = delete;
    virtual ~RemoteWorker() = default;

    /// Has items done (msgpack), and returns what came of each, in their order.
    [[nodiscard]] virtual std::vector<Reply> call(
        std::vector<std::string> items, const CancelScope& scope,
        std::optional<std::chrono::steady_clock::time_point> deadline) = 0;
    /// Whether it can do nothing any more, and why.
    [[nodiscard]] virtual std::optional<std::string> fault() const = 0;
    [[nodiscard]] virtual ProcessStats stats() const = 0;
    /// Asks it to end. call() returns.
    virtual void dismiss() noexcept = 0;
    /// Ends it, and returns when nothing of it runs.
    virtual void end() noexcept = 0;
};

}  // namespace bus
}  // namespace baton

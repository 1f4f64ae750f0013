// FollowContext: what a follower is given beside the content of an event.
//
// Threads: the thread that runs the follower; cancelled() may be asked from any.
// Lifetime: as long as the call of the follower.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "baton/types/event.hpp"

namespace pqxx {
class dbtransaction;
}

namespace baton {

class FollowContext {
public:
    /// The event, but for its content. The texts live as long as the context.
    struct Of {
        Position position{};
        std::int64_t id = 0;
        std::string_view type;
        std::optional<std::string_view> key = std::nullopt;
        std::optional<std::string_view> tenant = std::nullopt;
        std::optional<std::string_view> meta = std::nullopt;  ///< JSON text.
        std::string_view dispatched_at;                       ///< As Postgres writes it.
    };
    /// Where it leads: what a node agent, or a test of a follower, gives it.
    struct Doors {
        std::function<pqxx::dbtransaction&()> transaction;
        std::function<bool()> is_cancelled;
    };

    FollowContext(const Of& of, Doors doors) : of_(of), doors_(std::move(doors)) {}
    FollowContext(const FollowContext&) = delete;
    FollowContext& operator=(const FollowContext&) = delete;

    [[nodiscard]] const Of& of() const noexcept { return of_; }
    [[nodiscard]] Position position() const noexcept { return of_.position; }

    /// The transaction in which the follower's bookmark moves past this event; it begins with the
    /// first call, and may have several events that follow each other. What is written in it is
    /// there exactly once. Where follow() throws it is rolled back, and what it had comes again.
    /// The session finds the environment's functions and what the login's search_path names.
    /// Neither commit nor abort it. Throws Error: task_invalid where the follower has no bookmark,
    /// connection_lost.
    [[nodiscard]] pqxx::dbtransaction& tx() { return doors_.transaction(); }

    /// Whether there is no use in going on: the node stops, its lease is over, or the bookmark is
    /// not its own any more. What the outside world is asked to do should ask this first.
    [[nodiscard]] bool cancelled() const { return doors_.is_cancelled(); }

private:
    const Of of_;
    const Doors doors_;
};

}  // namespace baton

// Following: reads the log once for all followers of a node, in its order, and gives each its part.
//
// A read begins where a follower is that is done with what it was given; all those that are at that
// place, or in what it gave, have their part of it. So in the long run all of them share each read;
// one that is behind, because it was away or fails, has reads of its own until it is there.
//
// It has a session of its own, while there is something to read. Where the log has grown it is
// rung, over the listener that the node has anyway.
//
// Threads: any, but for the one that it starts.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "baton/base/backoff.hpp"
#include "follower_desk.hpp"

namespace baton::node {

class Following {
public:
    Following(const NodeOptions& options, const Followers& followers,
              const std::shared_ptr<Workshop>& workshop);
    ~Following();
    Following(const Following&) = delete;
    Following& operator=(const Following&) = delete;

    /// From now on under this session; null: not at all, until there is another one.
    void follow_as(std::shared_ptr<LiveSession> session);
    /// The log has grown, or may have.
    void ring();
    /// Whether it is rung where the log has grown.
    void note_listening(bool listens);
    /// Lets the followers end, each with the event that it has.
    void close();
    /// How many followers are at an event.
    [[nodiscard]] int running() const;

private:
    struct Place {
        std::unique_ptr<FollowerDesk> desk;
        Clock::time_point next_try{};  // to get the bookmark
        bool is_dry = false;           // there was nothing more for it
        bool is_told = false;          // why it has no bookmark
        std::function<void(Position)> begins{};
    };

    void work();
    void serve(const std::shared_ptr<LiveSession>& session);
    void ask(Place& place, const std::shared_ptr<LiveSession>& session);
    void take_up(const std::shared_ptr<LiveSession>& session);
    [[nodiscard]] bool read(const std::shared_ptr<LiveSession>& session);
    [[nodiscard]] std::optional<Position> next_begin();
    void look_for_lost(const std::shared_ptr<LiveSession>& session);
    [[nodiscard]] Clock::time_point wait_until() const;
    void wait(Clock::time_point until, const std::shared_ptr<LiveSession>& session);
    [[nodiscard]] sql::Connection& connection();

    const NodeOptions options_;
    std::vector<std::string> types_;  // of all followers; none: all
    std::vector<Place> places_;
    std::optional<sql::Connection> connection_;
    std::shared_ptr<LiveSession> awaited_;  // under which the database was told to ring
    Clock::time_point next_look_{};
    bool takes_newest_ = false;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<LiveSession> session_;  // with mutex_
    bool is_rung_ = false;                  // with mutex_
    bool has_changed_ = false;              // with mutex_: a follower has room, or was lost
    bool is_closed_ = false;                // with mutex_
    std::atomic<bool> listens_{false};
    std::thread thread_;
};

}  // namespace baton::node

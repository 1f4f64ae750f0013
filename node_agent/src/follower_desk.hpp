// FollowerDesk: one follower of a node: its thread, what waits for it, and how far it has come.
//
// What it does about events is committed together with how far its bookmark moves; where that
// cannot be said any more (another node has the bookmark, the node's lease is over, a COMMIT had no
// answer) it is lost: it does nothing until whoever reads the log asks for the bookmark again.
//
// Threads: any, but for what it starts.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "baton/base/backoff.hpp"
#include "baton/node_agent/followers.hpp"
#include "open_transaction.hpp"
#include "task_run.hpp"

namespace baton::node {

using PagePtr = std::shared_ptr<const sql::FollowedPage>;

class FollowerDesk {
public:
    /// `changed` is called where it has room again, or was lost.
    FollowerDesk(FollowerInfo info, Followers::Run run, const std::shared_ptr<Workshop>& workshop,
                 std::function<void()> changed);
    /// Waits for its thread; or leaves it to itself, where the follower still runs.
    ~FollowerDesk();
    FollowerDesk(const FollowerDesk&) = delete;
    FollowerDesk& operator=(const FollowerDesk&) = delete;

    [[nodiscard]] const FollowerInfo& info() const { return state_->info; }
    [[nodiscard]] bool is_durable() const { return !state_->info.bookmark.empty(); }
    /// Goes on behind `position`, whatever was offered before.
    void begin(std::shared_ptr<LiveSession> session, std::string token, Position position);
    /// Does nothing more until begin().
    void lose();
    /// It can do something: it has begun, and was not lost.
    [[nodiscard]] bool is_going() const;
    /// The session under which it began last.
    [[nodiscard]] std::shared_ptr<LiveSession> session() const;
    [[nodiscard]] std::string token() const;
    [[nodiscard]] bool has_room() const;
    /// Up to where it was given events.
    [[nodiscard]] Position given() const;
    /// Events that begin at or before given(), and end behind it.
    void offer(const PagePtr& page);
    /// Ends the thread, once the follower is done with the event that it has.
    void close();
    [[nodiscard]] bool is_busy() const;

private:
    // How far it is, and under what.
    struct Stand {
        std::shared_ptr<LiveSession> session;
        std::string token;
        Position done{};    // the events up to there are done with
        Position marked{};  // the bookmark is there
        std::uint64_t generation = 0;
    };
    struct State {
        FollowerInfo info;
        Followers::Run run;
        std::shared_ptr<Workshop> workshop;
        std::function<void()> changed;

        mutable std::mutex mutex;
        std::condition_variable wakes;
        std::deque<PagePtr> waiting;
        Stand stand;
        Position given{};
        bool is_going = false;
        bool is_busy = false;
        bool is_closed = false;
    };
    enum class End : std::uint8_t { done, failed, lost };

    static void work(const std::shared_ptr<State>& state);
    static End take_page(State& state, Stand& stand, const sql::FollowedPage& page, bool& careful);
    static End take_events(State& state, Stand& stand, const sql::FollowedPage& page, bool& careful,
                           OpenTransaction& open);
    static void follow(State& state, const Stand& stand, const sql::FollowedEvent& event,
                       OpenTransaction& open);
    static void mark(const State& state, Stand& stand, Position to, OpenTransaction& open);
    static End end_of_failure(const State& state, const Stand& stand);
    [[nodiscard]] static bool is_over(const State& state, const Stand& stand);

    std::shared_ptr<State> state_ = std::make_shared<State>();
    std::thread thread_;
};

}  // namespace baton::node

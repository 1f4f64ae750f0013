// Agent: what a node agent does over its connection, and what it keeps from one to the next.
//
// A cycle is one transaction: it tells what handlers came to, and claims what they can do next.
// While it is under way the handlers go on, so that the busier a node is the more each holds.
//
// Threads: one, but for wake().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "baton/base/backoff.hpp"
#include "baton/node_agent/node_agent.hpp"
#include "baton/sql/service_loop.hpp"
#include "bell.hpp"
#include "pool.hpp"

namespace baton::node {

class Agent {
public:
    Agent(NodeOptions options, const Handlers& handlers, const Followers& followers);

    /// See NodeAgent.
    void run();
    void stop() noexcept;
    [[nodiscard]] bool is_registered() const noexcept { return is_registered_; }
    /// How many handlers and followers run.
    [[nodiscard]] int running() const;

private:
    // A pool, and when it looks for tasks again.
    struct Desk {
        std::unique_ptr<Pool> pool;
        Backoff pauses;  // between looks that find none, where somebody rings
        Clock::time_point next_look = {};
        bool is_dry = false;  // there were none; it wants to be rung for
        int full_hands = 0;   // looks in a row that found some
    };
    struct Claimed {
        std::size_t pool;
        int asked;
        std::vector<sql::ClaimedTask> tasks;
    };

    void work(sql::Connection& connection);
    void register_node(sql::Connection& connection);
    void forget_session(const std::string& reason);
    void end_session();
    void take_back();
    void leave(sql::Connection& connection);
    void leave_anew();

    /// Says and asks what there is; returns when to do so next, unless something happens.
    Clock::time_point cycle(sql::Connection& connection, bool claims);
    void heartbeat(sql::Connection& connection);
    void sort_reports();
    void exchange(sql::Connection& connection, bool claims);
    void await_tasks(sql::Connection& connection);
    [[nodiscard]] std::vector<Claimed> claim(sql::Transaction& transaction);
    void take_in(std::vector<Claimed> claimed);
    void note_completed(const std::vector<sql::Completion>& outcomes);
    void complete_apart(sql::Connection& connection);
    void fail(sql::Connection& connection);
    void tell_failure(sql::Connection& connection, const Report& report);
    void release(sql::Connection& connection);
    void tell(sql::Connection& connection);
    void sync_endpoints(sql::Connection& connection);
    void maintain(sql::Connection& connection);
    [[nodiscard]] std::vector<std::string> started() const;
    [[nodiscard]] std::size_t held() const;
    [[nodiscard]] Clock::time_point next_cycle(bool claims) const;

    const NodeOptions options_;
    sql::ServiceLoop loop_;
    const std::shared_ptr<Workshop> workshop_;
    std::vector<sql::CarriedHandler> carried_;
    std::vector<Desk> desks_;
    std::shared_ptr<LiveSession> session_;  // null: not registered
    std::unique_ptr<Following> following_;  // null: it follows nothing
    std::unique_ptr<Bell> bell_;
    std::vector<std::string> awaited_;  // the handlers that the database was told last
    std::atomic<bool> is_registered_{false};

    // What the database is still to hear.
    std::vector<Report> done_;
    std::vector<Report> failed_;
    std::vector<Report> released_;
    // What a claim gave whose COMMIT had no answer: handed back until that must be over.
    std::map<std::string, Clock::time_point> doubtful_;

    Clock::time_point next_heartbeat_;
    Clock::time_point next_maintenance_;
    bool others_maintain_ = false;
    Clock::time_point next_release_;  // of what is doubtful
    Clock::time_point next_telling_;
    Clock::time_point next_sync_;
    Clock::time_point earliest_;  // of the next cycle
};

}  // namespace baton::node

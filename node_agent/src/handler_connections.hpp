// The sessions in which handlers write: made when one is asked for, kept for a while, one for each
// handler that uses one at a time.
//
// Threads: any.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "live_session.hpp"

namespace baton::node {

class HandlerConnections {
public:
    HandlerConnections(std::string url, std::string schema);

    /// A session of the calling thread. Throws as Connection's constructor.
    [[nodiscard]] std::unique_ptr<sql::Connection> take();
    /// What a transaction of a handler needs where the sessions are a pooler's: take() could set
    /// nothing.
    void set_up(sql::Transaction& transaction) const;
    /// With no transaction open. A session that is lost is closed.
    void give_back(std::unique_ptr<sql::Connection> connection);
    /// Closes those that were given back before that.
    void close_idle(Clock::time_point before);

private:
    [[nodiscard]] std::string settings(bool is_local) const;
    struct Idle {
        std::unique_ptr<sql::Connection> connection;
        Clock::time_point since;
    };

    const std::string url_;
    const std::string schema_;
    std::mutex mutex_;
    std::vector<Idle> idle_;  // with mutex_; the one that was used last is the last
};

}  // namespace baton::node

#include "handler_connections.hpp"

#include <utility>

namespace baton::node {

HandlerConnections::HandlerConnections(std::string url, std::string schema)
    : url_(std::move(url)), schema_(std::move(schema)) {}

std::unique_ptr<sql::Connection> HandlerConnections::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            std::unique_ptr<sql::Connection> connection = std::move(idle_.back().connection);
            idle_.pop_back();
            connection->adopt();
            return connection;
        }
    }
    // The application's own tables are found where its login finds them.
    auto connection = std::make_unique<sql::Connection>(
        url_, sql::ConnectOptions{.application_name = "baton handler"});
    connection->exec("select set_config('search_path', concat_ws(', ', '" + schema_ +
                     "', nullif(current_setting('search_path'), '')), false)");
    return connection;
}

void HandlerConnections::give_back(std::unique_ptr<sql::Connection> connection) {
    if (!connection->is_open()) return;
    connection->release();
    const std::lock_guard lock(mutex_);
    idle_.push_back({std::move(connection), Clock::now()});
}

void HandlerConnections::close_idle(Clock::time_point before) {
    std::vector<Idle> closing;  // after the lock: it sends a message
    const std::lock_guard lock(mutex_);
    std::erase_if(idle_, [&](Idle& idle) {
        if (idle.since >= before) return false;
        closing.push_back(std::move(idle));
        return true;
    });
}

}  // namespace baton::node

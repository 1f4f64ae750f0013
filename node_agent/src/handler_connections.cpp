#include "handler_connections.hpp"

#include <poll.h>

#include <utility>

namespace baton::node {
namespace {

// An idle session that has something to say was ended by the server.
bool has_ended(sql::Connection& connection) {
    pollfd watched{connection.raw().sock(), POLLIN, 0};
    return poll(&watched, 1, 0) != 0;
}

}  // namespace

HandlerConnections::HandlerConnections(std::string url, std::string schema)
    : url_(std::move(url)), schema_(std::move(schema)) {}

std::unique_ptr<sql::Connection> HandlerConnections::take() {
    {
        const std::lock_guard lock(mutex_);
        while (!idle_.empty()) {
            std::unique_ptr<sql::Connection> connection = std::move(idle_.back().connection);
            idle_.pop_back();
            connection->adopt();
            if (!has_ended(*connection)) return connection;
        }
    }
    auto connection = std::make_unique<sql::Connection>(
        url_, sql::ConnectOptions{.application_name = "baton handler",
                                  .may_be_pooled = true,
                                  .idle_in_transaction_timeout = std::chrono::minutes(10)});
    if (!connection->is_pooled()) connection->exec(settings(false));
    return connection;
}

void HandlerConnections::set_up(sql::Transaction& transaction) const {
    if (transaction.connection().is_pooled()) transaction.exec(settings(true));
}

// The application's policies are its own, nothing of ours has any; and its own tables are found
// where its login finds them.
std::string HandlerConnections::settings(bool is_local) const {
    const std::string local = is_local ? "true" : "false";
    return "select pg_catalog.set_config('row_security', 'on', " + local +
           "), pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', '" + schema_ +
           "', nullif(pg_catalog.current_setting('search_path'), '')), " + local + ")";
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

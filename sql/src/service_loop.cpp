#include "baton/sql/service_loop.hpp"

#include "baton/base/backoff.hpp"
#include "baton/base/log.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/migrator.hpp"
#include "baton/sql/rights.hpp"

namespace baton::sql {

ServiceLoop::ServiceLoop(std::string url, ConnectOptions options, std::string activity)
    : url_(std::move(url)), options_(std::move(options)), activity_(std::move(activity)) {}

// run() may return as soon as it sees the flag, while stop() is still at work.
ServiceLoop::~ServiceLoop() { const std::lock_guard lock(mutex_); }

void ServiceLoop::stop() noexcept {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
}

void ServiceLoop::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    stopped_.wait_for(lock, time, [&] { return stopping(); });
}

void ServiceLoop::run(const std::function<void(Connection&)>& work) {
    Backoff backoff(std::chrono::milliseconds(50), std::chrono::milliseconds(2000));
    while (!stopping()) {
        const auto started = std::chrono::steady_clock::now();
        std::string why = "its work ended before it was stopped";
        try {
            serve(work);
            if (stopping()) return;
        } catch (const Error& error) {
            if (is_final(error)) throw;
            interruption_ = error.what();
            why = interruption_ + advice_on_rights(error);
        }
        if (std::chrono::steady_clock::now() - started > std::chrono::seconds(10)) backoff.reset();
        const auto wait = backoff.next();
        log().warn("{} interrupted: {}; trying again in {} ms{}", activity_, why, wait.count(),
                   advice());
        pause(wait);
    }
}

void ServiceLoop::serve(const std::function<void(Connection&)>& work) {
    is_connected_ = false;
    Connection connection(url_, options_);
    is_connected_ = true;
    is_advised_ = false;
    Migrator().require_installed(connection, options_.schema);
    work(connection);
}

bool ServiceLoop::is_final(const Error& error) const {
    return !error.retryable() && !error.loses_connection() && error.code() != ErrorCode::deposed &&
           !is_passing(error) && !(had_rights_ && lacks_right(error));
}

// libpq has no code for why there is no session, only words in the server's language: a server that
// starts cannot be told from one that refuses the login.
std::string_view ServiceLoop::advice() {
    if (is_connected_ || std::exchange(is_advised_, true)) return "";
    return ", and on until there is a connection: where the server runs, correct the URL, the "
           "login, its password or its certificate";
}

}  // namespace baton::sql

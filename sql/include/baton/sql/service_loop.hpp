// The loop of a service: a process that works for an environment over one session, and over the
// next one when that is lost, until it is stopped.
//
// Threads: run(), and what its work calls, belong to one thread; stop() and stopping() may be
// called from any.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"

namespace baton::sql {

class ServiceLoop {
public:
    /// `activity` is what the log calls interrupted: "leadership".
    ServiceLoop(std::string url, ConnectOptions options, std::string activity);
    /// Waits for a stop() that is still at work.
    ~ServiceLoop();
    ServiceLoop(const ServiceLoop&) = delete;
    ServiceLoop& operator=(const ServiceLoop&) = delete;

    /// Connects, makes sure that the environment is installed, and gives the session to `work`;
    /// again and again, after a pause, until stop(). Comes back from lost connections, restarts,
    /// failovers and lost leadership by itself, and tries on where the server lets nobody in,
    /// whatever it says (passwords and certificates are exchanged, too). Throws Error only for what
    /// will not go away by waiting: the set-up is wrong, or a bug.
    void run(const std::function<void(Connection&)>& work);

    /// Lets run() return once `work` has. May be called before run() and twice.
    void stop() noexcept;
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }

    /// The work got all the rights that it takes. One that is missing from now on was taken away,
    /// and can be given back: run() waits for that, so that nobody has to start the process anew.
    void had_all_rights() noexcept { had_rights_ = true; }

    /// What ended the last attempt, told once; "" if nothing did.
    [[nodiscard]] std::string take_interruption() { return std::exchange(interruption_, ""); }

private:
    void serve(const std::function<void(Connection&)>& work);
    [[nodiscard]] bool is_final(const Error& error) const;
    /// What the log says once, beside why, for as long as no connection comes about.
    [[nodiscard]] std::string_view advice();
    /// Waits, unless stop() is called.
    void pause(std::chrono::milliseconds time);

    const std::string url_;
    const ConnectOptions options_;
    const std::string activity_;
    bool is_connected_ = false;  // the last attempt was, to begin with
    bool is_advised_ = false;    // since then
    bool had_rights_ = false;
    std::string interruption_;

    std::atomic<bool> stopping_{false};
    std::mutex mutex_;
    std::condition_variable stopped_;  // with mutex_
};

}  // namespace baton::sql

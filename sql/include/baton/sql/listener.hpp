// Waits for notifications on a channel, or on several, on a connection of its own.
//
// A connection of its own, because libpqxx delivers nothing while a transaction is open on it.
// The receiver only raises a flag (libpqxx swallows what a receiver throws), and many
// notifications are one wake-up: the waiting side looks at the tables anyway, and polls.
// After connecting: first construct the Listener, then look at the tables, then wait; nothing
// that happens in between is missed.
//
// Threads: wait() belongs to one thread, as its Connection does; wake() may come from any thread
// and from a signal handler.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "baton/sql/connection.hpp"

namespace baton::sql {

class Listener {
public:
    /// Connects and listens. Throws what Connection's constructor throws; a pooled connection
    /// cannot listen (Error settings_invalid).
    Listener(std::string_view url, const ConnectOptions& options, const std::string& channel)
        : Listener(url, options, std::vector<std::string>{channel}) {}
    Listener(std::string_view url, const ConnectOptions& options,
             const std::vector<std::string>& channels);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Waits until a notification has come (true; all that are there count as one), or wake() was
    /// called or `timeout` has passed (false). Throws Error(connection_lost) as soon as the server
    /// has closed the session: make a new Listener then, and look at the tables.
    [[nodiscard]] bool wait(std::chrono::milliseconds timeout);

    /// Whether one has come on that channel (its number among those of the constructor) that this
    /// has not told yet: after wait(), for who listens on several.
    [[nodiscard]] bool take_rung(std::size_t channel);

    /// Ends a wait() that is under way, or the next one. Async-signal-safe.
    void wake() noexcept;

    [[nodiscard]] int backend_pid() const { return connection_.backend_pid(); }

private:
    class Receiver;
    /// Takes in what the server has sent. Throws where the session has ended.
    bool take_notifications();

    // An eventfd, closed last.
    class WakeUp {
    public:
        WakeUp();
        ~WakeUp();
        WakeUp(const WakeUp&) = delete;
        WakeUp& operator=(const WakeUp&) = delete;
        void raise() const noexcept;
        void clear() const noexcept;
        [[nodiscard]] int descriptor() const { return descriptor_; }

    private:
        int descriptor_;
    };

    WakeUp wake_up_;
    Connection connection_;
    std::vector<std::unique_ptr<Receiver>> receivers_;
};

}  // namespace baton::sql

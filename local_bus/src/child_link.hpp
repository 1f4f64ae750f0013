// ChildLink: a child process and the socket to it, from its start to its end.
//
// Threads: of the thread that made it, but for ring(). Each use of its socket checks that, in all
// builds: ZeroMQ ends the process where two threads use one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <zmq.hpp>

#include "baton/base/descriptor.hpp"
#include "baton/base/guarded_process.hpp"
#include "child_group.hpp"

namespace baton::bus {

/// Wakes a thread that polls.
class Bell {
public:
    /// Throws std::system_error.
    Bell();
    void ring() const noexcept;
    void clear() const noexcept;
    [[nodiscard]] int descriptor() const noexcept { return counter_.number(); }

private:
    Descriptor counter_;
};

/// What a pipe says, line by line. Long ones are cut.
class LineReader {
public:
    explicit LineReader(int descriptor) : descriptor_(descriptor) {}
    /// -1 once it has ended.
    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    void read(const std::function<void(std::string_view)>& take_line);

private:
    int descriptor_;
    std::string begun_;
};

class ChildLink {
public:
    using Clock = std::chrono::steady_clock;

    /// Throws std::system_error where it cannot be started, zmq::error_t where there can be no
    /// socket.
    ChildLink(ChildGroup& group, ProcessOptions process, const std::string& secret,
              const Bell& bell);
    ~ChildLink();
    ChildLink(const ChildLink&) = delete;
    ChildLink& operator=(const ChildLink&) = delete;

    /// Waits until there is something to do. `wants_room`: until send() may succeed, too.
    void wait(std::chrono::milliseconds timeout, bool wants_room);
    /// The next frame; nothing: there is none now. Of several parts: an empty one.
    [[nodiscard]] std::optional<std::string_view> receive();
    /// False: there is no room now.
    [[nodiscard]] bool send(std::string_view frame);
    void read_lines(const std::function<void(std::string_view)>& take_line);

    /// The process has ended, or closed its connection.
    [[nodiscard]] bool is_ending() const noexcept { return has_ended_ || is_disconnected_; }
    /// What comes then is of a connection that was made anew.
    [[nodiscard]] bool is_disconnected() const noexcept { return is_disconnected_; }
    [[nodiscard]] bool is_gone() const noexcept { return has_ended_ && is_disconnected_; }
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
    /// How, as a sentence without its subject.
    [[nodiscard]] std::string how_it_ended();
    [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }

private:
    [[nodiscard]] zmq::socket_t& socket() noexcept;
    void watch_connection();

    const std::thread::id owner_ = std::this_thread::get_id();
    // Of this process alone: what one that was cut off left in it is no other's.
    zmq::context_t context_;
    zmq::socket_t socket_;
    zmq::socket_t monitor_;
    const int bell_;
    const std::string endpoint_;
    GuardedProcess process_;
    LineReader output_;
    LineReader error_output_;
    zmq::message_t frame_;
    bool has_ended_ = false;
    bool is_disconnected_ = false;
};

}  // namespace baton::bus

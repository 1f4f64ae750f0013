#include "child_link.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "baton/base/check.hpp"
#include "baton/base/find_program.hpp"
#include "wire.hpp"

namespace baton::bus {
namespace {

// Of frames on each side, which are of 64 KiB mostly: what finds no room here waits where somebody
// counts it.
constexpr int frames_waiting = 16;
// Above it ZeroMQ closes the connection before it has made room for the rest. (A frame of more than
// frame_bytes_max, and less than that, is read and refused.)
constexpr std::int64_t message_bytes_max = 4 * static_cast<std::int64_t>(wire::frame_bytes_max);

// The threads of a context. The last context of a process takes the library below ZeroMQ, libpgm,
// with it, and one that comes at that very moment could find it half gone: so one stays.
int context_threads() {
    static const zmq::context_t stays;
    return 1;
}

void set(zmq::socket_t& socket, int option, const void* value, std::size_t size) {
    if (::zmq_setsockopt(socket.handle(), option, value, size) != 0) throw zmq::error_t();
}

zmq::socket_t bound_socket(zmq::context_t& context, const std::string& endpoint) {
    zmq::socket_t socket(context, zmq::socket_type::pair);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::sndhwm, frames_waiting);
    socket.set(zmq::sockopt::rcvhwm, frames_waiting);
    socket.set(zmq::sockopt::maxmsgsize, message_bytes_max);
    const uid_t user = ::geteuid();
    set(socket, ZMQ_IPC_FILTER_UID, &user, sizeof(user));
    socket.bind(endpoint);
    return socket;
}

// Of what becomes of the connection.
zmq::socket_t monitor_of(zmq::context_t& context, zmq::socket_t& socket, const std::string& name) {
    if (::zmq_socket_monitor(socket.handle(), name.c_str(), ZMQ_EVENT_DISCONNECTED) != 0) {
        throw zmq::error_t();
    }
    zmq::socket_t monitor(context, zmq::socket_type::pair);
    monitor.set(zmq::sockopt::linger, 0);
    monitor.connect(name);
    return monitor;
}

ProcessOptions with_address(ProcessOptions process, const std::string& endpoint,
                            const std::string& secret) {
    process.variables.push_back(variable_setting("BATON_BUS", endpoint));
    process.variables.push_back(variable_setting("BATON_BUS_SECRET", secret));
    return process;
}

}  // namespace

Bell::Bell() : counter_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!counter_.is_open()) {
        throw std::system_error(errno, std::generic_category(), "cannot make an eventfd");
    }
}

void Bell::ring() const noexcept {
    const std::uint64_t one = 1;
    // It can only fail where it is rung already.
    [[maybe_unused]] const ssize_t written = ::write(counter_.number(), &one, sizeof(one));
}

void Bell::clear() const noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t length = ::read(counter_.number(), &count, sizeof(count));
}

void LineReader::read(const std::function<void(std::string_view)>& take_line) {
    constexpr std::size_t line_max = 4096;
    constexpr int reads_max = 16;
    std::array<char, 65536> buffer;
    for (int i = 0; i < reads_max && descriptor_ >= 0; ++i) {
        const ssize_t length = ::read(descriptor_, buffer.data(), buffer.size());
        if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (length <= 0) {
            descriptor_ = -1;
            if (!begun_.empty()) take_line(begun_);
            return;
        }
        std::string_view rest(buffer.data(), static_cast<std::size_t>(length));
        for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos;) {
            begun_.append(
                rest.substr(0, std::min(end, line_max - std::min(line_max, begun_.size()))));
            if (!begun_.empty()) take_line(begun_);
            begun_.clear();
            rest.remove_prefix(end + 1);
        }
        begun_.append(rest.substr(0, line_max - std::min(line_max, begun_.size())));
    }
}

ChildLink::ChildLink(ChildGroup& group, ProcessOptions process, const std::string& secret,
                     const Bell& bell)
    : context_(context_threads()),
      bell_(bell.descriptor()),
      endpoint_(group.next_endpoint()),
      process_([&] {
          socket_ = bound_socket(context_, endpoint_);
          monitor_ = monitor_of(context_, socket_, "inproc://monitor");
          return with_address(std::move(process), endpoint_, secret);
      }()),
      output_(process_.output().number()),
      error_output_(process_.error_output().number()) {
    process_.input().close();
}

ChildLink::~ChildLink() {
    // It first: what it still wants to say has nobody to hear it.
    process_.kill();
    BATON_CHECK(std::this_thread::get_id() == owner_);
}

zmq::socket_t& ChildLink::socket() noexcept {
    BATON_CHECK(std::this_thread::get_id() == owner_);
    return socket_;
}

void ChildLink::wait(std::chrono::milliseconds timeout, bool wants_room) {
    const auto wanted = static_cast<short>(ZMQ_POLLIN | (wants_room ? ZMQ_POLLOUT : 0));
    std::array<zmq::pollitem_t, 6> items{{
        {socket().handle(), 0, wanted, 0},
        {monitor_.handle(), 0, ZMQ_POLLIN, 0},
        {nullptr, bell_, ZMQ_POLLIN, 0},
    }};
    std::size_t count = 3;
    const auto add = [&](int descriptor) {
        if (descriptor >= 0) items[count++] = {nullptr, descriptor, ZMQ_POLLIN, 0};
    };
    add(output_.descriptor());
    add(error_output_.descriptor());
    if (!has_ended_) add(process_.ending().number());
    zmq::poll(items.data(), count, timeout);
    if (!has_ended_ && process_.wait(std::chrono::milliseconds(0))) has_ended_ = true;
    if (items[1].revents != 0) watch_connection();
}

void ChildLink::watch_connection() {
    zmq::message_t part;
    while (monitor_.recv(part, zmq::recv_flags::dontwait)) {
        std::uint16_t event = 0;
        if (part.size() >= sizeof(event)) std::memcpy(&event, part.data(), sizeof(event));
        if (event == ZMQ_EVENT_DISCONNECTED) is_disconnected_ = true;
        // The address follows.
        if (part.more()) static_cast<void>(monitor_.recv(part, zmq::recv_flags::dontwait));
    }
}

std::optional<std::string_view> ChildLink::receive() {
    if (!socket().recv(frame_, zmq::recv_flags::dontwait)) return std::nullopt;
    if (!frame_.more()) return frame_.to_string_view();
    while (frame_.more() && socket_.recv(frame_, zmq::recv_flags::dontwait)) {
    }
    return std::string_view();
}

bool ChildLink::send(std::string_view frame) {
    return socket().send(zmq::buffer(frame), zmq::send_flags::dontwait).has_value();
}

void ChildLink::read_lines(const std::function<void(std::string_view)>& take_line) {
    output_.read(take_line);
    error_output_.read(take_line);
}

std::string ChildLink::how_it_ended() {
    const std::optional<ProcessEnd> end = process_.wait(std::chrono::milliseconds(0));
    if (!end) return "closed its connection";
    if (end->signal) return "was ended by signal " + std::to_string(*end->signal);
    return "ended with exit code " + std::to_string(end->code.value_or(0));
}

}  // namespace baton::bus

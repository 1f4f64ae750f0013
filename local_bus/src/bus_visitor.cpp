#include "baton/local_bus/bus_visitor.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"
#include "baton/local_bus/ipc_folder.hpp"
#include "window_wire.hpp"

namespace baton {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{5};

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorCode::bus_unavailable, what); }

std::string list_of(const std::vector<OpenWindow>& windows) {
    std::string list;
    for (const OpenWindow& window : windows) {
        list += (list.empty() ? "" : ", ") + window.hello.node;
    }
    return terminal_line(list);
}

}  // namespace

std::vector<OpenWindow> open_windows() {
    std::vector<OpenWindow> windows;
    std::error_code error;
    for (fs::directory_iterator each(bus::ipc_root(), error), end; !error && each != end;
         each.increment(error)) {
        if (!each->path().filename().native().starts_with(bus::window_folder)) continue;
        OpenWindow window{each->path() / bus::window_socket, {}};
        try {
            windows.push_back({window.path, BusVisitor(window, {}).hello()});
        } catch (const Error&) {
            // Dead, or about to end.
        }
    }
    std::ranges::sort(windows, {}, [](const OpenWindow& window) { return window.hello.node; });
    return windows;
}

OpenWindow window_of(const std::string& node) {
    std::vector<OpenWindow> windows = open_windows();
    if (windows.empty()) {
        refuse("no node of this user runs on this machine; `baton node` starts one");
    }
    const std::string there = list_of(windows);
    if (!node.empty()) {
        std::erase_if(windows, [&](const OpenWindow& window) {
            return window.hello.node != node && std::to_string(window.hello.process) != node;
        });
        if (windows.empty()) {
            refuse("no node " + json_quoted(node) +
                   " of this user runs on this machine, but: " + there);
        }
    }
    if (windows.size() > 1) {
        throw Error(ErrorCode::usage,
                    "several nodes run on this machine: " + there +
                        "; say which by --node NAME, or --node and its process's number");
    }
    return windows.front();
}

BusVisitor::BusVisitor(const OpenWindow& window, const WindowRequest& request)
    : window_(window), socket_(bus::connect_to(window.path)) {
    const std::string wire = bus::wire_of(request);
    if (!socket_.is_open() || ::send(socket_.number(), wire.data(), wire.size(), MSG_NOSIGNAL) !=
                                  static_cast<ssize_t>(wire.size())) {
        refuse("the node at " + window.path.string() +
               " cannot be reached: " + std::generic_category().message(errno));
    }
    const Seen seen = next(patience);
    if (seen.state != State::frame || !seen.frame.hello) {
        refuse("the node at " + window.path.string() + " does not answer");
    }
    window_.hello = *seen.frame.hello;
}

BusVisitor::Seen BusVisitor::next(std::chrono::milliseconds timeout) {
    const Clock::time_point deadline = Clock::now() + timeout;
    while (true) {
        try {
            if (const auto payload = bus::take_frame(bytes_, bus::frame_max)) {
                Seen seen{State::frame, bus::frame_in<WindowFrame>(*payload)};
                if (seen.frame.refused) refuse("the node refuses: " + *seen.frame.refused);
                return seen;
            }
        } catch (const bus::BadFrame& bad) {
            refuse(std::string("what the node sends is damaged: ") + bad.what());
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd socket{socket_.number(), POLLIN, 0};
        const int ready = ::poll(&socket, 1, static_cast<int>(std::max<long>(left.count(), 0)));
        if (ready < 0 && errno != EINTR) return {State::ended, {}};
        if (ready <= 0 && left.count() <= 0) return {State::nothing_yet, {}};
        if (ready <= 0) continue;
        constexpr std::size_t step = std::size_t{64} << 10U;
        std::string buffer(step, '\0');
        const ssize_t size = ::recv(socket_.number(), buffer.data(), buffer.size(), 0);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (size <= 0) return {State::ended, {}};
        bytes_.append(buffer, 0, static_cast<std::size_t>(size));
    }
}

}  // namespace baton

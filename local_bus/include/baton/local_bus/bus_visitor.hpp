// BusVisitor: looks at the buses of a running process through its BusWindow.
//
// Threads: one.
// Errors: Error(bus_unavailable): there is no such node, or it does not answer. That it has ended
// meanwhile is none: next() says so.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "baton/base/descriptor.hpp"
#include "baton/local_bus/window_frame.hpp"

namespace baton {

/// A window that is open.
struct OpenWindow {
    std::filesystem::path path;
    WindowHello hello;
};

/// Of this user's processes on this machine, by name.
[[nodiscard]] std::vector<OpenWindow> open_windows();

/// The one of `node` (a name or a process's number), or the only one if that is empty. Throws
/// Error(bus_unavailable), or Error(usage) where it is left open which.
[[nodiscard]] OpenWindow window_of(const std::string& node);

class BusVisitor {
public:
    BusVisitor(const OpenWindow& window, const WindowRequest& request);

    enum class State { frame, nothing_yet, ended };
    struct Seen {
        State state = State::nothing_yet;
        WindowFrame frame;
    };
    /// The next frame but hello; waits for it as long as that. Throws Error(bus_unavailable) where
    /// the node refuses, or what it sends is damaged.
    [[nodiscard]] Seen next(std::chrono::milliseconds timeout);

    [[nodiscard]] const WindowHello& hello() const noexcept { return window_.hello; }

private:
    OpenWindow window_;
    Descriptor socket_;
    std::string bytes_;  // not yet a frame
};

}  // namespace baton

// BusWindow: lets people of the same user look at the buses of a process while they live: it is
// the other end of `baton bus tail`, `topics`, `stats` and `record` (bus_visitor.hpp).
//
// A Unix socket in a folder of mode 0700 (ipc_folder.hpp). Who is another user is refused, also if
// he got there. A visitor that is slow loses messages, and is told how many; what waits for one is
// at most 1,024 messages and 1 MiB. At most 16 visitors look at a time.
//
// Threads: show() may be called from any; one thread of its own, of low priority, serves all
// visitors.
// Errors: Error(bus_unavailable) where the socket cannot be made.
// Cost: while nobody looks, a bus pays nothing but a lock when it begins and ends. A visitor costs
// a publisher a lock for each message that he wants.
#pragma once

#include <memory>
#include <string>

#include "baton/local_bus/bus.hpp"

namespace baton {

class BusWindow {
public:
    /// `node` and `environment` are what visitors are told.
    BusWindow(std::string node, std::string environment);
    ~BusWindow();
    BusWindow(const BusWindow&) = delete;
    BusWindow& operator=(const BusWindow&) = delete;

    /// Shows `bus` until what is returned is let go of, which is before `bus` ends. It may outlive
    /// the window.
    [[nodiscard]] std::shared_ptr<void> show(Bus& bus);

private:
    struct Room;
    std::shared_ptr<Room> room_;
};

}  // namespace baton

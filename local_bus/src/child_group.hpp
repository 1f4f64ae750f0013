// ChildGroup: what the processes of one FanOut have in common: the folder of their sockets.
//
// Threads: values only; whoever lets go of it last ends it.
#pragma once

#include <atomic>
#include <string>

#include "baton/local_bus/ipc_folder.hpp"

namespace baton::bus {

class ChildGroup {
public:
    /// Throws Error(bus_unavailable).
    ChildGroup();

    /// A new one at each call: what was bound once is never bound again.
    [[nodiscard]] std::string next_endpoint();

private:
    IpcFolder folder_;
    std::atomic<std::uint32_t> endpoints_{0};
};

/// 32 hexadecimal digits that nobody can guess.
[[nodiscard]] std::string random_secret();

}  // namespace baton::bus

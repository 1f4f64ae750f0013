// IpcFolder: a folder of one process, in which it makes the sockets that others connect to.
//
// It is of mode 0700 and of this process's user, so nobody else can reach what is in it (but
// root). A file `lock` in it says whose it is: a second process that wants the same folder is
// refused; the kernel lets go of the lock with its process, however that ends, and what it left
// behind is removed by the next one.
//
// Why not the sockets alone: ZeroMQ binds one ipc path twice without a word, takes the file from
// whoever had it, and leaves it there in the end.
//
// Threads: endpoint() and path() may be called from any; one thread makes and destroys it.
// Errors: Error(bus_unavailable): the folder is another process's, is not safe, or its path is too
// long.
// Cost: a few system calls, and a descriptor for as long as it lives.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "baton/base/descriptor.hpp"

namespace baton::bus {

class IpcFolder {
public:
    /// How long a path of a folder, and a name in it, may be: together with a '/' they are an
    /// address of a Unix socket, which has room for 107 bytes.
    static constexpr std::size_t path_max = 90;
    static constexpr std::size_t name_max = 16;

    /// Makes the folder where there is none (in a folder that is there), takes the lock, and
    /// removes the sockets that a dead process left. `path` is absolute.
    explicit IpcFolder(std::filesystem::path path);
    /// Removes the sockets in it, the lock and, if nothing else is there, the folder.
    ~IpcFolder();
    IpcFolder(const IpcFolder&) = delete;
    IpcFolder& operator=(const IpcFolder&) = delete;

    /// "ipc:///run/user/1000/baton/4711/bus". `name` is of letters, digits, '-', '_' and '.'.
    [[nodiscard]] std::string endpoint(std::string_view name) const;
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
    Descriptor lock_;
};

/// Where the folders of this user's processes are: $XDG_RUNTIME_DIR/baton, or /tmp/baton-<uid>
/// where that is not set, or too long. Makes it, of mode 0700. Throws Error(bus_unavailable) where
/// it is another user's, or open to others.
[[nodiscard]] std::filesystem::path ipc_root();

/// Removes the folders in `root` whose processes are dead.
void remove_dead_ipc_folders(const std::filesystem::path& root);

}  // namespace baton::bus

#include "baton/local_bus/ipc_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

namespace baton::bus {
namespace {

namespace fs = std::filesystem;

constexpr auto lock_name = "lock";
constexpr mode_t folder_mode = 0700;
constexpr mode_t others = 077;

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
    throw Error(ErrorCode::bus_unavailable, "the folder " + json_quoted(path.string()) +
                                                " cannot hold a bus's sockets: " + what);
}

[[noreturn]] void refuse(const fs::path& path, const std::string& what, int error) {
    refuse(path, what + ": " + std::generic_category().message(error));
}

// Nothing where it is gone. A link is no folder, wherever it leads.
std::optional<Descriptor> open_folder(const fs::path& path) {
    Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (folder.is_open()) return folder;
    if (errno == ENOENT) return std::nullopt;
    if (errno == ENOTDIR || errno == ELOOP) refuse(path, "it is no folder");
    refuse(path, "it cannot be opened", errno);
}

void require_own(const fs::path& path, const Descriptor& folder) {
    struct stat found {};
    if (::fstat(folder.number(), &found) != 0) refuse(path, "it cannot be looked at", errno);
    if (found.st_uid != ::geteuid()) {
        refuse(path, "it is of user " + std::to_string(found.st_uid) + ", and this process of " +
                         std::to_string(::geteuid()));
    }
    if ((found.st_mode & others) != 0) {
        refuse(path, "others may enter it; say: chmod 700 " + path.string());
    }
}

void make_folder(const fs::path& path) {
    if (::mkdir(path.c_str(), folder_mode) != 0 && errno != EEXIST) {
        refuse(path, "it cannot be made", errno);
    }
}

// Whether the file that was locked is still the one that has the name: who had it before may have
// removed it since it was opened.
bool is_still_there(const Descriptor& folder, const Descriptor& file) {
    struct stat ours {};
    struct stat named {};
    return ::fstat(file.number(), &ours) == 0 &&
           ::fstatat(folder.number(), lock_name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
}

enum class Taken : std::uint8_t { yes, no, gone };

Taken take_lock(const Descriptor& folder, int flags, Descriptor& lock) {
    lock = Descriptor(::openat(folder.number(), lock_name, flags | O_RDWR | O_NOFOLLOW | O_CLOEXEC,
                               S_IRUSR | S_IWUSR));
    if (!lock.is_open()) return Taken::gone;
    if (::flock(lock.number(), LOCK_EX | LOCK_NB) != 0) return Taken::no;
    return is_still_there(folder, lock) ? Taken::yes : Taken::gone;
}

std::string holder_of(const Descriptor& lock) {
    std::array<char, 32> text{};
    const ssize_t length = ::pread(lock.number(), text.data(), text.size(), 0);
    pid_t pid = 0;
    std::from_chars(text.data(), text.data() + std::max<ssize_t>(length, 0), pid);
    return pid > 0 ? "process " + std::to_string(pid) + " has it" : "another process has it";
}

void write_holder(const Descriptor& lock) {
    const std::string pid = std::to_string(::getpid()) + "\n";
    // For people only, so it need not succeed: that the lock is held is what counts.
    if (::ftruncate(lock.number(), 0) == 0) {
        [[maybe_unused]] const ssize_t written = ::pwrite(lock.number(), pid.data(), pid.size(), 0);
    }
}

// With the lock held. What is no socket was not made here, and stays.
void remove_sockets(const fs::path& path) noexcept {
    std::error_code error;
    std::vector<fs::path> sockets;
    for (fs::directory_iterator each(path, error), end; !error && each != end;
         each.increment(error)) {
        std::error_code unknown;
        if (each->symlink_status(unknown).type() == fs::file_type::socket) {
            sockets.push_back(each->path());
        }
    }
    for (const fs::path& socket : sockets) fs::remove(socket, error);
}

// With the lock held, which ends with the file: who opened it meanwhile finds it gone.
void remove_with_lock(const fs::path& path) noexcept {
    remove_sockets(path);
    ::unlink((path / lock_name).c_str());
    ::rmdir(path.c_str());
}

}  // namespace

IpcFolder::IpcFolder(fs::path path) : path_(std::move(path)) {
    if (!path_.is_absolute()) refuse(path_, "its path does not begin with /");
    if (path_.native().size() > path_max) {
        refuse(path_, "its path has " + std::to_string(path_.native().size()) +
                          " bytes, and the addresses of sockets in it have room for " +
                          std::to_string(path_max));
    }
    constexpr int tries = 1000;  // each is lost to one who removes it just then
    for (int i = 0; i < tries; ++i) {
        make_folder(path_);
        const std::optional<Descriptor> folder = open_folder(path_);
        if (!folder) continue;
        require_own(path_, *folder);
        switch (take_lock(*folder, O_CREAT, lock_)) {
            case Taken::yes:
                write_holder(lock_);
                remove_sockets(path_);
                return;
            case Taken::no:
                refuse(path_, holder_of(lock_));
            case Taken::gone:
                if (!lock_.is_open() && errno != ENOENT) {
                    refuse(path_, "the lock in it cannot be opened", errno);
                }
        }
    }
    refuse(path_, "others make and remove it all the time");
}

IpcFolder::~IpcFolder() { remove_with_lock(path_); }

std::string IpcFolder::endpoint(std::string_view name) const {
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    if (name.empty() || name.size() > name_max || name.front() == '.' || name == lock_name ||
        !std::ranges::all_of(name, is_plain)) {
        throw Error(ErrorCode::bus_misused,
                    json_quoted(name) +
                        " is no name of a socket: 1 to 16 letters, digits, '-', "
                        "'_' and '.', but not \"lock\", and no '.' first");
    }
    return "ipc://" + (path_ / name).string();
}

fs::path ipc_root() {
    const char* const run = std::getenv("XDG_RUNTIME_DIR");  // NOLINT(concurrency-mt-unsafe)
    fs::path root = "/tmp/baton-" + std::to_string(::geteuid());
    constexpr std::size_t rest = 24;  // a process's number, and that of its folder
    if (run != nullptr && *run == '/' &&
        std::strlen(run) + sizeof("/baton") + rest <= IpcFolder::path_max) {
        std::error_code error;
        if (fs::is_directory(run, error)) root = fs::path(run) / "baton";
    }
    make_folder(root);
    const std::optional<Descriptor> folder = open_folder(root);
    if (!folder) refuse(root, "somebody removed it just now");
    require_own(root, *folder);
    return root;
}

void remove_dead_ipc_folders(const fs::path& root) {
    std::error_code error;
    for (fs::directory_iterator each(root, error), end; !error && each != end;
         each.increment(error)) {
        const Descriptor folder(
            ::open(each->path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!folder.is_open()) continue;
        Descriptor lock;
        if (take_lock(folder, 0, lock) == Taken::yes) remove_with_lock(each->path());
    }
}

}  // namespace baton::bus

// WatchedFiles: the files that a build is made of, as they were when they were read first.
//
// Threads: add() while no other thread uses it; change() from any.
// Cost: change() is a stat() of each file; one that was written to is read again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace baton::node {

class WatchedFiles {
public:
    /// Reads it. Throws std::runtime_error with what is wrong: "… is a folder".
    void add(const std::filesystem::path& path);
    /// What the files had in them, in their order.
    [[nodiscard]] std::string digests() const;
    /// Which file has other content by now, or is gone; nothing where none has.
    [[nodiscard]] std::optional<std::string> change();

private:
    // Whoever writes to a file, or puts another one in its place, changes one of these.
    struct Stamp {
        dev_t device;
        ino_t number;
        off_t size;
        std::int64_t written;
        std::int64_t changed;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    struct File {
        std::filesystem::path path;
        std::string digest;
        std::optional<Stamp> stamp;  // nothing: it cannot be told by that
    };
    [[nodiscard]] static std::optional<Stamp> stamp_of(const std::filesystem::path& path);
    [[nodiscard]] static File read(const std::filesystem::path& path);

    std::mutex mutex_;
    std::vector<File> files_;
};

}  // namespace baton::node

#include "watched_files.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include "baton/base/sha256.hpp"

namespace baton::node {
namespace {

std::int64_t nanoseconds(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// A file's times come from a clock that ticks a few times a second at worst: what is written twice
// within one tick looks as if it had been written once.
bool is_settled(std::int64_t changed) {
    constexpr std::chrono::seconds settling{1};
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::nanoseconds(changed) < now - settling;
}

}  // namespace

void WatchedFiles::add(const std::filesystem::path& path) { files_.push_back(read(path)); }

std::string WatchedFiles::digests() const {
    std::string all;
    for (const File& file : files_) all += file.digest + ",";
    return all;
}

std::optional<std::string> WatchedFiles::change() {
    const std::lock_guard lock(mutex_);
    for (File& file : files_) {
        if (file.stamp && stamp_of(file.path) == file.stamp) continue;
        try {
            File now = read(file.path);
            if (now.digest != file.digest) return file.path.string() + " has changed";
            file = std::move(now);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
    }
    return std::nullopt;
}

std::optional<WatchedFiles::Stamp> WatchedFiles::stamp_of(const std::filesystem::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return Stamp{.device = status.st_dev,
                 .number = status.st_ino,
                 .size = status.st_size,
                 .written = nanoseconds(status.st_mtim),
                 .changed = nanoseconds(status.st_ctim)};
}

WatchedFiles::File WatchedFiles::read(const std::filesystem::path& path) {
    std::error_code is_none;
    if (std::filesystem::is_directory(path, is_none)) {
        throw std::runtime_error(path.string() + " is a folder");
    }
    const std::optional<Stamp> before = stamp_of(path);
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    if (!stream) {
        throw std::runtime_error(path.string() +
                                 " cannot be read: " + std::generic_category().message(errno));
    }
    File file{.path = path, .digest = sha256_of(content), .stamp = stamp_of(path)};
    if (file.stamp != before || (before && !is_settled(before->changed))) file.stamp.reset();
    return file;
}

}  // namespace baton::node

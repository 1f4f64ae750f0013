// The last messages of a bus, and the folder in which they are kept where its task fails.
//
// Threads: both may be used from any.
// Cost: for each message that a LastMessages sees, its JSON and a lock: about a microsecond. So
// only a bus for which somebody asked has one.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "baton/local_bus/recording.hpp"
#include "baton/local_bus/tap.hpp"

namespace baton::bus {

class LastMessages final : public Tap {
public:
    /// Keeps so many messages, and of those so many bytes.
    explicit LastMessages(BusContext context, std::size_t messages_max = 1000,
                          std::size_t bytes_max = std::size_t{4} << 20U);

    void note(const MessagePtr& message) noexcept override;
    [[nodiscard]] std::size_t size() const;
    /// In the order of their numbers. What is no more there counts as lost.
    void write_to(Recording& recording) const;

private:
    const BusContext context_;
    const std::size_t messages_max_;
    const std::size_t bytes_max_;

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::deque<RecordedMessage> messages_;
    std::size_t bytes_ = 0;
    std::uint64_t gone_ = 0;
};

struct FailureLimits {
    std::size_t files_max = 100;
    std::uint64_t bytes_max = std::uint64_t{64} << 20U;  ///< Of all files together.
    std::chrono::hours age_max{24 * 7};
};

class FailureFolder {
public:
    /// Makes the folder, of mode 0700, where there is none. Throws Error(recording_failed) where it
    /// is another user's, open to others, or no folder.
    explicit FailureFolder(std::filesystem::path path, const FailureLimits& limits = {});

    /// Writes NAME.recording, and removes the files that are too old, and the oldest of too many.
    /// Nothing: it could not be written, and the log says why. Other files are left alone.
    std::optional<std::filesystem::path> keep(const std::string& name,
                                              const LastMessages& messages) noexcept;
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    void remove_old_ones() const;

    const std::filesystem::path path_;
    const FailureLimits limits_;
    std::mutex mutex_;  // one writes and removes at a time
};

}  // namespace baton::bus

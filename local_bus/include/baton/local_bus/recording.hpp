// Recording: messages in a file, to have the same state again: docs/recordings.md has the format.
//
//   baton::Recording recording("month.recording");
//   recording.follow(bus);                      // as a subscription; or:
//   store.record_to(recording);                 // what this store folds, in its order
//   …
//   const baton::Replayed replayed = baton::replay("month.recording", other_store);
//
// The file is of bounded size: beyond `bytes_max` it goes on in a new part, and the oldest part is
// removed. Each message is whole in the file as soon as write() has returned, so that a process
// that is killed loses none that was written; what is damaged is seen.
//
// Threads: a Recording may be used from any; a RecordingReader belongs to one.
// Errors: Error(recording_failed): the file is there already, cannot be made, or is no recording. A
// disk that is full stops a recording, but nobody who publishes: what is missing counts as lost.
// Cost: a message as JSON, a checksum and a system call. A bus that is not recorded pays nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "baton/base/descriptor.hpp"
#include "baton/local_bus/store.hpp"
#include "baton/types/codec.hpp"

namespace baton {

/// A message as it is in a file, and on its way to `baton bus tail`.
struct RecordedMessage {
    std::int64_t number = 0;  ///< On its bus; 0: it was dispatched in a store.
    std::int64_t at = 0;      ///< Microseconds since 1970 (UTC), when it was recorded.
    std::string topic;
    std::string type;  ///< The topic of its type, where that is another one; else empty.
    std::optional<std::int64_t> task;
    std::optional<std::int32_t> attempt;
    std::optional<std::string> trace;
    Json content;
    BATON_FIELDS(number, at, topic, type, task, attempt, trace, content)

    [[nodiscard]] const std::string& own_topic() const { return type.empty() ? topic : type; }
};

/// Throws as encode_json().
[[nodiscard]] RecordedMessage recorded(const Message& message, const BusContext& context);

struct RecordingOptions {
    std::uint64_t bytes_max = std::uint64_t{64} << 20U;  ///< Of each part, 4096 to 2^40.
    int parts_max = 4;                                   ///< 1 to 1000.
};

struct RecordingStats {
    std::uint64_t written = 0;
    /// No room in the ring of follow(), no JSON (a text that is not UTF-8), too large, a full disk.
    std::uint64_t lost = 0;
};

class Recording {
public:
    /// Makes the file, for its owner alone. There must be none of this name, and no folder's link.
    explicit Recording(std::filesystem::path path, const RecordingOptions& options = {});
    /// As close().
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

    /// Records what is published on `bus` from now on, on a thread of its own. Once. The bus may
    /// end before the recording. Throws as Bus::subscribe().
    void follow(Bus& bus, const SubscribeOptions& options = {});
    /// Throws nothing: what cannot be written is lost, and counted.
    void write(const RecordedMessage& message) noexcept;
    void write(const Message& message, const BusContext& context = {}) noexcept;
    /// Counts messages as lost that somebody else knows of.
    void add_lost(std::uint64_t count) noexcept;

    /// Ends it, with a mark by which a reader sees that nothing is missing. May be called again.
    void close() noexcept;
    [[nodiscard]] RecordingStats stats() const;
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
    void open_part();
    void next_part();
    void append(std::string_view payload);
    void stop(const char* reason) noexcept;

    const std::filesystem::path path_;
    const RecordingOptions options_;
    const std::string run_;
    Subscription subscription_;
    BusContext context_;

    mutable std::mutex mutex_;
    // Guarded by mutex_.
    Descriptor file_;  // none: it has ended
    std::int64_t part_ = 1;
    std::uint64_t bytes_ = 0;  // of this part
    RecordingStats stats_;
};

/// What a file had to say.
struct Replayed {
    std::uint64_t messages = 0;   ///< Folded.
    std::uint64_t unreduced = 0;  ///< The store has no reducer for their type.
    std::uint64_t failed = 0;     ///< The reducer threw, or the content does not fit the type.
    std::uint64_t lost = 0;       ///< Messages that the recording has not, as it says itself.
    /// All parts are there from the first one on, and the last one was ended.
    bool is_whole = false;
    /// Why not: "month.recording: at byte 4711: the frame is cut off". Empty: it is.
    std::string ended;
};

/// Reads the parts of a recording, one message after the other, as far as they are whole.
class RecordingReader {
public:
    /// Throws Error(recording_failed) where `path` is no recording.
    explicit RecordingReader(const std::filesystem::path& path);
    ~RecordingReader();
    RecordingReader(const RecordingReader&) = delete;
    RecordingReader& operator=(const RecordingReader&) = delete;

    /// Nothing: that was all.
    [[nodiscard]] std::optional<RecordedMessage> next();
    /// After the last one: `lost`, `is_whole` and `ended`.
    [[nodiscard]] const Replayed& end() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

namespace bus {
[[nodiscard]] Replayed replay(const std::filesystem::path& path, StoreCore& store);
}

/// Folds a recording into `store`, past its middleware: the same messages in the same order give
/// the same digest. What a reducer throws is counted, as it was when it was recorded. Throws
/// Error(recording_failed) where `path` is no recording.
template <class State>
Replayed replay(const std::filesystem::path& path, LocalStore<State>& store) {
    return bus::replay(path, store.core());
}

}  // namespace baton

// A frame of a recording: its length and checksum, each 4 bytes, least significant first, and then
// a msgpack map of one of these; docs/recordings.md.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/local_bus/recording.hpp"

namespace baton::bus {

inline constexpr std::string_view recording_mark = "baton recording 1\n";
inline constexpr std::size_t frame_head_size = 8;
inline constexpr std::size_t frame_max = std::size_t{16} << 20U;  // of the payload

struct RecordingHead {
    std::string run;  // the same in all parts of a recording, and in no other
    std::int64_t part = 1;
    BATON_FIELDS(run, part)
};

struct RecordingEnd {
    std::int64_t lost = 0;
    bool goes_on = false;  // in the next part
    BATON_FIELDS(lost, goes_on)
};

struct RecordingFrame {
    std::optional<RecordingHead> head;
    std::optional<RecordedMessage> message;
    std::optional<RecordingEnd> end;
    BATON_FIELDS(head, message, end)
};

[[nodiscard]] std::string frame_of(std::string_view payload);

/// What stands in the first 8 bytes of a frame.
struct FrameHead {
    std::uint32_t length = 0;
    std::uint32_t checksum = 0;
};
[[nodiscard]] FrameHead frame_head(std::string_view bytes);
[[nodiscard]] std::uint32_t checksum_of(std::string_view payload);

/// For a process that sends messages: one of them.
[[nodiscard]] std::string message_frame(RecordedMessage message);

/// The number behind the name of a part; 0: `file` is no part of the recording `path`.
[[nodiscard]] std::int64_t part_of(const std::filesystem::path& path,
                                   const std::filesystem::path& file);
/// The parts that are there beside the file of the recording's name, the oldest first.
[[nodiscard]] std::vector<std::filesystem::path> parts_of(const std::filesystem::path& path);

/// Writes all of it; false, with errno: it could not be.
[[nodiscard]] bool write_all(int file, std::string_view bytes);

}  // namespace baton::bus

// The socket of a BusWindow, and frames as bytes.
//
// Threads: pure functions.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "baton/base/descriptor.hpp"
#include "recording_frame.hpp"

namespace baton::bus {

inline constexpr std::string_view window_socket = "tail";
inline constexpr std::string_view window_folder = "node-";  // and the process's number

/// What came is no frame.
class BadFrame : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// A socket that listens at `path`, or is connected to it. Not open, with errno: it cannot be.
[[nodiscard]] Descriptor listen_at(const std::filesystem::path& path);
[[nodiscard]] Descriptor connect_to(const std::filesystem::path& path);

/// Takes the first frame's payload off `bytes`; nothing: it is not all there. Throws BadFrame.
[[nodiscard]] std::optional<std::string> take_frame(std::string& bytes, std::size_t payload_max);

template <class Frame>
[[nodiscard]] std::string wire_of(const Frame& frame) {
    return frame_of(encode_msgpack(frame));
}

template <class Frame>
[[nodiscard]] Frame frame_in(std::string_view payload) {
    try {
        return decode_msgpack<Frame>(payload);
    } catch (const Error& error) {
        throw BadFrame(error.what());
    }
}

}  // namespace baton::bus

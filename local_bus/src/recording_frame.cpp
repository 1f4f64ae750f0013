#include "recording_frame.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace baton::bus {
namespace {

namespace fs = std::filesystem;

void append(std::string& bytes, std::uint32_t number) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        bytes += static_cast<char>((number >> shift) & 0xFFU);
    }
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
    std::uint32_t number = 0;
    for (unsigned i = 0; i < 4; ++i) {
        number |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    }
    return number;
}

}  // namespace

std::uint32_t checksum_of(std::string_view payload) {
    boost::crc_32_type crc;
    crc.process_bytes(payload.data(), payload.size());
    return crc.checksum();
}

std::string frame_of(std::string_view payload) {
    std::string frame;
    frame.reserve(frame_head_size + payload.size());
    append(frame, static_cast<std::uint32_t>(payload.size()));
    append(frame, checksum_of(payload));
    frame += payload;
    return frame;
}

FrameHead frame_head(std::string_view bytes) { return {number_at(bytes, 0), number_at(bytes, 4)}; }

std::string message_frame(RecordedMessage message) {
    RecordingFrame frame;
    frame.message = std::move(message);
    return encode_msgpack(frame);
}

std::int64_t part_of(const std::filesystem::path& path, const std::filesystem::path& file) {
    const std::string start = path.filename().string() + ".";
    const std::string name = file.filename().string();
    if (!name.starts_with(start)) return 0;
    std::int64_t part = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + start.size(), end, part);
    return read.ec == std::errc{} && read.ptr == end ? std::max<std::int64_t>(part, 0) : 0;
}

std::vector<std::filesystem::path> parts_of(const std::filesystem::path& path) {
    std::vector<std::pair<std::int64_t, fs::path>> parts;
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    std::error_code error;
    for (fs::directory_iterator each(folder, error), end; !error && each != end;
         each.increment(error)) {
        const std::int64_t part = part_of(path, each->path());
        if (part > 0) parts.emplace_back(part, each->path());
    }
    std::ranges::sort(parts);
    std::vector<fs::path> paths;
    for (auto& [part, file] : parts) paths.push_back(std::move(file));
    return paths;
}

bool write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace baton::bus

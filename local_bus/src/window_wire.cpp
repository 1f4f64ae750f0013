#include "window_wire.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

namespace baton::bus {
namespace {

// False: the path is too long.
bool address_of(const std::filesystem::path& path, sockaddr_un& address) {
    const std::string& name = path.native();
    if (name.size() >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    address.sun_family = AF_UNIX;
    std::ranges::copy(name, &address.sun_path[0]);
    return true;
}

const sockaddr* plain(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);  // NOLINT(*-reinterpret-cast)
}

}  // namespace

Descriptor listen_at(const std::filesystem::path& path) {
    constexpr int waiting_max = 16;
    sockaddr_un address{};
    if (!address_of(path, address)) return {};
    Descriptor listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listening.is_open() || ::bind(listening.number(), plain(address), sizeof(address)) != 0 ||
        ::listen(listening.number(), waiting_max) != 0) {
        return {};
    }
    return listening;
}

Descriptor connect_to(const std::filesystem::path& path) {
    sockaddr_un address{};
    if (!address_of(path, address)) return {};
    Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.is_open() || ::connect(socket.number(), plain(address), sizeof(address)) != 0) {
        return {};
    }
    return socket;
}

std::optional<std::string> take_frame(std::string& bytes, std::size_t payload_max) {
    if (bytes.size() < frame_head_size) return std::nullopt;
    const FrameHead head = frame_head(bytes);
    if (head.length > payload_max) throw BadFrame("a frame is too large");
    if (bytes.size() - frame_head_size < head.length) return std::nullopt;
    std::string payload = bytes.substr(frame_head_size, head.length);
    if (checksum_of(payload) != head.checksum) throw BadFrame("a frame is damaged");
    bytes.erase(0, frame_head_size + head.length);
    return payload;
}

}  // namespace baton::bus

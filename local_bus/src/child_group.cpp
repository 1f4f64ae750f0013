#include "child_group.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <system_error>

namespace baton::bus {
namespace {

std::filesystem::path new_folder() {
    static std::atomic<std::uint32_t> count{0};
    static std::once_flag is_swept;
    const std::filesystem::path root = ipc_root();
    std::call_once(is_swept, [&] { remove_dead_ipc_folders(root); });
    return root / (std::to_string(::getpid()) + "-" + std::to_string(++count));
}

}  // namespace

ChildGroup::ChildGroup() : folder_(new_folder()) {}

std::string ChildGroup::next_endpoint() {
    return folder_.endpoint("child-" + std::to_string(++endpoints_));
}

std::string random_secret() {
    std::array<unsigned char, 16> bytes{};
    if (::getentropy(bytes.data(), bytes.size()) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot get random bytes");
    }
    std::string hex;
    for (const unsigned char byte : bytes) {
        hex += "0123456789abcdef"[byte >> 4U];
        hex += "0123456789abcdef"[byte & 0xFU];
    }
    return hex;
}

}  // namespace baton::bus

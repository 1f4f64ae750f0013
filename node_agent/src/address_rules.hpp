// Which addresses an endpoint may be at: public ones, and what the environment's file allows.
//
// Threads: const after it was made.
#pragma once

#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton::node {

/// A range of addresses; those of IPv4 are at ::ffff:0:0/96.
struct Network {
    std::array<unsigned char, 16> address{};
    int bits = 0;
};

/// Of "10.1.0.0/16", "10.1.2.3" or "fd00::/8"; nothing where it is none, or has bits behind its
/// length.
[[nodiscard]] std::optional<Network> network_of(std::string_view text);

class AddressRules {
public:
    /// Throws Error(settings_invalid) where one is no network.
    explicit AddressRules(const std::vector<std::string>& allowed);

    /// Why nothing is to be sent to it; nothing where it may be.
    [[nodiscard]] std::optional<std::string> refusal(const sockaddr& address) const;

private:
    std::vector<Network> allowed_;
};

}  // namespace baton::node

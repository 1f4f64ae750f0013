#include "address_rules.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"

namespace baton::node {
namespace {

using Bytes = std::array<unsigned char, 16>;

constexpr Bytes mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct Range {
    std::string_view network;
    std::string_view what;
};

// Of IANA's registries of special-purpose addresses, and what is for many receivers.
constexpr Range special[] = {
    {"0.0.0.0/8", "this host"},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "shared"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local, where clouds have their metadata"},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "of protocols"},
    {"192.0.2.0/24", "documentation"},
    {"192.88.99.0/24", "relays"},
    {"192.168.0.0/16", "private"},
    {"198.18.0.0/15", "benchmarks"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast"},
    {"240.0.0.0/4", "reserved"},
    {"::/96", "this host, or IPv4 in disguise"},
    {"64:ff9b::/96", "NAT64"},
    {"64:ff9b:1::/48", "NAT64"},
    {"100::/64", "discarded"},
    {"2001::/23", "of protocols"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "segment routing"},
    {"fc00::/7", "private"},
    {"fe80::/10", "link-local"},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast"},
};

Bytes mapped(const in_addr& address) {
    Bytes bytes = mapped_prefix;
    std::memcpy(bytes.data() + 12, &address, 4);
    return bytes;
}

bool is_in(const Bytes& address, const Network& network) {
    for (int bit = 0; bit < network.bits; ++bit) {
        const auto byte = static_cast<std::size_t>(bit / 8);
        const int mask = 0x80 >> (bit % 8);
        if (((address[byte] ^ network.address[byte]) & mask) != 0) return false;
    }
    return true;
}

std::string text_of(const Bytes& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool is_mapped =
        std::equal(mapped_prefix.begin(), mapped_prefix.begin() + 12, address.begin());
    ::inet_ntop(is_mapped ? AF_INET : AF_INET6, address.data() + (is_mapped ? 12 : 0), text.data(),
                static_cast<socklen_t>(text.size()));
    return text.data();
}

const std::vector<std::pair<Network, Range>>& special_networks() {
    static const auto networks = [] {
        std::vector<std::pair<Network, Range>> made;
        for (const Range& range : special) made.emplace_back(*network_of(range.network), range);
        return made;
    }();
    return networks;
}

}  // namespace

std::optional<Network> network_of(std::string_view text) {
    const std::size_t slash = text.find('/');
    const std::string host(text.substr(0, slash));
    Network network;
    in_addr four{};
    in6_addr six{};
    int offset = 0;
    if (::inet_pton(AF_INET, host.c_str(), &four) == 1) {
        network.address = mapped(four);
        offset = 96;
    } else if (::inet_pton(AF_INET6, host.c_str(), &six) == 1) {
        std::memcpy(network.address.data(), &six, network.address.size());
    } else {
        return std::nullopt;
    }
    network.bits = 128 - offset;
    if (slash != std::string_view::npos) {
        const std::string_view length = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(length.data(), length.data() + length.size(), network.bits);
        if (error != std::errc{} || end != length.data() + length.size()) return std::nullopt;
        if (network.bits < 0 || network.bits > 128 - offset) return std::nullopt;
    }
    network.bits += slash != std::string_view::npos ? offset : 0;
    if (slash == std::string_view::npos) network.bits = 128;
    Network whole = network;
    for (int bit = network.bits; bit < 128; ++bit) {
        const int mask = 0x80 >> (bit % 8);
        if ((whole.address[static_cast<std::size_t>(bit / 8)] & mask) != 0) return std::nullopt;
    }
    return network;
}

AddressRules::AddressRules(const std::vector<std::string>& allowed) {
    for (const std::string& text : allowed) {
        const auto network = network_of(text);
        if (!network) {
            throw Error(ErrorCode::settings_invalid,
                        "endpoints.allow: " + json_quoted(text) +
                            " is no network; write it as \"10.1.0.0/16\" or \"fd00::/8\"");
        }
        allowed_.push_back(*network);
    }
}

std::optional<std::string> AddressRules::refusal(const sockaddr& address) const {
    Bytes bytes{};
    if (address.sa_family == AF_INET) {
        sockaddr_in four{};
        std::memcpy(&four, &address, sizeof four);
        bytes = mapped(four.sin_addr);
    } else if (address.sa_family == AF_INET6) {
        sockaddr_in6 six{};
        std::memcpy(&six, &address, sizeof six);
        std::memcpy(bytes.data(), &six.sin6_addr, bytes.size());
    } else {
        return "it is at no address of the internet";
    }
    const auto holds = [&](const auto& network) { return is_in(bytes, network); };
    if (std::ranges::any_of(allowed_, holds)) return std::nullopt;
    for (const auto& [network, range] : special_networks()) {
        if (!is_in(bytes, network)) continue;
        return "it is at " + text_of(bytes) + ", of " + std::string(range.network) + " (" +
               std::string(range.what) +
               "), which endpoints.allow of the environment's file does not name";
    }
    return std::nullopt;
}

}  // namespace baton::node

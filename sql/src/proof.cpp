#include "baton/sql/proof.hpp"

#include <algorithm>

#include "baton/base/sha256.hpp"

namespace baton::sql {
namespace {

constexpr std::size_t key_digits = 64;
constexpr std::size_t block_bytes = 64;
constexpr std::string_view hex_digits = "0123456789abcdef";

// Of text that is hex digits.
std::string bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(hex_digits.find(hex[i]) * 16 + hex_digits.find(hex[i + 1]));
    }
    return bytes;
}

std::string hex_of(std::string_view bytes) {
    std::string hex;
    for (const char byte : bytes) {
        hex += hex_digits[static_cast<unsigned char>(byte) >> 4U];
        hex += hex_digits[static_cast<unsigned char>(byte) & 0xFU];
    }
    return hex;
}

std::string xor_of(std::string a, std::string_view b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
    return a;
}

// RFC 2104; for keys of up to a block.
std::string hmac_sha256(std::string key, std::string_view message) {
    key.resize(block_bytes, '\0');
    const std::string inner = xor_of(key, std::string(block_bytes, '\x36'));
    const std::string outer = xor_of(key, std::string(block_bytes, '\x5c'));
    return bytes_of(sha256_of(outer + bytes_of(sha256_of(inner + std::string(message)))));
}

}  // namespace

std::string proof_of(std::string_view token, std::string_view challenge,
                     std::string_view environment, std::string_view machine_id) {
    const std::size_t before_key = token.size() - std::min(token.size(), key_digits);
    const std::string_view key = token.substr(before_key);
    if (key.size() != key_digits || key.find_first_not_of(hex_digits) != std::string_view::npos) {
        return "none";
    }
    std::string asked(challenge);
    for (const std::string_view part : {environment, machine_id}) {
        asked += ":";
        asked += part;
    }
    const std::string stored_key = bytes_of(sha256_of(token));
    return std::string(token.substr(0, before_key)) +
           hex_of(xor_of(bytes_of(key), hmac_sha256(stored_key, asked)));
}

}  // namespace baton::sql

// The digest itself is libcrypto's.
#include "baton/base/sha256.hpp"

#include <openssl/evp.h>

#include <array>

#include "baton/base/check.hpp"

namespace baton {

std::string sha256_of(std::string_view data) {
    std::array<unsigned char, 32> digest{};
    BATON_CHECK(
        EVP_Digest(data.data(), data.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
    std::string hex;
    for (const unsigned char byte : digest) {
        hex += "0123456789abcdef"[byte >> 4U];
        hex += "0123456789abcdef"[byte & 0xFU];
    }
    return hex;
}

}  // namespace baton

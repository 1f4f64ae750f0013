// A digest of a text, to notice that it has changed. Not against an attacker: whoever can change
// the text can change its digest as well.
//
// Threads: no state.
#pragma once

#include <string>
#include <string_view>

namespace baton {

/// FNV-1a of 128 bits, as 32 hex digits.
[[nodiscard]] inline std::string digest_of(std::string_view text) {
    __extension__ using Word = unsigned __int128;
    constexpr Word prime = (Word{1} << 88U) + 0x13BU;
    Word hash = (Word{0x6C62272E07BB0142ULL} << 64U) + 0x62B821756295C58DULL;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= prime;
    }
    std::string hex;
    for (unsigned shift = 128; shift > 0; shift -= 4) {
        hex += "0123456789abcdef"[static_cast<unsigned>(hash >> (shift - 4)) & 0xFU];
    }
    return hex;
}

}  // namespace baton

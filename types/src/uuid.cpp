#include "baton/types/uuid.hpp"

#include "baton/base/error.hpp"

namespace baton {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

constexpr bool is_hyphen_place(std::size_t at) {
    return at == 8 || at == 13 || at == 18 || at == 23;
}

std::optional<unsigned> hex_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10U;
    return std::nullopt;
}

}  // namespace

std::optional<Uuid> Uuid::from_text(std::string_view text) noexcept {
    constexpr std::size_t length = 36;
    if (text.size() != length) return std::nullopt;
    Bytes bytes{};
    std::size_t nibble = 0;
    for (std::size_t at = 0; at < length; ++at) {
        if (is_hyphen_place(at)) {
            if (text[at] != '-') return std::nullopt;
            continue;
        }
        const std::optional<unsigned> value = hex_value(text[at]);
        if (!value) return std::nullopt;
        std::uint8_t& byte = bytes[nibble / 2];
        byte = static_cast<std::uint8_t>(static_cast<unsigned>(byte) << 4U | *value);
        ++nibble;
    }
    return Uuid(bytes);
}

Uuid Uuid::parse(std::string_view text) {
    const std::optional<Uuid> uuid = from_text(text);
    if (!uuid) {
        throw Error(ErrorCode::decode_failed,
                    "not a uuid; write 6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    }
    return *uuid;
}

std::string Uuid::text() const {
    std::string out;
    append_to(out);
    return out;
}

void Uuid::append_to(std::string& out) const {
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += hex_digits[bytes_[i] >> 4U];
        out += hex_digits[bytes_[i] & 0xFU];
    }
}

}  // namespace baton

// Uuid: 128 bits that name something, as Postgres' `uuid`.
//
// There is no generator here: reducers have no randomness.
//
// Threads: values only.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace baton {

class Uuid {
public:
    using Bytes = std::array<std::uint8_t, 16>;

    /// The nil uuid.
    constexpr Uuid() = default;
    constexpr explicit Uuid(const Bytes& bytes) : bytes_(bytes) {}

    /// "6ba7b810-9dad-11d1-80b4-00c04fd430c8", in either case; nothing for any other form.
    [[nodiscard]] static std::optional<Uuid> from_text(std::string_view text) noexcept;
    /// As from_text(); throws Error(decode_failed) instead.
    [[nodiscard]] static Uuid parse(std::string_view text);

    [[nodiscard]] constexpr const Bytes& bytes() const noexcept { return bytes_; }
    /// Lower case with hyphens, as Postgres writes it.
    [[nodiscard]] std::string text() const;
    /// Appends text() to `out`.
    void append_to(std::string& out) const;

    friend constexpr auto operator<=>(const Uuid&, const Uuid&) = default;

private:
    Bytes bytes_{};
};

}  // namespace baton

template <>
struct std::hash<baton::Uuid> {
    std::size_t operator()(const baton::Uuid& value) const noexcept {
        const auto& bytes = value.bytes();
        return std::hash<std::string_view>{}(
            {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
};

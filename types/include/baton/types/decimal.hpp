// Decimal: an exact decimal number, for money and whatever else must not be rounded.
//
// It is Postgres' `numeric` as far as 38 digits go: a sum has the larger scale of its operands, a
// product the sum of the scales, so 1.50 + 1 = 2.50 and 1.5 * 1.50 = 2.250. What does not fit into
// 38 digits throws; nothing is rounded unless rounded() is called. There is no division: its
// scale is a matter of taste, so averages are better computed where they are read, in SQL.
//
// Threads: values only.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace baton {

class Decimal {
public:
    __extension__ using Coefficient = __int128;

    /// The most digits a value can have, and the largest scale.
    static constexpr int digits_max = 38;

    constexpr Decimal() = default;

    /// An integer is a decimal of scale 0.
    template <std::integral Integer>
    requires(!std::same_as<Integer, bool>) constexpr Decimal(Integer value)
        : coefficient_(value) {}  // NOLINT(*-explicit-*)

    /// coefficient / 10^scale: of(1999, 2) is 19.99. Throws when scale is not 0 to 38.
    [[nodiscard]] static Decimal of(std::int64_t coefficient, int scale);

    /// The value of `text` ("-12.30", "1e2"), with the scale that it is written in; nothing if it
    /// is not a decimal number or needs more than 38 digits.
    [[nodiscard]] static std::optional<Decimal> from_text(std::string_view text) noexcept;
    /// As from_text(); throws Error(decode_failed) instead.
    [[nodiscard]] static Decimal parse(std::string_view text);

    /// Digits after the point, 0 to 38.
    [[nodiscard]] constexpr int scale() const noexcept { return scale_; }

    /// "-12.30": as Postgres writes it.
    [[nodiscard]] std::string text() const;
    /// Appends text() to `out`.
    void append_to(std::string& out) const;

    /// This value with `scale` digits after the point; halves are rounded away from zero, as
    /// Postgres' round() does. Throws when the result needs more than 38 digits.
    [[nodiscard]] Decimal rounded(int scale) const;

    /// All arithmetic throws Error(event_poisoned) when the result needs more than 38 digits.
    Decimal& operator+=(const Decimal& other) {
        if (scale_ != other.scale_) return add_other_scale(other);
        coefficient_ = sum(coefficient_, other.coefficient_);
        return *this;
    }
    Decimal& operator-=(const Decimal& other) { return *this += -other; }
    Decimal& operator*=(const Decimal& other);
    [[nodiscard]] Decimal operator-() const noexcept {
        Decimal negated = *this;
        negated.coefficient_ = -coefficient_;
        return negated;
    }
    friend Decimal operator+(Decimal a, const Decimal& b) { return a += b; }
    friend Decimal operator-(Decimal a, const Decimal& b) { return a -= b; }
    friend Decimal operator*(Decimal a, const Decimal& b) { return a *= b; }

    /// Compares the numbers: 1.0 equals 1.00.
    friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) noexcept;
    friend bool operator==(const Decimal& a, const Decimal& b) noexcept { return (a <=> b) == 0; }

    /// Equal numbers have equal hashes, whatever their scales.
    [[nodiscard]] std::size_t hash() const noexcept;

private:
    static constexpr Coefficient limit() {
        Coefficient power = 1;
        for (int i = 0; i < digits_max; ++i) power *= 10;
        return power;
    }
    [[noreturn]] static void overflow();
    static Coefficient checked(Coefficient value) {
        if (value >= limit() || value <= -limit()) overflow();
        return value;
    }
    // Two coefficients below 10^38 can have a sum that does not fit into 127 bits.
    static Coefficient sum(Coefficient a, Coefficient b) {
        Coefficient result = 0;
        if (__builtin_add_overflow(a, b, &result)) overflow();
        return checked(result);
    }
    Decimal& add_other_scale(const Decimal& other);

    Coefficient coefficient_ = 0;
    int scale_ = 0;
};

}  // namespace baton

template <>
struct std::hash<baton::Decimal> {
    std::size_t operator()(const baton::Decimal& value) const noexcept { return value.hash(); }
};

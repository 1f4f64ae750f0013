#include "baton/types/decimal.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "baton/base/error.hpp"

namespace baton {
namespace {

using Coefficient = Decimal::Coefficient;
__extension__ using Magnitude = unsigned __int128;

constexpr int digits_max = Decimal::digits_max;

constexpr auto powers_of_ten = [] {
    std::array<Coefficient, digits_max + 1> powers{};
    powers[0] = 1;
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
    return powers;
}();

Coefficient power_of_ten(int exponent) { return powers_of_ten[static_cast<std::size_t>(exponent)]; }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits of `text` from `at` on, appended to `coefficient`; how many there were, or nothing if
// the coefficient needs more than 38.
std::optional<int> read_digits(std::string_view text, std::size_t& at, Coefficient& coefficient) {
    int count = 0;
    for (; at < text.size() && is_digit(text[at]); ++at, ++count) {
        if (coefficient >= power_of_ten(digits_max - 1)) return std::nullopt;
        coefficient = coefficient * 10 + (text[at] - '0');
    }
    return count;
}

// "e-12" at the end of a number. Beyond ±9999 nothing but zero could be represented anyway.
std::optional<int> read_exponent(std::string_view text) {
    constexpr int exponent_max = 9'999;
    if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
    text.remove_prefix(1);
    if (text.size() > 1 && text[0] == '+' && is_digit(text[1])) text.remove_prefix(1);
    int exponent = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (end != text.data() + text.size() || end == text.data() ||
        fault == std::errc::invalid_argument) {
        return std::nullopt;
    }
    if (fault == std::errc::result_out_of_range) {
        return text[0] == '-' ? -exponent_max : exponent_max;
    }
    return std::clamp(exponent, -exponent_max, exponent_max);
}

void append_digits(std::string& out, Magnitude magnitude) {
    std::array<char, 40> digits{};
    std::size_t begin = digits.size();
    while (magnitude > 0xFFFF'FFFF'FFFF'FFFFULL) {
        digits[--begin] = static_cast<char>('0' + static_cast<int>(magnitude % 10));
        magnitude /= 10;
    }
    auto rest = static_cast<std::uint64_t>(magnitude);
    do {
        digits[--begin] = static_cast<char>('0' + static_cast<int>(rest % 10));
        rest /= 10;
    } while (rest != 0);
    out.append(digits.data() + begin, digits.size() - begin);
}

}  // namespace

void Decimal::overflow() {
    throw Error(ErrorCode::event_poisoned,
                "a decimal needs more than 38 digits; round before multiplying, or use double");
}

Decimal Decimal::of(std::int64_t coefficient, int scale) {
    if (scale < 0 || scale > digits_max) overflow();
    Decimal value(coefficient);
    value.scale_ = scale;
    return value;
}

std::optional<Decimal> Decimal::from_text(std::string_view text) noexcept {
    std::size_t at = 0;
    const bool is_negative = !text.empty() && text[0] == '-';
    if (is_negative) ++at;

    Coefficient coefficient = 0;
    const std::optional<int> whole = read_digits(text, at, coefficient);
    if (!whole || *whole == 0) return std::nullopt;
    int scale = 0;
    if (at < text.size() && text[at] == '.') {
        ++at;
        const std::optional<int> fraction = read_digits(text, at, coefficient);
        if (!fraction || *fraction == 0) return std::nullopt;
        scale = *fraction;
    }
    if (at < text.size()) {
        const std::optional<int> exponent = read_exponent(text.substr(at));
        if (!exponent) return std::nullopt;
        scale -= *exponent;
    }
    if (coefficient == 0) scale = std::clamp(scale, 0, digits_max);
    if (scale < 0) {
        if (scale < -digits_max || coefficient >= power_of_ten(digits_max + scale))
            return std::nullopt;
        coefficient *= power_of_ten(-scale);
        scale = 0;
    }
    if (scale > digits_max) return std::nullopt;

    Decimal value;
    value.coefficient_ = is_negative ? -coefficient : coefficient;
    value.scale_ = scale;
    return value;
}

Decimal Decimal::parse(std::string_view text) {
    const std::optional<Decimal> value = from_text(text);
    if (!value) {
        throw Error(ErrorCode::decode_failed, "not a decimal of at most 38 digits; write 12.30");
    }
    return *value;
}

std::string Decimal::text() const {
    std::string out;
    append_to(out);
    return out;
}

void Decimal::append_to(std::string& out) const {
    if (coefficient_ < 0) out += '-';
    const auto magnitude = static_cast<Magnitude>(coefficient_ < 0 ? -coefficient_ : coefficient_);
    const auto unit = static_cast<Magnitude>(power_of_ten(scale_));
    append_digits(out, magnitude / unit);
    if (scale_ == 0) return;
    out += '.';
    const std::size_t fraction_begin = out.size();
    append_digits(out, magnitude % unit);
    const std::size_t length = out.size() - fraction_begin;
    out.insert(fraction_begin, static_cast<std::size_t>(scale_) - length, '0');
}

Decimal Decimal::rounded(int scale) const {
    if (scale < 0 || scale > digits_max) overflow();
    Decimal result = *this;
    result.scale_ = scale;
    if (scale >= scale_) {
        const Coefficient factor = power_of_ten(scale - scale_);
        if (__builtin_mul_overflow(coefficient_, factor, &result.coefficient_)) overflow();
        checked(result.coefficient_);
        return result;
    }
    const Coefficient unit = power_of_ten(scale_ - scale);
    const Coefficient rest = coefficient_ % unit;
    result.coefficient_ = coefficient_ / unit;
    // 10^38 / 2 fits, 2 * rest might not.
    if (rest >= unit / 2) ++result.coefficient_;
    if (rest <= -(unit / 2)) --result.coefficient_;
    return result;
}

Decimal& Decimal::add_other_scale(const Decimal& other) {
    const int scale = std::max(scale_, other.scale_);
    const Decimal widened = other.rounded(scale);
    *this = rounded(scale);
    coefficient_ = sum(coefficient_, widened.coefficient_);
    return *this;
}

Decimal& Decimal::operator*=(const Decimal& other) {
    Coefficient product = 0;
    if (__builtin_mul_overflow(coefficient_, other.coefficient_, &product)) overflow();
    if (scale_ + other.scale_ > digits_max) overflow();
    coefficient_ = checked(product);
    scale_ += other.scale_;
    return *this;
}

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) noexcept {
    if (a.scale_ == b.scale_) return a.coefficient_ <=> b.coefficient_;
    // Widening could overflow, so the whole parts and the fractions are compared apart.
    const Coefficient unit_a = power_of_ten(a.scale_);
    const Coefficient unit_b = power_of_ten(b.scale_);
    const auto whole = a.coefficient_ / unit_a <=> b.coefficient_ / unit_b;
    if (whole != 0) return whole;
    const int scale = std::max(a.scale_, b.scale_);
    return a.coefficient_ % unit_a * power_of_ten(scale - a.scale_) <=>
           b.coefficient_ % unit_b * power_of_ten(scale - b.scale_);
}

std::size_t Decimal::hash() const noexcept {
    Coefficient coefficient = coefficient_;
    int scale = coefficient == 0 ? 0 : scale_;
    for (; scale > 0 && coefficient % 10 == 0; --scale) coefficient /= 10;
    const auto bits = static_cast<Magnitude>(coefficient);
    std::size_t hash = static_cast<std::size_t>(bits) ^ static_cast<std::size_t>(bits >> 64U);
    hash ^= static_cast<std::size_t>(scale) * 0x9E3779B97F4A7C15ULL;
    return hash;
}

}  // namespace baton

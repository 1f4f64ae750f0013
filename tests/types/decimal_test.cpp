#include "baton/types/decimal.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "baton/base/error.hpp"

namespace baton {
namespace {

__extension__ using Wide = __int128;

const std::string nines(38, '9');

std::string sum(std::string_view a, std::string_view b) {
    return (Decimal::parse(a) + Decimal::parse(b)).text();
}
std::string product(std::string_view a, std::string_view b) {
    return (Decimal::parse(a) * Decimal::parse(b)).text();
}

// The digits of `value` with a point before the last `scale`, made without Decimal.
std::string written(Wide value, int scale) {
    const bool is_negative = value < 0;
    std::string digits;
    for (Wide rest = is_negative ? -value : value; rest != 0; rest /= 10) {
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    }
    const auto places = static_cast<std::size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    if (scale > 0) digits.insert(digits.size() - places, ".");
    return (is_negative ? "-" : "") + digits;
}

rc::Gen<int> scales() { return rc::gen::inRange(0, 10); }
rc::Gen<std::int64_t> coefficients() {
    return rc::gen::inRange<std::int64_t>(-1'000'000'000'000, 1'000'000'000'000);
}

Wide power_of_ten(int exponent) {
    Wide power = 1;
    for (int i = 0; i < exponent; ++i) power *= 10;
    return power;
}

TEST(DecimalTest, TextKeepsTheScaleItWasWrittenIn) {
    for (const std::string text : {"0", "0.00", "1", "-1", "12.30", "-0.05", "100.0", "0.000001"}) {
        EXPECT_EQ(Decimal::parse(text).text(), text);
    }
    EXPECT_EQ(Decimal::parse(nines).text(), nines);
    EXPECT_EQ(Decimal::parse("-0." + nines).text(), "-0." + nines);
}

TEST(DecimalTest, SumOfTheLargestOverflowsOnEachSide) {
    const std::string least = "-" + nines;
    EXPECT_THROW((void)sum(nines, nines), Error);  // twice 10^38 - 1 does not fit into 127 bits
    EXPECT_THROW((void)sum(least, least), Error);
    EXPECT_THROW((void)(Decimal::parse(least) - Decimal::parse(nines)), Error);
    EXPECT_THROW((void)sum("0." + nines, "1." + nines.substr(1)), Error);
    EXPECT_THROW((void)sum("0." + nines, "0." + nines), Error);
    EXPECT_THROW((void)sum(nines.substr(1), "0." + nines), Error);
    EXPECT_EQ(sum(nines, least), "0");
    EXPECT_EQ(sum("0." + nines, "0"), "0." + nines);
}

TEST(DecimalTest, ExponentsAreExact) {
    EXPECT_EQ(Decimal::parse("1e2").text(), "100");
    EXPECT_EQ(Decimal::parse("1.50e1").text(), "15.0");
    EXPECT_EQ(Decimal::parse("1.5E+3").text(), "1500");
    EXPECT_EQ(Decimal::parse("-25e-3").text(), "-0.025");
    EXPECT_EQ(Decimal::parse("1e37").text(), "1" + std::string(37, '0'));
    EXPECT_EQ(Decimal::parse("0e99999").text(), "0");
}

TEST(DecimalTest, WhatIsNoDecimalIsRefused) {
    for (const std::string_view text :
         {"",      "-",   "+1",    ".5",  "5.",       "1e",  "1e+",  "1e+-2",
          "1 ",    " 1",  "1,5",   "NaN", "Infinity", "0x1", "1e38", "1e99999999999",
          "1e-39", "--1", "1.2.3", "1e5x"}) {
        EXPECT_FALSE(Decimal::from_text(text)) << text;
    }
    EXPECT_FALSE(Decimal::from_text(nines + "0"));
    EXPECT_FALSE(Decimal::from_text(nines + ".1"));
    EXPECT_THROW((void)Decimal::parse("x"), Error);
}

TEST(DecimalTest, SumsHaveTheLargerScale) {
    EXPECT_EQ(sum("1.50", "1"), "2.50");
    EXPECT_EQ(sum("0.1", "0.2"), "0.3");
    EXPECT_EQ(sum("1.005", "-1.005"), "0.000");
    EXPECT_EQ((Decimal(3) - Decimal::parse("0.01")).text(), "2.99");
}

TEST(DecimalTest, ProductsHaveTheSumOfTheScales) {
    EXPECT_EQ(product("1.5", "1.50"), "2.250");
    EXPECT_EQ(product("-0.1", "0.1"), "-0.01");
    EXPECT_EQ(product(nines, "1"), nines);
}

TEST(DecimalTest, OverflowThrowsInsteadOfRounding) {
    EXPECT_THROW((void)sum(nines, "1"), Error);
    EXPECT_THROW((void)sum("-" + nines, "-1"), Error);
    EXPECT_THROW((void)sum(nines, "0.1"), Error);
    EXPECT_THROW((void)product(nines, "10"), Error);
    EXPECT_THROW((void)product("1e37", "10"), Error);  // fits into 128 bits, not into 38 digits
    EXPECT_THROW((void)product("1e37", "1e37"), Error);
    EXPECT_THROW((void)product("0.00000000000000000001", "0.00000000000000000001"), Error);
    EXPECT_THROW((void)Decimal::parse(nines).rounded(1), Error);
    EXPECT_THROW((void)Decimal::of(1, 39), Error);
}

TEST(DecimalTest, RoundingTakesHalvesAwayFromZero) {
    EXPECT_EQ(Decimal::parse("2.345").rounded(2).text(), "2.35");
    EXPECT_EQ(Decimal::parse("-2.345").rounded(2).text(), "-2.35");
    EXPECT_EQ(Decimal::parse("2.344").rounded(2).text(), "2.34");
    EXPECT_EQ(Decimal::parse("9.99").rounded(0).text(), "10");
    EXPECT_EQ(Decimal::parse("2").rounded(2).text(), "2.00");
}

TEST(DecimalTest, EqualNumbersOfDifferentScaleAreEqualAndHashEqual) {
    EXPECT_EQ(Decimal::parse("1.0"), Decimal::parse("1.000"));
    EXPECT_EQ(Decimal::parse("1.0").hash(), Decimal::parse("1.000").hash());
    EXPECT_EQ(Decimal::parse("0").hash(), Decimal::parse("0.00").hash());
    EXPECT_LT(Decimal::parse("-0.51"), Decimal::parse("-0.5"));
    EXPECT_GT(Decimal::parse(nines), Decimal::parse("0." + nines));
}

RC_GTEST_PROP(DecimalPropertyTest, SumAgreesWithIntegers, ()) {
    const auto a = *coefficients();
    const auto b = *coefficients();
    const int scale_a = *scales();
    const int scale_b = *scales();
    const int scale = std::max(scale_a, scale_b);
    const Wide expected = a * power_of_ten(scale - scale_a) + b * power_of_ten(scale - scale_b);
    RC_ASSERT((Decimal::of(a, scale_a) + Decimal::of(b, scale_b)).text() ==
              written(expected, scale));
}

RC_GTEST_PROP(DecimalPropertyTest, ProductAgreesWithIntegers, ()) {
    const auto a = *coefficients();
    const auto b = *coefficients();
    const int scale_a = *scales();
    const int scale_b = *scales();
    RC_ASSERT((Decimal::of(a, scale_a) * Decimal::of(b, scale_b)).text() ==
              written(Wide{a} * b, scale_a + scale_b));
}

RC_GTEST_PROP(DecimalPropertyTest, OrderAgreesWithIntegers, ()) {
    const auto a = *rc::gen::inRange<std::int64_t>(-2000, 2000);
    const auto b = *rc::gen::inRange<std::int64_t>(-2000, 2000);
    const int scale_a = *scales();
    const int scale_b = *scales();
    const Wide left = a * power_of_ten(scale_b);
    const Wide right = b * power_of_ten(scale_a);
    RC_ASSERT((Decimal::of(a, scale_a) <=> Decimal::of(b, scale_b)) == (left <=> right));
    if (left == right) {
        RC_ASSERT(Decimal::of(a, scale_a).hash() == Decimal::of(b, scale_b).hash());
    }
}

RC_GTEST_PROP(DecimalPropertyTest, TextRoundTrips, ()) {
    const Decimal value =
        Decimal::of(*rc::gen::arbitrary<std::int64_t>(), *rc::gen::inRange(0, 39));
    const Decimal again = Decimal::parse(value.text());
    RC_ASSERT(again == value);
    RC_ASSERT(again.scale() == value.scale());
}

}  // namespace
}  // namespace baton

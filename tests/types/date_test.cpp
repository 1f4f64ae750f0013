#include "baton/types/date.hpp"

#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "baton/base/error.hpp"
#include "baton/types/uuid.hpp"

namespace baton {
namespace {

constexpr std::int64_t first_day = -719'162;
constexpr std::int64_t last_day = 2'932'896;

TEST(DateTest, TextRoundTripsAtTheEdges) {
    for (const std::string text :
         {"0001-01-01", "1970-01-01", "2000-02-29", "2017-12-31", "9999-12-31"}) {
        EXPECT_EQ(Date::parse(text).text(), text);
    }
    EXPECT_EQ(Date::parse("0001-01-01").days_since_epoch(), first_day);
    EXPECT_EQ(Date::parse("9999-12-31").days_since_epoch(), last_day);
    EXPECT_EQ(Date().text(), "1970-01-01");
    EXPECT_EQ(Date(17, 3, 9).month(), "0017-03");
}

TEST(DateTest, WhatIsNoDateIsRefused) {
    for (const std::string_view text :
         {"", "2017-1-1", "2017-02-29", "2017-13-01", "2017-00-10", "2017-01-00", "0000-01-01",
          "10000-01-01", "2017-01-01 ", "2017/01/01", "infinity", "0044-03-15 BC", "-017-01-01"}) {
        EXPECT_FALSE(Date::from_text(text)) << text;
    }
    EXPECT_THROW(Date(2017, 2, 29), Error);
    EXPECT_THROW((void)Date::parse("x"), Error);
    EXPECT_THROW((void)Date(9999, 12, 31).plus_days(1), Error);
    EXPECT_THROW((void)Date(2017, 3, 9).plus_days(std::numeric_limits<std::int64_t>::max()), Error);
    EXPECT_THROW((void)Date(1, 1, 1).plus_days(std::numeric_limits<std::int64_t>::min()), Error);
}

TEST(TimestampTest, TextIsUtcWithoutTrailingZeros) {
    const auto text = [](std::string_view given) { return Timestamp::parse(given).text(); };
    EXPECT_EQ(text("2017-03-09T10:00:00+02:00"), "2017-03-09T08:00:00+00:00");
    EXPECT_EQ(text("2017-03-09T00:30:00.120+01"), "2017-03-08T23:30:00.12+00:00");
    EXPECT_EQ(text("2017-03-09 10:00:00.000001Z"), "2017-03-09T10:00:00.000001+00:00");
    EXPECT_EQ(text("1892-04-01 00:00:00-00:25:21"), "1892-04-01T00:25:21+00:00");
    EXPECT_EQ(text("1969-12-31 23:59:59.999999+00"), "1969-12-31T23:59:59.999999+00:00");
    EXPECT_EQ(text("2017-03-09T10:00:00.1234560000Z"), "2017-03-09T10:00:00.123456+00:00");
}

TEST(TimestampTest, WhatIsNoMomentIsRefused) {
    for (const std::string_view text :
         {"2017-03-09T10:00:00", "2017-03-09", "2017-03-09T24:00:00Z", "2017-03-09T10:60:00Z",
          "2017-03-09T10:00:61Z", "2017-03-09T10:00:00.1234567Z", "2017-03-09T10:00:00.Z",
          "2017-03-09T10:00:00+", "infinity", "2017-03-09T10:00:00+99:00",
          "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"}) {
        EXPECT_FALSE(Timestamp::from_text(text)) << text;
    }
    EXPECT_THROW((void)Timestamp::from_micros(INT64_MAX), Error);
}

TEST(UuidTest, TextRoundTripsInLowerCase) {
    EXPECT_EQ(Uuid::parse("6BA7B810-9dad-11D1-80B4-00C04FD430C8").text(),
              "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    EXPECT_EQ(Uuid().text(), "00000000-0000-0000-0000-000000000000");
}

TEST(UuidTest, WhatIsNoUuidIsRefused) {
    for (const std::string_view text :
         {"", "6ba7b8109dad11d180b400c04fd430c8", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
          "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
          "6ba7b810-9dad-11d1-80b4-00c04fd430c8a", "6ba7b810_9dad-11d1-80b4-00c04fd430c8"}) {
        EXPECT_FALSE(Uuid::from_text(text)) << text;
    }
}

RC_GTEST_PROP(DatePropertyTest, TextRoundTrips, ()) {
    const Date date = Date::from_days(*rc::gen::inRange(first_day, last_day + 1));
    RC_ASSERT(Date::parse(date.text()) == date);
    RC_ASSERT(date.text().substr(0, 7) == date.month());
}

RC_GTEST_PROP(TimestampPropertyTest, TextRoundTrips, ()) {
    constexpr std::int64_t day = 86'400'000'000;
    const auto micros = *rc::gen::inRange(first_day * day, (last_day + 1) * day);
    const Timestamp timestamp = Timestamp::from_micros(micros);
    RC_ASSERT(Timestamp::parse(timestamp.text()) == timestamp);
    RC_ASSERT(timestamp.text().substr(0, 10) == timestamp.date().text());
}

}  // namespace
}  // namespace baton

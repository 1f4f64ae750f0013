#include "baton/types/column.hpp"

#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "orders.hpp"
#include "parsed_array.hpp"

namespace baton {
namespace {

using testing::parsed_array;

template <class T>
std::string array_of(const std::vector<T>& values) {
    types::ArrayLiteral array;
    for (const T& value : values) types::add_column(array, value);
    return std::move(array).take();
}

template <class T>
T parsed(std::optional<std::string_view> text) {
    T value{};
    types::parse_column(text, value);
    return value;
}

TEST(ArrayLiteralTest, TextsAreQuotedSoThatNoneIsTakenForSyntax) {
    EXPECT_EQ(array_of<std::string>({}), "{}");
    EXPECT_EQ(array_of<std::string>({"", "a b", "NULL", "null"}), R"({"","a b","NULL","null"})");
    EXPECT_EQ(array_of<std::string>({"\"", "\\", "a\\\"b", "{}", "a,b"}),
              R"({"\"","\\","a\\\"b","{}","a,b"})");
    EXPECT_EQ(array_of<std::optional<std::string>>({std::nullopt, "", "NULL"}),
              R"({NULL,"","NULL"})");
    EXPECT_EQ(array_of<std::string>({" \t\n", "\xC3\xA9"}), "{\" \t\n\",\"\xC3\xA9\"}");
}

TEST(ArrayLiteralTest, OtherTypesAreWrittenAsPostgresReadsThem) {
    EXPECT_EQ(array_of<std::int64_t>({INT64_MIN, 0}), "{-9223372036854775808,0}");
    EXPECT_EQ(array_of<std::int32_t>({-1}), "{-1}");
    EXPECT_EQ(array_of<bool>({true, false}), "{t,f}");
    EXPECT_EQ(array_of<Decimal>({Decimal::parse("-0.10")}), "{-0.10}");
    EXPECT_EQ(array_of<double>({0.1, std::numeric_limits<double>::quiet_NaN(),
                                -std::numeric_limits<double>::infinity()}),
              "{0.1,NaN,-Infinity}");
    EXPECT_EQ(array_of<Date>({Date(2017, 1, 2)}), "{2017-01-02}");
    EXPECT_EQ(array_of<Timestamp>({Timestamp()}), "{1970-01-01T00:00:00+00:00}");
    EXPECT_EQ(array_of<Json>({Json::parse(R"({"a": "b\\"})")}), R"({"{\"a\": \"b\\\\\"}"})");
    EXPECT_EQ(array_of<testing::OrderLine>({{"x", 1, 2, 3}}),
              R"({"{\"category\":\"x\",\"quantity\":1,\"sales\":2,\"profit\":3}"})");
    EXPECT_EQ(array_of<std::optional<std::vector<std::int64_t>>>({std::nullopt, {{1, 2}}}),
              R"({NULL,"[1,2]"})");
}

TEST(ColumnTest, PostgresTextIsParsed) {
    EXPECT_EQ(parsed<std::int64_t>("-9223372036854775808"), INT64_MIN);
    EXPECT_EQ(parsed<bool>("t"), true);
    EXPECT_EQ(parsed<Decimal>("12.30").text(), "12.30");
    EXPECT_EQ(parsed<double>("-Infinity"), -std::numeric_limits<double>::infinity());
    EXPECT_EQ(parsed<double>("1e-07"), 1e-7);
    EXPECT_EQ(parsed<Timestamp>("2017-03-09 10:00:00.5+00").text(), "2017-03-09T10:00:00.5+00:00");
    EXPECT_EQ(parsed<std::optional<std::string>>(std::nullopt), std::nullopt);
    EXPECT_EQ(parsed<std::optional<std::string>>(""), "");
    EXPECT_EQ(parsed<std::vector<bool>>("[true, false]"), (std::vector<bool>{true, false}));
}

TEST(ColumnTest, WhatAColumnCannotHoldIsRefused) {
    EXPECT_THROW((void)parsed<std::string>(std::nullopt), Error);
    EXPECT_THROW((void)parsed<std::int64_t>(""), Error);
    EXPECT_THROW((void)parsed<std::int32_t>("2147483648"), Error);
    EXPECT_THROW((void)parsed<Decimal>("NaN"), Error);
    EXPECT_THROW((void)parsed<Date>("infinity"), Error);
    EXPECT_THROW((void)parsed<bool>("true"), Error);
    EXPECT_THROW((void)parsed<Json>("{"), Error);
}

TEST(ColumnTest, SqlTypesFollowTheFieldTypes) {
    EXPECT_EQ(types::sql_type<std::optional<std::string>>(), "text");
    EXPECT_EQ(types::sql_type<double>(), "double precision");
    EXPECT_EQ(types::sql_type<Timestamp>(), "timestamptz");
    EXPECT_EQ(types::sql_type<std::vector<testing::OrderLine>>(), "jsonb");
    EXPECT_EQ(types::sql_type<testing::OrderLine>(), "jsonb");
}

RC_GTEST_PROP(ArrayLiteralPropertyTest, AnyTextsComeBack, ()) {
    const auto alphabet =
        rc::gen::element('"', '\\', '{', '}', ',', ' ', 'N', 'U', 'L', 'a', '\n', '\xC3');
    const auto texts = *rc::gen::container<std::vector<std::optional<std::string>>>(rc::gen::oneOf(
        rc::gen::just(std::optional<std::string>()),
        rc::gen::map(rc::gen::container<std::string>(alphabet),
                     [](std::string text) { return std::optional(std::move(text)); })));
    RC_ASSERT(parsed_array(array_of(texts)) == texts);
}

}  // namespace
}  // namespace baton

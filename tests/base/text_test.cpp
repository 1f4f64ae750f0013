// Quoting and cleaning of text: what must never fail on the bytes that caused a failure.

#include "baton/base/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace baton {
namespace {

using namespace std::string_view_literals;

TEST(TextTest, JsonQuotedEscapesWhatJsonForbids) {
    EXPECT_EQ(json_quoted("a\"b\\c\n\r\t\x01"), R"("a\"b\\c\n\r\t\u0001")");
    EXPECT_EQ(json_quoted(""), R"("")");
    EXPECT_EQ(json_quoted("über €\U0001F600"), "\"über €\U0001F600\"");
}

TEST(TextTest, JsonQuotedReplacesEveryByteThatIsNotUtf8) {
    EXPECT_EQ(json_quoted("\x80"), "\"\uFFFD\"");                      // lone continuation
    EXPECT_EQ(json_quoted("\xC0\xAF"), "\"\uFFFD\uFFFD\"");            // overlong
    EXPECT_EQ(json_quoted("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");  // surrogate
    EXPECT_EQ(json_quoted("\xF4\x90\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");  // above U+10FFFF
    EXPECT_EQ(json_quoted("a\xE2\x82"), "\"a\uFFFD\uFFFD\"");                    // cut off
}

TEST(TextTest, StorableTextHasNoNulAndNoInvalidUtf8) {
    EXPECT_EQ(storable_text("a\0b"sv), "a\uFFFDb");
    EXPECT_EQ(storable_text("\xFF\xFE"), "\uFFFD\uFFFD");
    EXPECT_EQ(storable_text("plain"), "plain");
}

TEST(TextTest, StorableTextIsCutBetweenCharacters) {
    EXPECT_EQ(storable_text("abcd", 3), "abc");
    EXPECT_EQ(storable_text("ab€", 4), "ab");
    EXPECT_EQ(storable_text("ab€", 5), "ab€");
    EXPECT_EQ(storable_text("€", 0), "");
}

TEST(TextTest, PercentEncodedLeavesWhatIsPlainEverywhereAndWhatIsAllowedHere) {
    EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encoded("a@b/ü%&"), "a%40b%2F%C3%BC%25%26");
    EXPECT_EQ(percent_encoded("/tmp/a b", "/"), "/tmp/a%20b");
}

TEST(TextTest, CsvFieldIsQuotedWhereItMustBe) {
    EXPECT_EQ(csv_field("plain text"), "plain text");
    EXPECT_EQ(csv_field(""), "\"\"");
    EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
    EXPECT_EQ(csv_field("say \"so\""), "\"say \"\"so\"\"\"");
    EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
    EXPECT_EQ(csv_field("a\rb"), "\"a\rb\"");
    for (const std::string number : {"-12.50", "+7", "-1e-7", "-Infinity", "2026-11-27"}) {
        EXPECT_EQ(csv_field(number), number);
    }
    EXPECT_EQ(csv_field("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
    for (const std::string formula :
         {"=1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"}) {
        EXPECT_EQ(csv_field(formula), "\"'" + formula + "\"");
    }
}

TEST(TextTest, NearestFindsSlipsAndNothingFarAway) {
    constexpr std::array<std::string_view, 3> verbs = {"dispatch", "status", "doctor"};
    EXPECT_EQ(nearest("statsu", verbs), "status");
    EXPECT_EQ(nearest("dispach", verbs), "dispatch");
    EXPECT_EQ(nearest("orchestrate", verbs), std::nullopt);
    EXPECT_EQ(nearest("", verbs), std::nullopt);
}

}  // namespace
}  // namespace baton

// What strangers wrote has no power over a person's screen.
#include "baton/base/terminal.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace baton {
namespace {

TEST(TerminalTest, ShowsWhatWouldActOnATerminal) {
    struct Row {
        std::string text;
        std::string shown;
    };
    const std::vector<Row> table{
        {"plain text, gr\u00fcn, \u65e5\u672c, \U0001F600",
         "plain text, gr\u00fcn, \u65e5\u672c, \U0001F600"},
        {"\033[2J\033]0;title\007", R"(\x1b[2J\x1b]0;title\x07)"},
        {"order\n12:00:00.000 error forged", R"(order\n12:00:00.000 error forged)"},
        {"a\r\tb", R"(a\r b)"},
        {std::string("a\0b", 3), R"(a\x00b)"},
        {"\x7f", R"(\x7f)"},
        {"\u009b2J", R"(\x9b2J)"},      // CSI in one character
        {"\u0085next", R"(\x85next)"},  // NEL
        {"\u2028\u2029", R"(\u2028\u2029)"},
        {"\u202egnp.exe", R"(\u202egnp.exe)"},  // right to left
        {"\u2066a\u2069", R"(\u2066a\u2069)"},
        {"al\u200bice", R"(al\u200bice)"},
        {"\U000E0041", R"(\U000e0041)"},
        {"\x9b", R"(\x9b)"},  // a byte alone is no UTF-8
        {"\xc3(", R"(\xc3()"},
        {"\xed\xa0\x80", R"(\xed\xa0\x80)"},           // a surrogate
        {"\u0646\u200c\u0647", "\u0646\u200c\u0647"},  // a joiner that the script needs
        {"", ""},
    };
    for (const Row& row : table) EXPECT_EQ(terminal_line(row.text), row.shown);
}

TEST(TerminalTest, JsonStaysTheSameJson) {
    EXPECT_EQ(terminal_json("{\"a\":\n\t\"gr\u00fcn\"}"), "{\"a\":\n\t\"gr\u00fcn\"}");
    EXPECT_EQ(terminal_json("[\"\u009b2J \u202e \x7f\"]"), R"(["\u009b2J \u202e \u007f"])");
    EXPECT_EQ(terminal_json("[\"\U000E0041\"]"), R"(["\udb40\udc41"])");
    EXPECT_EQ(terminal_json("[\"\xff\"]"), R"(["\ufffd"])");
}

}  // namespace
}  // namespace baton

// A line of NDJSON as an event, without a database: what is taken, and what each mistake is
// answered with. tests/cli/dispatch_test.cpp has the verb; tests/fuzz/ndjson_fuzz.cpp has every
// other line.

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>
#include <string>

#include "../../cli/src/ndjson_line.hpp"

namespace baton::cli {
namespace {

// What is wrong with a line; empty if it is an event.
std::string fault_of(const std::string& line) {
    try {
        static_cast<void>(NdjsonParser().parse(line));
        return "";
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
}

TEST(NdjsonLineTest, NumbersKeepTheirDigits) {
    const NewEvent event = NdjsonParser().parse(
        R"({"type": "paid", "payload": {"sum": 1.000000000000000000001} , "schema_version": 2})");
    EXPECT_EQ(event.type, "paid");
    EXPECT_EQ(event.payload, R"({"sum": 1.000000000000000000001})");
    EXPECT_EQ(event.schema_version, 2);
    EXPECT_FALSE(event.key.has_value());
}

TEST(NdjsonLineTest, EachMistakeIsTold) {
    EXPECT_EQ(fault_of(R"({"payload": {}})"), "the field type is missing or empty");
    EXPECT_EQ(fault_of(R"(["type"])"), "a line must be a JSON object");
    EXPECT_EQ(fault_of(R"({"type": "a", "type": "b"})"), "the field type is given twice");
    EXPECT_EQ(fault_of(R"({"type": "a", "dispatch_id": "x"})"), "dispatch_id is no uuid");
    EXPECT_EQ(fault_of(R"({"type": "a", "schema_version": 0})"),
              "schema_version must be a whole number from 1 to 32767");
    EXPECT_NE(fault_of(R"({"type": "a", "paylod": 1})").find("did you mean payload"),
              std::string::npos);
    for (const std::string line : {"", "{", "{\"type\": \"a\"", "{\"type\": \"a\"} x", "\xFF"}) {
        EXPECT_NE(fault_of(line), "") << line;
    }
}

TEST(NdjsonLineTest, LineThatIsTooLongIsNotReadToItsEnd) {
    std::string line;
    for (const std::size_t length : {std::size_t{16383}, std::size_t{16384}, std::size_t{40000}}) {
        std::istringstream input(std::string(length, 'x') + "\nnext");
        ASSERT_TRUE(read_ndjson_line(input, length, line));
        EXPECT_EQ(line.size(), length);
        ASSERT_TRUE(read_ndjson_line(input, length, line));
        EXPECT_EQ(line, "next");
        EXPECT_FALSE(read_ndjson_line(input, length, line));
        std::istringstream again(std::string(length, 'x') + "\nnext");
        EXPECT_THROW(static_cast<void>(read_ndjson_line(again, length - 1, line)),
                     std::invalid_argument);
    }
}

}  // namespace
}  // namespace baton::cli

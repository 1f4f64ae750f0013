// JSON of declared structs: what is read, what is written, and the exact line for what is refused.
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "baton/base/error.hpp"
#include "baton/types/codec.hpp"
#include "orders.hpp"

namespace baton {
namespace {

using testing::Everything;
using testing::OrderPlaced;

struct Account {
    std::int64_t account{};
    std::int32_t branch{};
    Decimal amount;
    double rate{};
    bool open{};
    std::optional<std::string> note;
    std::optional<Json> extra;
    BATON_FIELDS(account, branch, amount, rate, open, note, extra)
};

struct Tree {
    std::vector<Tree> children;
    BATON_FIELDS(children)
};

struct Nothing {
    BATON_FIELDS()
};

std::string fault_of(const auto& decode) {
    try {
        decode();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::decode_failed);
        return error.what();
    }
    return "no error";
}

std::string account_with(std::string_view field, std::string_view value) {
    std::string json = "{";
    for (const auto& [name, usual] : {std::pair<std::string_view, std::string_view>{"account", "1"},
                                      {"branch", "2"},
                                      {"amount", "3.50"},
                                      {"rate", "0.5"},
                                      {"open", "true"}}) {
        json +=
            '"' + std::string(name) + "\": " + std::string(name == field ? value : usual) + ", ";
    }
    if (field == "note" || field == "extra") {
        return json + '"' + std::string(field) + "\": " + std::string(value) + " }";
    }
    return json + "\"unknown\": [{\"a\": []}, 1] }";
}

Account read_with(std::string_view field, std::string_view value) {
    return decode_json<Account>(account_with(field, value));
}

TEST(JsonTest, EveryTypeRoundTrips) {
    const Everything value = testing::full_of_edges();
    const std::string json = encode_json(value);
    EXPECT_FALSE(types::json_fault(json));
    EXPECT_EQ(encode_json(decode_json<Everything>(json)), json);

    const Everything again = decode_json<Everything>(json);
    EXPECT_EQ(again.text, value.text);
    EXPECT_EQ(again.big, value.big);
    EXPECT_EQ(again.amount.text(), value.amount.text());
    EXPECT_EQ(again.note, "");
    EXPECT_EQ(again.flags, value.flags);
    EXPECT_EQ(again.json.text(), value.json.text());
    EXPECT_EQ(again.lines->at(0).profit.text(), "-3.5");
}

TEST(JsonTest, DecimalsAreWrittenAsTheyAre) {
    Account account;
    account.amount = Decimal::parse("12345678901234567890.10");
    EXPECT_EQ(encode_json(account),
              R"({"account":0,"branch":0,"amount":12345678901234567890.10,"rate":0,"open":false,)"
              R"("note":null,"extra":null})");
}

TEST(JsonTest, NumbersAreReadExactly) {
    EXPECT_EQ(read_with("account", "9223372036854775807").account, INT64_MAX);
    EXPECT_EQ(read_with("account", "-9223372036854775808").account, INT64_MIN);
    EXPECT_EQ(read_with("amount", "0.10").amount.text(), "0.10");
    EXPECT_EQ(read_with("amount", "1e2").amount.text(), "100");
    EXPECT_EQ(read_with("amount", "\"12.30\"").amount.text(), "12.30");
    EXPECT_EQ(read_with("rate", "3").rate, 3.0);
    EXPECT_EQ(read_with("rate", "-0.0").rate, 0.0);
}

TEST(JsonTest, UnknownFieldsAreIgnoredAndOptionalOnesMayBeMissing) {
    const Account account = read_with("", "");
    EXPECT_EQ(account.account, 1);
    EXPECT_TRUE(account.open);
    EXPECT_FALSE(account.note);
    EXPECT_FALSE(read_with("note", "null").note);
    EXPECT_EQ(read_with("note", "\"a\\u00e9\\n\"").note, "a\xC3\xA9\n");
    EXPECT_EQ(read_with("extra", " [1, {\"b\" : \"}\"} ] ").extra->text(), "[1, {\"b\" : \"}\"} ]");
    EXPECT_EQ(read_with("extra", "1.0 ").extra->text(), "1.0");
    EXPECT_NO_THROW((void)decode_json<Nothing>("{\"a\": 1}"));
    EXPECT_EQ(encode_json(Nothing{}), "{}");
}

TEST(JsonTest, EscapedNamesAreFound) {
    EXPECT_EQ(decode_json<Tree>(R"({"child\u0072en": []})").children.size(), 0U);
}

TEST(JsonTest, DecodingOverAFormerValueLeavesNothingOfIt) {
    const auto reader = types::make_json_reader();
    Everything value = testing::full_of_edges();
    Everything fresh;
    fresh.id = Uuid();
    types::decode_whole(*reader, encode_json(fresh), value);
    EXPECT_EQ(encode_json(value), encode_json(fresh));
}

TEST(JsonTest, EachFaultNamesTheFieldAndWhatWasFound) {
    const struct {
        std::string_view field, value, error;
    } table[] = {
        {"account", "\"7\"", "field \"account\": expected an integer, found a string"},
        {"account", "null", "field \"account\": expected an integer, found null"},
        {"account", "1.5",
         "field \"account\": expected an integer, found a number with a fraction or an exponent"},
        {"account", "1e2",
         "field \"account\": expected an integer, found a number with a fraction or an exponent"},
        {"account", "9223372036854775808",
         "field \"account\": expected an integer of 64 bits, found a larger number"},
        {"account", "12abc", "field \"account\": not valid JSON"},
        {"account", "012", "field \"account\": not valid JSON"},
        {"branch", "2147483648",
         "field \"branch\": expected an integer of 32 bits, found a larger number"},
        {"amount", "[1]", "field \"amount\": expected a decimal, found an array"},
        {"amount", "true", "field \"amount\": expected a decimal, found a boolean"},
        {"amount", "\"abc\"", "field \"amount\": expected a decimal, found a string"},
        {"amount", "1e39",
         "field \"amount\": expected a decimal of at most 38 digits, found a longer number"},
        {"rate", "\"NaN\"", "field \"rate\": expected a number, found a string"},
        {"rate", "NaN", "field \"rate\": expected a number, found what is not JSON"},
        {"rate", "1e400",
         "field \"rate\": expected a double, found a number that is too large or too small for it"},
        {"open", "0", "field \"open\": expected a boolean, found a number"},
        {"open", "truth", "field \"open\": expected a boolean, found what is not JSON"},
        {"note", "7", "field \"note\": expected a string, found a number"},
        {"note", "\"a\\u0000b\"",
         "field \"note\": a text with a NUL character (\\u0000) cannot be stored"},
        {"note", "\"\\ud800\"", "field \"note\": a string with a broken escape"},
        {"extra", "{\"a\": \"\\u0000\"}",
         "field \"extra\": not JSON that can be stored: byte 13: \\u0000 cannot be stored"},
        {"extra", "[1,]", "field \"extra\": not JSON that can be stored: byte 4: expected a value"},
    };
    for (const auto& row : table) {
        EXPECT_EQ(fault_of([&] { (void)read_with(row.field, row.value); }), row.error);
    }
}

TEST(JsonTest, FaultsInsidePartsNameTheWholePath) {
    const auto fault = [](std::string_view json) {
        return fault_of([&] { (void)decode_json<OrderPlaced>(json); });
    };
    EXPECT_EQ(fault(R"({"order_id":"1","ordered_on":"2017-01-02","region":"W","lines":[
                      {"category":"a","quantity":1,"sales":1,"profit":1},
                      {"category":"a","quantity":1,"sales":{},"profit":1}]})"),
              "field \"lines[1].sales\": expected a decimal, found an object");
    EXPECT_EQ(fault(R"({"order_id":"1","ordered_on":"2017-01-02","region":"W","lines":[
                      {"category":"a","quantity":1,"sales":1}]})"),
              "field \"lines[0].profit\" is missing");
    EXPECT_EQ(fault(R"({"order_id":"1","ordered_on":"2017-01-32"})"),
              "field \"ordered_on\": expected a date (YYYY-MM-DD), found another text");
    EXPECT_EQ(fault(R"({"lines":[{}, 3]})"), "field \"lines[0].category\" is missing");
    EXPECT_EQ(fault(R"({"lines":[]})"), "field \"order_id\" is missing");
    EXPECT_EQ(fault("[]"), "expected an object, found an array");
    EXPECT_EQ(fault("7"), "expected an object, found a number");
    EXPECT_EQ(fault("\"x\""), "expected an object, found a string");
}

TEST(JsonTest, BrokenJsonIsRefused) {
    for (const std::string json :
         {"", " ", "{", "}", "{\"children\"", "{\"children\":", "{\"children\": [",
          "{\"children\": []", "{\"children\": [}", "{\"children\": []} x", "{\"children\": []}{}",
          "{\"children\" []}", "{\"children\": [\"\x01\"]}", "{\"children\": [], \"x\": \"\xFF\"}",
          "{\"children\": [],}"}) {
        EXPECT_NE(fault_of([&] { (void)decode_json<Tree>(json); }), "no error") << json;
    }
}

TEST(JsonTest, TruncationAtEveryByteIsRefused) {
    const std::string json = encode_json(testing::full_of_edges());
    for (std::size_t length = 0; length < json.size(); ++length) {
        EXPECT_THROW((void)decode_json<Everything>(json.substr(0, length)), Error) << length;
    }
}

TEST(JsonTest, DepthIsLimited) {
    const auto nested = [](std::size_t depth) {
        std::string json;
        for (std::size_t i = 0; i < depth; ++i) json += "{\"children\":[";
        for (std::size_t i = 0; i < depth; ++i) json += "]}";
        return json;
    };
    EXPECT_NO_THROW((void)decode_json<Tree>(nested(32)));
    EXPECT_NE(fault_of([&] { (void)decode_json<Tree>(nested(33)); }).find("nested deeper than 64"),
              std::string::npos);
    EXPECT_THROW((void)decode_json<Tree>(nested(1'000'000)), Error);
    EXPECT_NO_THROW((void)decode_json<Nothing>("{\"a\":" + std::string(1'000, '[') +
                                               std::string(1'000, ']') + "}"));
}

TEST(JsonTest, WhatCannotBeStoredCannotBeWritten) {
    Account account;
    account.note = std::string("a\0b", 3);
    EXPECT_THROW((void)encode_json(account), Error);
    account.note = "\xFF";
    EXPECT_THROW((void)encode_json(account), Error);
    account.note = "";
    account.rate = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW((void)encode_json(account), Error);
}

TEST(JsonValueTest, AcceptsWhatJsonbAccepts) {
    for (const std::string_view text :
         {"null", "true", "0", "-0.5e-7", "\"\"", "[]", "{}", " [1 , 2] ",
          "{\"a\":{\"b\":[[],{}]}}", "\"\\ud83c\\udfbc\"", "123456789012345678901234567890.5",
          "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""}) {
        EXPECT_EQ(types::json_fault(text), std::nullopt) << text;
    }
    EXPECT_EQ(types::json_fault(std::string(64, '[') + std::string(64, ']')), std::nullopt);
}

TEST(JsonValueTest, RefusesWhatJsonbRefuses) {
    for (const std::string_view text : {"",
                                        " ",
                                        "nul",
                                        "truex",
                                        "01",
                                        "-",
                                        "1.",
                                        ".5",
                                        "1e",
                                        "+1",
                                        "\"",
                                        "\"\\x\"",
                                        "\"\\u12\"",
                                        "\"\\u0000\"",
                                        "\"\\ud800\"",
                                        "\"\\udc00\"",
                                        "\"\\ud800\\u0041\"",
                                        "\"\\ud800",
                                        "[",
                                        "]",
                                        "[1",
                                        "[1,",
                                        "[,]",
                                        "[1 2]",
                                        "{",
                                        "{\"a\"",
                                        "{\"a\":",
                                        "{\"a\":1,}",
                                        "{a:1}",
                                        "{1:1}",
                                        "[}",
                                        "{]",
                                        "1 2",
                                        "\"\t\"",
                                        "\"\xC3\"",
                                        "NaN",
                                        "1e1000",
                                        "1e-1000",
                                        "1e99999999999999999999",
                                        "\\",
                                        "\"\\"}) {
        EXPECT_NE(types::json_fault(text), std::nullopt) << text;
    }
    EXPECT_EQ(types::json_fault("1e999"), std::nullopt);
    EXPECT_EQ(types::json_fault(std::string(1000, '9')), std::nullopt);
    EXPECT_NE(types::json_fault(std::string(1001, '9')), std::nullopt);
    EXPECT_NE(types::json_fault(std::string("\"\0\"", 3)), std::nullopt);
    EXPECT_NE(types::json_fault(std::string(65, '[') + std::string(65, ']')), std::nullopt);
    EXPECT_NE(types::json_fault(std::string(1'000'000, '[')), std::nullopt);
    EXPECT_THROW((void)Json::parse("{"), Error);
}

}  // namespace
}  // namespace baton

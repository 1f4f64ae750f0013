// Structs with fields, as the tests use them: an order, and one with every type of field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "baton/types/fields.hpp"

namespace baton::testing {

struct OrderLine {
    std::string category;
    std::int64_t quantity{};
    Decimal sales, profit;
    BATON_FIELDS(category, quantity, sales, profit)
};

struct OrderPlaced {
    static constexpr std::string_view event_type = "order/placed";
    std::string order_id;
    Date ordered_on;
    std::string region;
    std::vector<OrderLine> lines;
    BATON_FIELDS(order_id, ordered_on, region, lines)
};

/// Every type that a field can have.
struct Everything {
    static constexpr std::string_view event_type = "test/everything";
    std::string text;
    std::int64_t big{};
    std::int32_t small{};
    double real{};
    bool flag{};
    Decimal amount;
    Date day;
    Timestamp moment;
    Uuid id;
    Json json;
    std::optional<std::string> note;
    std::optional<Decimal> price;
    std::vector<std::int64_t> numbers;
    std::vector<bool> flags;
    std::optional<std::vector<OrderLine>> lines;
    OrderLine line;
    BATON_FIELDS(text, big, small, real, flag, amount, day, moment, id, json, note, price, numbers,
                 flags, lines, line)
};

/// `value` with something in every field, and values at the edges of their types.
inline Everything full_of_edges() {
    Everything value;
    value.text = "a \"quote\", a \\, a tab\t, \xC3\xA9 and \xF0\x9F\x8E\xBC";
    value.big = INT64_MIN;
    value.small = INT32_MAX;
    value.real = 0.1;
    value.flag = true;
    value.amount = Decimal::parse("-12345678901234567890123456789012345.678");
    value.day = Date(9999, 12, 31);
    value.moment = Timestamp::parse("0001-01-01T00:00:00.000001+00:00");
    value.id = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
    value.json = Json::parse(R"({"a": [1, {"b": null}], "c": "\u00e9"})");
    value.note = "";
    value.price = Decimal::parse("0.00");
    value.numbers = {INT64_MAX, 0, -1};
    value.flags = {true, false};
    value.lines = {{"Chairs", 2, Decimal::parse("19.90"), Decimal::parse("-3.5")}};
    value.line = {"", 0, 0, 0};
    return value;
}

}  // namespace baton::testing

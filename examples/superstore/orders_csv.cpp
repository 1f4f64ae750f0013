// Reads CSV as spreadsheets write it: a text may stand in quotes, then a quote in it is doubled.
// No text in this data goes over the end of a line, so neither does this reader.
#include "orders_csv.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <unordered_map>

#include "baton/base/error.hpp"

namespace superstore {
namespace {

using baton::Error;
using baton::ErrorCode;

std::vector<std::string> split(std::string_view line) {
    std::vector<std::string> fields(1);
    bool in_quotes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '"' && in_quotes && line.substr(i + 1, 1) == "\"") {
            fields.back() += c;
            ++i;
        } else if (c == '"') {
            in_quotes = !in_quotes;
        } else if (c == ',' && !in_quotes) {
            fields.emplace_back();
        } else {
            fields.back() += c;
        }
    }
    if (in_quotes) throw Error(ErrorCode::decode_failed, "a quote is not closed");
    return fields;
}

std::int64_t integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw Error(ErrorCode::decode_failed, "expected an integer");
    }
    return value;
}

// Takes fields by the name of their column, so that the order of the columns does not matter.
class Record {
public:
    Record(const std::vector<std::string>& columns, std::string_view line)
        : columns_(columns), fields_(split(line)) {
        if (fields_.size() != columns_.size()) {
            throw Error(ErrorCode::decode_failed, "expected " + std::to_string(columns_.size()) +
                                                      " fields, found " +
                                                      std::to_string(fields_.size()));
        }
    }

    [[nodiscard]] const std::string& operator[](std::string_view column) const {
        const auto found = std::find(columns_.begin(), columns_.end(), column);
        if (found == columns_.end()) {
            throw Error(ErrorCode::decode_failed, "no column \"" + std::string(column) + "\"");
        }
        return fields_[static_cast<std::size_t>(found - columns_.begin())];
    }

private:
    const std::vector<std::string>& columns_;
    std::vector<std::string> fields_;
};

OrderPlaced order_of(const Record& record) {
    OrderPlaced order;
    order.order_id = record["Order ID"];
    order.ordered_on = baton::Date::parse(record["Order Date"]);
    order.shipped_on = baton::Date::parse(record["Ship Date"]);
    order.ship_mode = record["Ship Mode"];
    order.customer = {record["Customer ID"], record["Customer Name"], record["Segment"]};
    order.city = record["City"];
    order.state = record["State"];
    order.region = record["Region"];
    return order;
}

OrderLine line_of(const Record& record) {
    return {record["Product ID"],
            record["Category"],
            record["Sub-Category"],
            record["Product Name"],
            baton::Decimal::parse(record["Sales"]),
            integer(record["Quantity"]),
            baton::Decimal::parse(record["Discount"]),
            baton::Decimal::parse(record["Profit"])};
}

}  // namespace

std::filesystem::path orders_file() { return SUPERSTORE_FOLDER "/data/superstore.csv"; }

std::vector<OrderPlaced> read_orders(const std::filesystem::path& file) {
    std::ifstream text(file);
    std::string line;
    if (!std::getline(text, line)) {
        throw Error(ErrorCode::usage, "cannot read " + file.string());
    }
    const std::vector<std::string> columns = split(line);

    std::vector<OrderPlaced> orders;
    std::unordered_map<std::string, std::size_t> index_of;  // by order id
    for (int number = 2; std::getline(text, line); ++number) {
        try {
            const Record record(columns, line);
            const auto [known, is_new] = index_of.try_emplace(record["Order ID"], orders.size());
            if (is_new) orders.push_back(order_of(record));
            orders[known->second].lines.push_back(line_of(record));
        } catch (const Error& error) {
            throw Error(error.code(),
                        file.string() + ":" + std::to_string(number) + ": " + error.what());
        }
    }
    return orders;
}

}  // namespace superstore

// What verbs that ask one thing of an environment, or change one, have in common.
//
// Threads: the main thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "baton/sql/parameter.hpp"
#include "json_value.hpp"
#include "verb.hpp"

namespace baton::cli {

/// The one text that a query gives, in a transaction that writes nothing.
[[nodiscard]] std::string read_text(Invocation& invocation, const std::string& query,
                                    const std::vector<sql::Parameter>& parameters);

/// A change, committed, which says something in a text.
std::string change(Invocation& invocation, const std::string& query,
                   const std::vector<sql::Parameter>& parameters);

/// How a page of a JSON array is shown as a table.
struct Listing {
    std::string nothing;  ///< What is said where it is empty.
    std::vector<std::string> columns;
    std::function<std::vector<std::optional<std::string>>(const JsonValue& row)> cells;
    std::string next_flag;   ///< "--after": which gets the rows behind the last one,
    std::string next_field;  ///< by this field of that.
};

/// Prints the page, as it is where JSON is wished for. `limit`: as many rows as it may have.
void print_listing(const std::string& page, bool as_json, std::int64_t limit,
                   const Listing& listing);

}  // namespace baton::cli

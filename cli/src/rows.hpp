// Rows of a query on stdout: for people, as CSV or as JSON.
//
// Threads: the main thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"

namespace baton::cli {

enum class RowFormat { table, csv, json };

struct RowQuery {
    std::string text;
    std::vector<std::string> names;  ///< of its columns
};

/// The names in what reducer_version.columns has.
[[nodiscard]] std::vector<std::string> names_of(const std::string& columns);
/// Those of the key.
[[nodiscard]] std::vector<std::string> key_names_of(const std::string& columns);

/// Prints the rows, a part of them at a time, all of one snapshot.
void print_rows(sql::Transaction& transaction, const RowQuery& query, RowFormat format);

}  // namespace baton::cli

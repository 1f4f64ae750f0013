// Which rows of a view differ, between two positions or two versions.
//
// Threads: the main thread only.
#pragma once

#include <string>

#include "baton/sql/connection.hpp"

namespace baton::cli {

/// Where the rows of before are kept in a session that folds those of later.
constexpr const char* former_table = "pg_temp.baton_former";

/// Which rows differ, in two tables of this session; how it is printed.
struct Comparison {
    std::string former;          ///< the table, quoted
    std::string later;           ///< the table, quoted
    std::string former_columns;  ///< as reducer_version.columns has them
    std::string later_columns;
    std::string about;  ///< what is compared with what, for the last line
    bool json = false;
    bool summary = false;  ///< Only how many rows differ.
};

/// Prints the rows that differ in the columns that both have, and how many; or only that. Throws
/// Error(usage) where the keys are not the same.
void print_comparison(sql::Connection& connection, const Comparison& comparison);

}  // namespace baton::cli

// Prints what the views hold: for people, and as CSV.
//
// Threads: no state; one thread, together with the connection.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "baton/cli/app.hpp"
#include "baton/sql/connection.hpp"

namespace superstore {

/// The twelve months of `year`, by region, and their sum.
void print_report(baton::sql::Connection& connection, int year, std::ostream& out);

/// The names that print_csv() knows.
[[nodiscard]] std::vector<std::string> csv_views();

/// A whole view as CSV with a heading, ordered by its key. Throws baton::Error(view_unknown).
void print_csv(baton::sql::Connection& connection, const std::string& view, std::ostream& out);

/// The verb `report`.
int run_report(const baton::VerbContext& context);

}  // namespace superstore

// The year's report: a task set of twelve months, and whether it is right.
//
// Threads: no state; one thread, together with the connection.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>

#include "baton/cli/app.hpp"
#include "baton/sql/connection.hpp"

namespace superstore {

/// Opens the set of a year's months.
void open_year(baton::sql::Connection& connection, int year);

/// How many members of the year's newest set are done.
[[nodiscard]] std::int64_t months_done(baton::sql::Connection& connection, int year);

/// The version that readers see the year's report of; 0 where there is none.
[[nodiscard]] int year_version(baton::sql::Connection& connection, int year);

/// Prints whether the report of the year is what the shop's own tables say by the version that it
/// was published by. Returns whether it is.
[[nodiscard]] bool compare_year(baton::sql::Connection& connection, int year, std::ostream& out);

/// The verb `year`: opens the set.
int run_year(const baton::VerbContext& context);

}  // namespace superstore

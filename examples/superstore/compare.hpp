// Compares every row of every view with the same figures, computed from the shop's own tables.
//
// Threads: no state; one thread, together with the connection.
#pragma once

#include <ostream>

#include "baton/cli/app.hpp"
#include "baton/sql/connection.hpp"

namespace superstore {

/// Prints a line for each view that agrees, and each row that differs. Returns whether all agree.
/// Every view must have all orders by now.
[[nodiscard]] bool compare(baton::sql::Connection& connection, std::ostream& out);

/// The verb `compare`: exits 1 if a row differs.
int run_compare(const baton::VerbContext& context);

}  // namespace superstore

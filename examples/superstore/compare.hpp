// Compares every row of every view, and every invoice, with the same figures, computed from the
// shop's own tables.
//
// Threads: no state; one thread, together with the connection.
#pragma once

#include <chrono>
#include <functional>
#include <ostream>

#include "baton/cli/app.hpp"
#include "baton/sql/connection.hpp"

namespace superstore {

/// Prints a line for each view that agrees, and each row that differs. Returns whether all agree.
/// Every view must have all orders by now. Where there is an invoice, each order must have one.
[[nodiscard]] bool compare(baton::sql::Connection& connection, std::ostream& out);

/// Waits until there are as many invoices as orders, or until stop().
void wait_for_invoices(baton::sql::Connection& connection, std::chrono::seconds timeout,
                       const std::function<bool()>& stop);

/// The verb `compare`: exits 1 if a row differs.
int run_compare(const baton::VerbContext& context);

}  // namespace superstore

// Everything at once, on a database of its own that leaves nothing behind.
//
// Threads: one, and those of place_orders(). Takes over SIGINT, SIGTERM and SIGHUP.
#pragma once

#include "baton/cli/app.hpp"

namespace superstore {

/// The verb `demo`: exits 0 only when every row of every view agrees with the orders.
int run_demo(const baton::VerbContext& context);

}  // namespace superstore

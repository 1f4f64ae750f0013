// The store's orders, from the file that comes with the example.
//
// Threads: no state.
#pragma once

#include <filesystem>
#include <vector>

#include "events.hpp"

namespace superstore {

/// The file that comes with the example: 9,994 order lines of 5,009 orders.
[[nodiscard]] std::filesystem::path orders_file();

/// The orders in `file`, which has one line for each *order line*; in the order in which they
/// first appear. Throws baton::Error(usage) where the file cannot be read, and
/// baton::Error(decode_failed), with the line's number, where it makes no sense.
[[nodiscard]] std::vector<OrderPlaced> read_orders(const std::filesystem::path& file);

}  // namespace superstore

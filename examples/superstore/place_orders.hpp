// Places orders as a shop would: many clients at once, each order one transaction that writes the
// shop's own tables and dispatches one event.
//
// Threads: place_orders() starts a thread for each client and returns when all have ended.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "baton/cli/app.hpp"
#include "baton/sql/connection.hpp"

#include "events.hpp"

namespace superstore {

struct PlaceOptions {
    std::string url;
    std::string schema;  ///< The environment's, where dispatch() is.
    int clients = 4;
    /// Of the orders, how many have their first transaction rolled back, after the dispatch.
    double rollback_share = 0.2;
    std::uint64_t seed = 1;  ///< For the order of the orders.
    /// Whether each order that is to be shipped the same day starts its workflow. A node must have
    /// defined it.
    bool same_day = false;
    std::function<bool()> stop = [] { return false; };  ///< Asked often, by all clients.
};

struct Placed {
    std::size_t orders = 0;       ///< Transactions that were committed.
    std::size_t known = 0;        ///< Of those, how many orders were in the tables already.
    std::size_t rolled_back = 0;  ///< Transactions that were rolled back on purpose.
    std::chrono::duration<double> time{};
    std::vector<baton::EventId> last_events;  ///< Of each client, the last that it dispatched.
};

/// Makes the shop's tables, if they are not there.
void create_shop(baton::sql::Connection& connection);

/// Places all `orders`, each exactly once, or those that it can before stop() says true. Throws
/// baton::Error when a client cannot go on; the others stop then.
[[nodiscard]] Placed place_orders(const std::vector<OrderPlaced>& orders,
                                  const PlaceOptions& options);

/// Waits until every view has what was placed, which is what makes a client read its own writes.
/// Throws baton::Error(wait_timeout).
void wait_for_views(
    baton::sql::Connection& connection, const Placed& placed, std::chrono::seconds timeout,
    const std::function<bool()>& stop = [] { return false; });

/// "placed 5009 orders …".
[[nodiscard]] std::string summary(const Placed& placed);

/// The verb `place`.
int run_place(const baton::VerbContext& context);

}  // namespace superstore

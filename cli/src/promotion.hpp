// Asks for another version of a view set or a handler, and waits for it.
//
// Of view sets the database only takes the request; the process that keeps the builds carries it
// out. Whoever gives up waiting takes the request back.
//
// Threads: the main thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "command_line.hpp"

namespace baton::cli {

struct PromotionRequest {
    std::vector<std::string> sets;
    std::vector<std::string> versions;  ///< One for each set; none: a rollback.
    bool when_ready = false;            ///< Wait for the builds, instead of being refused.
    std::string timeout;                ///< In seconds; empty: the usual one.
    std::optional<std::int64_t> nodes;  ///< So many must carry a handler's version; none: one.
    bool is_dry_run = false;            ///< Only say what it would come to.
};

/// --when-ready, --timeout, --nodes and --dry-run.
[[nodiscard]] std::vector<Option> waiting_options(PromotionRequest& request);
/// What --help says of who may ask, and how long it takes.
[[nodiscard]] std::string about_waiting();

/// Asks for it; returns its id. The caller commits. Throws what stands in the way.
[[nodiscard]] std::int64_t ask_for(sql::Transaction& transaction, const PromotionRequest& request);
/// Asks, waits until it is done, and says so. Throws Error(promotion_refused) where it is not.
int request_promotion(const PromotionRequest& request, Invocation& invocation);
/// Takes back what somebody asked for. Throws Error(promotion_refused) where it is done already.
int cancel_promotion(std::int64_t id, Invocation& invocation);

/// Does `work`. A login that may not do it is told which role may; Postgres does not say that.
int as_operator(const std::function<int()>& work);

}  // namespace baton::cli

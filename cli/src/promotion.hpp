// Asks for another version of a view set, and waits for it.
//
// The database only takes the request; the process that keeps the builds carries it out. Whoever
// gives up waiting takes the request back.
//
// Threads: the main thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "command_line.hpp"

namespace baton::cli {

struct PromotionRequest {
    std::vector<std::string> sets;
    std::vector<std::string> versions;  ///< One for each set; none: a rollback.
    bool when_ready = false;            ///< Wait for the builds, instead of being refused.
    std::string timeout;                ///< In seconds; empty: the usual one.
};

/// --when-ready and --timeout.
[[nodiscard]] std::vector<Option> waiting_options(PromotionRequest& request);
/// What --help says of who may ask, and how long it takes.
[[nodiscard]] std::string about_waiting();

/// Asks, waits until it is done, and says so. Throws Error(promotion_refused) where it is not.
int request_promotion(const PromotionRequest& request, Invocation& invocation);
/// Takes back what somebody asked for. Throws Error(promotion_refused) where it is done already.
int cancel_promotion(std::int64_t id, Invocation& invocation);

/// Does `work`. A login that may not do it is told which role may; Postgres does not say that.
int as_operator(const std::function<int()>& work);

}  // namespace baton::cli

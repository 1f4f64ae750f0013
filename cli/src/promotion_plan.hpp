// What a promotion or a rollback would come to.
//
// Threads: the main thread only.
#pragma once

#include "promotion.hpp"

namespace baton::cli {

/// Prints it, and changes nothing. Throws what stands in the way, as the promotion would.
int print_promotion_plan(const PromotionRequest& request, Invocation& invocation);

}  // namespace baton::cli

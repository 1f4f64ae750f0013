// What take_lead() and claim_builds() have in common: showing a membership, and being refused.
//
// Threads: values only.
#pragma once

#include <optional>
#include <string>

#include "baton/sql/leadership.hpp"

namespace baton::sql {

/// The token, if there is one.
[[nodiscard]] std::optional<std::string> token_of(const Membership& membership);

/// Throws the refusal that a row tells in the columns `code` and `message`, if it does.
void throw_refusal(const Row& row, int code, int message);

}  // namespace baton::sql

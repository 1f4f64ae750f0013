// What take_lead() and claim_builds() have in common: saying what is carried, showing credentials,
// and being refused.
//
// Threads: values only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "baton/sql/leadership.hpp"

namespace baton::sql {

/// What stands for a token in a call: the proof that it is there, and its sha256 (as a bytea) where
/// the machine wants to enrol itself.
struct Shown {
    std::optional<std::string> proof;
    std::optional<std::string> enrol_as;
};

/// As Postgres reads a versioned[].
[[nodiscard]] std::string versioned_array(const std::vector<Versioned>& named);

/// For a call on this connection, where challenge() is asked at the first time. Not in a
/// transaction.
[[nodiscard]] Shown shown_on(Connection& connection, const MachineCredentials& credentials);

/// For a call in this transaction, in which challenge() is asked.
[[nodiscard]] Shown shown_in(Transaction& transaction, const MachineCredentials& credentials);

/// Throws the refusal that a row tells in the columns `code` and `message`, if it does.
void throw_refusal(const Row& row, int code, int message);

}  // namespace baton::sql

// SHA-256 (FIPS 180-4): the digest to use where somebody may want to forge what it stands for. The
// same as Postgres' sha256(), so that a secret need not be told to the database to be hashed.
//
// Threads: no state.
#pragma once

#include <string>
#include <string_view>

namespace baton {

/// SHA-256 of `data`, as 64 lower-case hex digits.
[[nodiscard]] std::string sha256_of(std::string_view data);

}  // namespace baton

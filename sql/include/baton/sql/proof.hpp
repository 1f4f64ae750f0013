// What a process shows instead of its token, so that nobody who sees it has the token: see
// proves.sql.
//
// Threads: no state.
#pragma once

#include <string>
#include <string_view>

namespace baton::sql {

/// The proof that `token` is known, in answer to what challenge() asked of this session; for the
/// environment and the machine that are named with it. Of a token that is none it is "none".
[[nodiscard]] std::string proof_of(std::string_view token, std::string_view challenge,
                                   std::string_view environment, std::string_view machine_id);

}  // namespace baton::sql

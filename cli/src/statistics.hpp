// What the verbs about statistics share: times as a person says and reads them.
//
// Threads: the main thread only.
#pragma once

#include <optional>
#include <string>

#include "baton/sql/connection.hpp"

namespace baton::cli {

/// "2026-11-22 13:00", "yesterday" or "15 min" (ago) as the server has it. Throws Error(usage),
/// naming `flag`.
[[nodiscard]] std::string instant_of(sql::Connection& connection, const std::string& flag,
                                     const std::string& text);

/// Seconds, as "0.0042" says them: "4.2 ms", "12 s", "3 min". None where there are none.
[[nodiscard]] std::optional<std::string> span_text(const std::optional<std::string>& seconds);

/// A share, as "0.0125" says it: "1.25%". None where there is none.
[[nodiscard]] std::optional<std::string> share_text(const std::optional<std::string>& share);

}  // namespace baton::cli

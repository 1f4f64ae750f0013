// What Postgres hears of a local bus: its statements are counted while a task talks, and in idle
// times as long.
//
// Threads: no state; one thread, together with the connection.
#pragma once

#include <functional>
#include <string>

#include "baton/sql/connection.hpp"

namespace superstore {

/// What the server has to be started with.
inline constexpr const char* counting_setting = "shared_preload_libraries=pg_stat_statements";

/// Has a task talk on its bus, and says what was counted: a line for people. `is_over` is asked
/// while it waits. Returns "" where that said so.
[[nodiscard]] std::string talk_locally(baton::sql::Connection& connection,
                                       const std::function<bool()>& is_over);

}  // namespace superstore

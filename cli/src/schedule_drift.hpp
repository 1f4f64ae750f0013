// Where the schedules that an environment's file declares are others in the database.
//
// Threads: any; the connection is the caller's.
#pragma once

#include <string>
#include <vector>

#include "baton/orchestrator/options.hpp"
#include "baton/sql/connection.hpp"

namespace baton::cli {

/// One line for each that is not there, or is there with something else than the file says. Throws
/// Error(statement_failed) where the connection's role may not read schedules.
[[nodiscard]] std::vector<std::string> schedule_drift(
    sql::Transaction& transaction, const std::vector<DeclaredSchedule>& declared);

}  // namespace baton::cli

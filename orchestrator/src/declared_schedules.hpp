// The schedules that a leader's environment file declares: each is made, or becomes what the file
// says, once what it is of is known.
//
// Threads: one.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "baton/orchestrator/options.hpp"
#include "baton/sql/connection.hpp"

namespace baton::orchestrator {

class DeclaredSchedules {
public:
    explicit DeclaredSchedules(std::vector<DeclaredSchedule> schedules)
        : left_(std::move(schedules)) {}

    /// Says those to the database that are left. What is refused is logged, and not said again;
    /// save that nobody registered its handler yet, or its event's type. Throws what loses the
    /// session.
    void declare(sql::Connection& connection);

private:
    /// Whether it need not be said again.
    bool say(sql::Connection& connection, const DeclaredSchedule& schedule);

    std::vector<DeclaredSchedule> left_;
    std::set<std::string> waiting_;  // by name: that they wait is logged
};

}  // namespace baton::orchestrator

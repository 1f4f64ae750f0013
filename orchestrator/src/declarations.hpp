// The schedules and workflows that a leader's environment file declares: each is made, or becomes
// what the file says, once what it is of is known.
//
// Threads: one.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "baton/orchestrator/options.hpp"
#include "baton/sql/connection.hpp"

namespace baton::orchestrator {

class Declarations {
public:
    Declarations(const std::vector<DeclaredSchedule>& schedules,
                 const std::vector<DeclaredWorkflow>& workflows);

    /// Says those to the database that are left. What is refused is logged, and not said again;
    /// save that nobody registered its handler yet, or its event's type. Throws what loses the
    /// session.
    void declare(sql::Connection& connection);

private:
    struct Declaration {
        std::string kind;  ///< "schedule".
        std::string name;
        std::string origin;
        /// Returns what became of it; empty: it was so before.
        std::function<std::string(pqxx::transaction_base& transaction)> say;
    };
    /// Whether it need not be said again.
    bool say(sql::Connection& connection, const Declaration& declared);

    std::vector<Declaration> left_;
    std::set<std::string> waiting_;  // by kind and name: that they wait is logged
};

}  // namespace baton::orchestrator

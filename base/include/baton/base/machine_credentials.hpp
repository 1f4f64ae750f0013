// What a process shows of its machine, so that an environment lets it take part. environments/
// reads it from the machine's files, sql/ shows it to the database; neither knows the other.
//
// Threads: values only.
#pragma once

#include <string>

namespace baton {

/// For which environment a process was started, and what shows that its machine belongs there; see
/// admit_machine.sql.
struct MachineCredentials {
    std::string environment;  ///< The name of the environment that it was started for.
    std::string machine_id;   ///< 64 hex digits.
    std::string token;        ///< What the machine was given; never sent. Empty: it has none.
    /// The token is the machine's own: enrol it, where the environment lets machines do so.
    bool may_enrol = false;
};

}  // namespace baton

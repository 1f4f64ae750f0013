// What an installation and its removal have in common: how a schema stands, and how to wait for
// locks.
//
// Threads: values, and functions without state.
#pragma once

#include <map>
#include <string>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/migrator.hpp"

namespace baton::sql {

struct Installed {
    std::string name;
    bool breaking;
};

// What the database says about a schema.
struct State {
    bool schema_exists = false;
    bool is_environment = false;          // it has schema_migration
    bool is_empty = true;                 // apart from that
    std::map<int, Installed> migrations;  // by version
    std::string mark;
};

/// Runs nobody's code, whoever the schema belongs to. Leaves the transaction as
/// look_in_catalogue_only() does.
[[nodiscard]] State read_state(Transaction& transaction, const std::string& schema);

// Runs `attempt` until it gets its locks. What it waits for is somebody else's lock: that wait is
// bounded (lock_timeout), and between two tries nothing is held.
template <class Attempt>
void with_patience(const Connection& connection, const LockLimits& limits, const std::string& what,
                   Attempt attempt) {
    int tries = 0;
    try {
        retry(
            Backoff(limits.pause_first, limits.pause_longest),
            // A lost session does not come back by trying.
            [&] { return tries >= limits.tries || !connection.is_open(); },
            [&] {
                ++tries;
                attempt();
            });
    } catch (const Error& error) {
        if (error.code() != ErrorCode::lock_unavailable) throw;
        throw Error(ErrorCode::lock_unavailable,
                    what + " gave up after " + std::to_string(tries) + " tries of " +
                        std::to_string(limits.wait.count()) + " ms: " + error.what() +
                        "; see pg_locks for who holds it, and try again");
    }
}

}  // namespace baton::sql

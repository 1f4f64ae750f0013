// What every session of ours is told, whatever its role, its database, the URL or the environment
// of the process say: all that changes what our statements mean, which of their errors the session
// survives, or how the server writes the answers that we read.
//
// client_encoding is not among it: connection_string() has it in the start-up packet, which even
// poolers keep for each of their clients.
#pragma once

#include <chrono>
#include <string>

namespace baton::sql {

struct SessionTraits {
    std::string schema;  ///< of the environment; empty: none
    std::string search_path;
    std::chrono::seconds idle_in_transaction_timeout;
    int server_version;
};

/// `query` in one round trip, whatever isolation the session begins transactions with: a standby
/// refuses each statement where that is serializable.
[[nodiscard]] std::string read_committed(const std::string& query);

/// The settings of a new session whose server process is `backend_pid`, then `query`, whose answer
/// it gives: one round trip. A session of another process is a pooler's, and is left as it was.
[[nodiscard]] std::string session_start(const SessionTraits& traits, int backend_pid,
                                        const std::string& query);

/// The same until the end of a transaction that has begun and done nothing yet. A `fixed` snapshot
/// stays one.
[[nodiscard]] std::string transaction_start(const SessionTraits& traits, bool fixed);

}  // namespace baton::sql

// Postgres' own client programs, for the server that the tests run on.
//
// Threads: any.
#pragma once

#include <string>

namespace baton::testing {

/// The command `name` (psql, pg_dump, …) beside the server's programs; where it has none, which is
/// so for the packages of bare servers, its name, to be found in PATH.
[[nodiscard]] std::string client_program(const std::string& name);

/// Whether there is a pg_dump for this server: an older one refuses to dump a newer server.
[[nodiscard]] bool has_pg_dump();

/// Why a test is skipped where there is none.
inline constexpr const char* lacks_pg_dump = "no pg_dump is as new as this server";

}  // namespace baton::testing

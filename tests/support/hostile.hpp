// A server as unkind as people's servers are: casts that somebody once made implicit, operators and
// functions of well-known names in `public`, and defaults for every session that change what a
// statement means or prints.
//
// With BATON_TEST_HOSTILE=1 in the environment each database of the Cluster is like that:
// script/test runs the suites of sql and cli once more so (sql_hostile, cli_hostile).
//
// Threads: no state.
#pragma once

#include <string>

namespace baton::testing {

/// Whether this process is to test in hostile databases.
[[nodiscard]] bool is_hostile();

/// What makes one database hostile, for its superuser to run: casts and objects in `public`.
[[nodiscard]] std::string hostile_objects();

/// `alter role all set …`: what each new session of the server begins with. One statement a line.
[[nodiscard]] std::string hostile_defaults();

/// What libpq takes from the environment of the process.
void set_hostile_environment();

}  // namespace baton::testing

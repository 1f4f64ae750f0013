// Which processes there are, whoever started them: for tests that nobody is left behind.
//
// Threads: no state is kept.
#pragma once

#include <string>

namespace baton::testing {

/// How many processes have this among their arguments. Those that have ended have none.
[[nodiscard]] int processes_with(const std::string& argument);

/// For how many seconds only the processes of one test sleep: an argument of `sleep`.
[[nodiscard]] std::string own_sleep();

}  // namespace baton::testing

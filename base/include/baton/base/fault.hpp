// Fault points: named places where a test can make a process die, stop, throw or wait.
//
// BATON_FAULT="point:nth:action" in the environment arms one point of a process: at its nth visit
// the action is carried out: `kill` (SIGKILL to itself), `stop` (SIGSTOP), `throw` (a plain
// std::runtime_error), `delay` (50 ms at every visit from the nth on). Unarmed, a visit costs one
// load and a branch, so the points stay in release builds and what is tested is what is shipped.
//
// Threads: fault_point() may be called from any thread.
#pragma once

#include <string_view>

namespace baton {

/// A place named `point` is passed.
void fault_point(std::string_view point);

}  // namespace baton

// Fault points: named places where a test can make a process die, stop, throw or wait.
//
// BATON_FAULT="point:nth:action" in the environment arms one point of a process: at its nth visit
// the action is carried out: `kill` (SIGKILL to itself), `stop` (SIGSTOP), `throw` (a plain
// std::runtime_error), `delay` (50 ms at every visit from the nth on). Unarmed, a visit costs one
// load and a branch, so the points stay in release builds and what is tested is what is shipped.
//
// Threads: fault_point() may be called from any thread.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace baton {

/// What a point throws that was armed by arm_fault().
class FaultStruck : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Arms a point of this process beside BATON_FAULT's, for baton::testing: its next visit, by
/// whatever thread, throws FaultStruck. One point at a time; "" disarms.
void arm_fault(std::string_view point);
/// The point that arm_fault() armed and nobody visited since; "": none.
[[nodiscard]] std::string armed_fault();

/// A place named `point` is passed.
void fault_point(std::string_view point);

}  // namespace baton

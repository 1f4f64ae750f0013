// baton doctor: what is wrong with this set-up, and the fix.
#include <CLI/CLI.hpp>

#include "command_line.hpp"

namespace baton::cli {
void add_doctor(CLI::App&, Invocation&) {}
}  // namespace baton::cli

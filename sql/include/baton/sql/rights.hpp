// What to do about a right that a session lacks.
//
// Threads: no state.
#pragma once

#include <string>

#include "baton/base/error.hpp"

namespace baton::sql {

/// Whether the server refused a statement for the rights of who asked (SQLSTATE 42501).
[[nodiscard]] bool lacks_right(const Error& error);

/// "; …": what to do, to be put behind the error's words. Empty where it is no such error, or says
/// so by itself.
[[nodiscard]] std::string advice_on_rights(const Error& error);

}  // namespace baton::sql

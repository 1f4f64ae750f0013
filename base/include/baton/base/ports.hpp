// The hosts of a connection URL, as far as it takes to tell a port from a mistyped password.
//
// Threads: pure functions.
#pragma once

#include <string_view>

namespace baton {

/// Whether each port of "host:5432,[::1]:5433" is a number. One that is none may be a password
/// whose
/// @host was forgotten, or has an @ or a / that is not percent-encoded.
[[nodiscard]] bool has_numbers_as_ports(std::string_view hosts);

}  // namespace baton

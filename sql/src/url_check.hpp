// What is said of a connection URL that libpq cannot read, without what it holds.
//
// libpq quotes the part that it did not understand, and a mistyped password is just that part: in
// "u:pa/ss@h" it takes "pa" for a port, in "u:p@ss@h" it looks for a host "ss@h". So such a URL is
// refused before libpq has it, and libpq's own words go on without what they quote.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace baton::sql {

/// Throws Error(settings_invalid) where the user or the password of a URL ends at another place for
/// libpq than for a person. Says nothing of key=value pairs.
void require_unambiguous(std::string_view url);

/// `message` with *** for whatever stands between its first and its last double quote.
[[nodiscard]] std::string without_quotations(std::string_view message);

}  // namespace baton::sql

// Connection strings as libpq takes them: showing one without its secrets.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace baton::environments {

/// `url` (a URL or key=value pairs) with every password and other secret as ***, fit for a log.
/// What cannot be read is hidden rather than shown: a mistyped URL still has its password in it.
[[nodiscard]] std::string redacted_url(std::string_view url);

}  // namespace baton::environments

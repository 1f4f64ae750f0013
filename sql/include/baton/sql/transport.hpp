// How a connection to a server is kept from those between: what libpq would do with a URL.
//
// Threads: no state. Reads the variables of the process.
#pragma once

#include <string>
#include <string_view>

namespace baton::sql {

struct Transport {
    /// Each host is a unix socket or this machine's own address.
    bool is_local = true;
    /// Like "prefer", which is libpq's where nothing says; also from PGSSLMODE.
    std::string sslmode;
};

/// What libpq makes of `url` and the process' variables; a service file is not read. Throws
/// Error(settings_invalid) where it cannot be read.
[[nodiscard]] Transport transport_of(std::string_view url);

}  // namespace baton::sql

// Debian's pgbouncer in front of a test server: private, on a unix socket in a temporary folder, in
// transaction mode, as an unprivileged user, gone with the object.
//
// Threads: calls on one object must not overlap; it must be destroyed in a thread that lives as
// long as it does (see ChildProcess).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace baton::testing {

class Pgbouncer {
public:
    /// Starts one for the server that `url` leads to by a unix socket, with three server sessions
    /// per database and user; `users` may log in, without a password: the folder is what protects
    /// it. Returns once it accepts connections. Throws std::runtime_error with its log where it
    /// does not.
    Pgbouncer(const std::string& url, const std::vector<std::string>& users);
    ~Pgbouncer();
    Pgbouncer(const Pgbouncer&) = delete;
    Pgbouncer& operator=(const Pgbouncer&) = delete;

    /// The URL of `database` through the pooler, as `user`.
    [[nodiscard]] std::string url(const std::string& database, const std::string& user) const;

    /// Whether this machine has a pgbouncer.
    [[nodiscard]] static bool is_installed();

private:
    std::string folder_;
    std::unique_ptr<ChildProcess> process_;
};

}  // namespace baton::testing

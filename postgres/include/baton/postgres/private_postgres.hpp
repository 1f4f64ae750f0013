// A PostgreSQL server of our own, for `baton up`, the demo and the tests: nothing has to be set up
// before, and nothing is left behind.
//
// It listens on a unix socket inside a 0700 folder and on no TCP port; whoever can enter the
// folder is trusted. The bootstrap superuser is always `baton`. Started by root, the server and
// its files belong to the user `postgres`, or else `nobody`, because Postgres refuses to run as
// root.
//
// The server goes down with this process, however that ends: the destructor stops it; after a
// kill -9 the kernel sends it SIGINT, its fast shutdown. (The kernel ties that signal to the
// *thread* that started the server, so each server has a thread of its own, which lives as long as
// the server does.) A temporary folder that a killed process left is removed by the next
// PrivatePostgres that wants a temporary folder.
//
// Threads: calls on one object must not overlap; objects are independent of one another.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace baton::postgres {

/// How a server is stopped: when the last client has gone; at once, with the open transactions
/// rolled back; or at once as after a crash, so that the next start recovers from the WAL.
enum class StopMode { smart, fast, immediate };

struct PrivatePostgresOptions {
    /// Where the server's files are kept. Made if it does not exist; else it must be empty or hold
    /// what an earlier PrivatePostgres left. Empty: a temporary folder, removed with the object.
    std::filesystem::path directory = {};
    /// Server settings as "name=value", for instance "fsync=off".
    std::vector<std::string> settings = {};
    /// How long a start may take until connections are accepted, recovery included.
    std::chrono::milliseconds start_timeout{60'000};
    /// How long stop() waits before it ends the server as StopMode::immediate does.
    std::chrono::milliseconds stop_timeout{30'000};
};

class PrivatePostgres {
public:
    /// Makes the database cluster if there is none (UTF8, locale C, data checksums) and starts it.
    /// Returns once connections are accepted. Throws Error: postgres_missing without PostgreSQL 15
    /// or newer, or when it does not start (with the last line of its log); lock_unavailable when
    /// the directory's server is already running; usage when the directory cannot be used.
    explicit PrivatePostgres(const PrivatePostgresOptions& options = {});
    ~PrivatePostgres();
    PrivatePostgres(const PrivatePostgres&) = delete;
    PrivatePostgres& operator=(const PrivatePostgres&) = delete;

    /// A libpq URL of `database`, fit for psql:
    /// "postgresql:///postgres?host=/tmp/…&port=5432&user=baton". It stays the same over stop() and
    /// start().
    [[nodiscard]] std::string url(const std::string& database = "postgres") const;
    /// The folder of the server's programs (postgres, initdb, and usually psql and pg_dump).
    [[nodiscard]] std::filesystem::path bin_dir() const;
    /// The folder that holds everything of this server: data, socket, log.
    [[nodiscard]] std::filesystem::path directory() const;
    /// The server's process id (the postmaster), or 0 while it is not running.
    [[nodiscard]] pid_t pid() const;

    /// Stops the server and returns once it has ended. Nothing happens if it is not running.
    void stop(StopMode mode = StopMode::fast);
    /// Starts the server again after stop(), or after it was killed. Throws as the constructor
    /// does.
    void start();

private:
    struct Server;
    std::unique_ptr<Server> server_;
};

}  // namespace baton::postgres

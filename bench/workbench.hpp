// Where everything is measured: one private Postgres, a database for each measure with an
// environment and bare tables in it, orchestrators as processes of their own, and clocks.
//
// Threads: one, save where said.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "baton/postgres/private_postgres.hpp"
#include "libpq.hpp"
#include "report.hpp"

namespace baton::bench {

/// How much is done. `quick` shrinks every size, to try the benchmark itself.
struct Effort {
    int rounds = 3;
    bool quick = false;
    bool full = false;  ///< Also wait where waiting is what is measured.

    [[nodiscard]] std::int64_t size(std::int64_t whole) const { return quick ? whole / 20 : whole; }
};

/// The environment's schema in every database.
inline constexpr auto schema = "baton_bench";

class Workbench {
public:
    using Report = std::function<void(const Figure& figure)>;

    Workbench(const Effort& effort, Report report);

    [[nodiscard]] const Effort& effort() const { return effort_; }
    [[nodiscard]] postgres::PrivatePostgres& server() { return server_; }
    void report(const Figure& figure) const { report_(figure); }
    /// User and system time that the server and all of its processes have used, in seconds. Other
    /// programs on the machine disturb it less than they disturb a clock on the wall.
    [[nodiscard]] double cpu_seconds() const;

private:
    Effort effort_;
    Report report_;
    postgres::PrivatePostgres server_;
};

/// A database with an environment and the bare tables (bench/bare.sql); dropped with the object.
/// Its sessions find both: search_path = baton_bench, public.
class Database {
public:
    Database(Workbench& workbench, std::string name);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string url() const;

private:
    Workbench& workbench_;
    std::string name_;
};

/// Which reducers an orchestrator runs.
enum class Reducing {
    in_cpp,
    in_sql,
    in_cpp_2,  ///< LaterAccountTotals<2>, and so on
    in_cpp_3,
    books_1,  ///< both views of the set "books", in version 1
    books_2,
};

/// An orchestrator of a Database, in a process of its own; stopped with the object.
class OrchestratorProcess {
public:
    /// Returns when the process was started, which is before it leads.
    OrchestratorProcess(const Database& database, Reducing reducing);
    ~OrchestratorProcess();
    OrchestratorProcess(const OrchestratorProcess&) = delete;
    OrchestratorProcess& operator=(const OrchestratorProcess&) = delete;

    /// The most memory that it ever had resident, in MB.
    [[nodiscard]] double peak_megabytes() const;
    /// User and system time that it has used, in seconds.
    [[nodiscard]] double cpu_seconds() const;

private:
    pid_t pid_ = 0;
};

/// Waits until the environment's log has `position`, and all views followed it there. Looks every
/// 2 ms. Throws Error(wait_timeout) after ten minutes.
void wait_for_position(Session& session, std::int64_t position);

/// Waits until the leader reduces what comes; to be called with an empty backlog.
void wait_until_following(Session& session);

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace baton::bench

// Real databases for tests: one private server per test process, one fresh database per test.
//
// NOTIFY, advisory locks and pg_stat_activity are per database, so tests are kept apart by
// database and not by schema. A database is cloned from a template that is prepared once per
// process, so that a test does not pay for the installation of its schema.
//
// The server starts with the first use and stops at the end of the process, however that ends.
//
// Threads: Cluster::instance() and its functions from any thread; a TestDatabase from one at a
// time.
#pragma once

#include <string>
#include <vector>

#include "baton/testing/database_server.hpp"

namespace baton::testing {

/// The server of this process; unlike DatabaseServer::shared() as unkind as the process asks for.
class Cluster : public DatabaseServer {
public:
    /// The first call starts it and throws what PrivatePostgres throws.
    [[nodiscard]] static Cluster& instance();

private:
    Cluster();
};

class TestDatabase : public ScratchDatabase {
public:
    /// A new, empty database.
    TestDatabase() : ScratchDatabase(Cluster::instance()) {}
    /// A new copy of the template.
    explicit TestDatabase(const DatabaseTemplate& database_template)
        : ScratchDatabase(Cluster::instance(), database_template) {}

    /// The client sessions that are in this database now, as "pid application state query". A
    /// session takes a moment to go after its client has gone: ask with eventually().
    [[nodiscard]] std::vector<std::string> sessions() const;
};

}  // namespace baton::testing

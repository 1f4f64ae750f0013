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

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "baton/postgres/private_postgres.hpp"

namespace baton::testing {

/// What a template database holds: `prepare` fills it, given its URL, once per process and `name`.
struct DatabaseTemplate {
    std::string name;  ///< lower-case letters, digits, _
    std::function<void(const std::string& url)> prepare;
};

class Cluster {
public:
    /// The server of this process. The first call starts it and throws what PrivatePostgres throws.
    [[nodiscard]] static Cluster& instance();

    [[nodiscard]] postgres::PrivatePostgres& server() { return server_; }
    [[nodiscard]] std::string url(const std::string& database = "postgres") const;
    /// The name of the template database, prepared if this is its first use. When `prepare` throws,
    /// so does this, and the next call tries again.
    std::string prepared(const DatabaseTemplate& database_template);
    /// Runs one statement as superuser in the database `postgres`, outside of a transaction.
    void execute(const std::string& statement);

private:
    Cluster();

    postgres::PrivatePostgres server_;
    std::mutex mutex_;
    std::map<std::string, bool> prepared_;  // guarded by mutex_
};

class TestDatabase {
public:
    /// A new, empty database.
    TestDatabase();
    /// A new copy of the template.
    explicit TestDatabase(const DatabaseTemplate& database_template);
    /// Drops the database, and ends the sessions that are still in it.
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string url() const;
    /// The client sessions that are in this database now, as "pid application state query". A
    /// session takes a moment to go after its client has gone: ask with eventually().
    [[nodiscard]] std::vector<std::string> sessions() const;

private:
    std::string name_;
};

}  // namespace baton::testing

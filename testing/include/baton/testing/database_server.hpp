// A private Postgres for tests, and databases in it that are cloned from templates: the first use
// of a template pays for what is in it, each later one for a copy.
//
//   const auto& server = baton::testing::DatabaseServer::shared();
//   const baton::testing::ScratchDatabase database(server, {"shop", [](const std::string& url) {
//       … create tables at url …
//   }});
//
// Sessions, NOTIFY and advisory locks are kept apart by the database. Nothing in it outlives a
// crash of the machine: it does not wait for disks. It ends with the process, however that ends.
//
// Threads: a DatabaseServer from any thread; a ScratchDatabase from one at a time.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "baton/postgres/private_postgres.hpp"

namespace baton::testing {

/// What a template database holds: `prepare` fills it, given its URL, once per server and `name`.
struct DatabaseTemplate {
    std::string name;  ///< lower-case letters, digits, _
    std::function<void(const std::string& url)> prepare;
};

struct DatabaseServerOptions {
    std::vector<std::string> settings = {};  ///< "name=value", beside those of tests.
    /// What a database is made from that is to be empty.
    std::string empty_template = "template0";
};

class DatabaseServer {
public:
    /// Starts it. Throws what PrivatePostgres throws.
    explicit DatabaseServer(DatabaseServerOptions options = {});
    /// One for all tests of this process, started by the first call.
    [[nodiscard]] static DatabaseServer& shared();

    [[nodiscard]] postgres::PrivatePostgres& server() { return server_; }
    [[nodiscard]] std::string url(const std::string& database = "postgres") const {
        return server_.url(database);
    }
    /// The name of the template database, prepared if this is its first use. When `prepare` throws,
    /// so does this, and the next call tries again.
    std::string prepared(const DatabaseTemplate& database_template);
    /// A new database of a name of its own; from an empty template, if `from` is "". Its name.
    std::string create_database(const std::string& from = "");
    /// Drops it, and ends the sessions that are still in it. Where that cannot be, one line says so
    /// on stderr: it goes with the server.
    void drop_database(const std::string& name) noexcept;
    /// Runs one statement as superuser in the database `postgres`, outside of a transaction.
    void execute(const std::string& statement) const;

private:
    const DatabaseServerOptions options_;
    postgres::PrivatePostgres server_;
    std::mutex mutex_;
    std::map<std::string, bool> prepared_;  // guarded by mutex_
};

/// A database, dropped with the object.
class ScratchDatabase {
public:
    /// Empty.
    explicit ScratchDatabase(DatabaseServer& server)
        : server_(server), name_(server.create_database()) {}
    /// A copy of the template.
    ScratchDatabase(DatabaseServer& server, const DatabaseTemplate& database_template)
        : server_(server), name_(server.create_database(server.prepared(database_template))) {}
    ~ScratchDatabase() { server_.drop_database(name_); }
    ScratchDatabase(const ScratchDatabase&) = delete;
    ScratchDatabase& operator=(const ScratchDatabase&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string url() const { return server_.url(name_); }

private:
    DatabaseServer& server_;
    const std::string name_;
};

}  // namespace baton::testing

#include "baton/testing/database_server.hpp"

#include <atomic>
#include <cstdio>
#include <exception>

#include "baton/sql/connection.hpp"

namespace baton::testing {
namespace {

// Durability is not what these servers are for; crashes of the server's processes lose nothing
// without fsync either, only crashes of the machine do.
postgres::PrivatePostgresOptions server_options(const std::vector<std::string>& more) {
    postgres::PrivatePostgresOptions options{
        .settings = {"fsync=off", "full_page_writes=off", "max_connections=200",
                     "max_prepared_transactions=10", "shared_buffers=128MB", "max_wal_size=4GB",
                     "wal_level=logical", "log_line_prefix=%m [%p] %d "}};
    options.settings.insert(options.settings.end(), more.begin(), more.end());
    return options;
}

}  // namespace

DatabaseServer::DatabaseServer(DatabaseServerOptions options)
    : options_(std::move(options)), server_(server_options(options_.settings)) {}

DatabaseServer& DatabaseServer::shared() {
    static DatabaseServer server;
    return server;
}

std::string DatabaseServer::prepared(const DatabaseTemplate& database_template) {
    const std::lock_guard lock(mutex_);
    std::string name = "template_" + database_template.name;
    if (prepared_[name]) return name;
    execute("drop database if exists " + name + " with (force)");
    execute("create database " + name + " template " + options_.empty_template);
    database_template.prepare(url(name));
    prepared_[name] = true;
    return name;
}

std::string DatabaseServer::create_database(const std::string& from) {
    static std::atomic<int> count{0};
    std::string name = "test_" + std::to_string(++count);
    execute("create database " + name + " template " +
            (from.empty() ? options_.empty_template : from));
    return name;
}

void DatabaseServer::drop_database(const std::string& name) noexcept {
    try {
        execute("drop database " + name + " with (force)");
    } catch (const std::exception& error) {
        // Prepared transactions keep a database from being dropped.
        std::fprintf(stderr, "%s was not dropped: %s\n", name.c_str(), error.what());
    }
}

void DatabaseServer::execute(const std::string& statement) const {
    sql::Connection(url()).exec(statement);
}

}  // namespace baton::testing

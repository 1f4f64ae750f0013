#include "support/cluster.hpp"

#include <atomic>
#include <cstdio>
#include <exception>
#include <pqxx/pqxx>
#include <sstream>

#include "support/hostile.hpp"

namespace baton::testing {
namespace {

// Durability is not what these servers are for; crashes of the server's processes lose nothing
// without fsync either, only crashes of the machine do.
postgres::PrivatePostgresOptions test_options() {
    return {.settings = {"fsync=off", "full_page_writes=off", "max_connections=200",
                         "max_prepared_transactions=10", "shared_buffers=128MB", "max_wal_size=4GB",
                         "wal_level=logical", "log_line_prefix=%m [%p] %d "}};
}

constexpr const char* hostile_template = "template_hostile";

// What a database is made from that a test asks for empty.
std::string empty_template() { return is_hostile() ? hostile_template : "template0"; }

std::string create_from(const std::string& database_template) {
    static std::atomic<int> count{0};
    std::string name = "test_" + std::to_string(++count);
    Cluster::instance().execute("create database " + name + " template " + database_template);
    return name;
}

}  // namespace

Cluster::Cluster() : server_(test_options()) {
    if (!is_hostile()) return;
    execute(std::string("create database ") + hostile_template + " template template0");
    {
        pqxx::connection connection(url(hostile_template));
        pqxx::nontransaction transaction(connection);
        transaction.exec(hostile_objects());
    }
    std::istringstream defaults(hostile_defaults());
    for (std::string statement; std::getline(defaults, statement);) execute(statement);
    set_hostile_environment();
}

Cluster& Cluster::instance() {
    static Cluster cluster;
    return cluster;
}

std::string Cluster::url(const std::string& database) const { return server_.url(database); }

std::string Cluster::prepared(const DatabaseTemplate& database_template) {
    const std::lock_guard lock(mutex_);
    std::string name = "template_" + database_template.name;
    if (prepared_[name]) return name;
    execute("drop database if exists " + name + " with (force)");
    execute("create database " + name + " template " + empty_template());
    database_template.prepare(url(name));
    prepared_[name] = true;
    return name;
}

void Cluster::execute(const std::string& statement) {
    pqxx::connection connection(url());
    pqxx::nontransaction transaction(connection);
    transaction.exec(statement);
}

TestDatabase::TestDatabase() : name_(create_from(empty_template())) {}

TestDatabase::TestDatabase(const DatabaseTemplate& database_template)
    : name_(create_from(Cluster::instance().prepared(database_template))) {}

TestDatabase::~TestDatabase() {
    try {
        Cluster::instance().execute("drop database " + name_ + " with (force)");
    } catch (const std::exception& error) {
        // Prepared transactions keep a database from being dropped; it goes with the server.
        std::fprintf(stderr, "%s was not dropped: %s\n", name_.c_str(), error.what());
    }
}

std::string TestDatabase::url() const { return Cluster::instance().url(name_); }

std::vector<std::string> TestDatabase::sessions() const {
    pqxx::connection connection(Cluster::instance().url());
    pqxx::read_transaction transaction(connection);
    const pqxx::result rows = transaction.exec_params(
        "select concat_ws(' ', pid, application_name, state, query) from pg_stat_activity "
        "where datname = $1 and backend_type = 'client backend' order by pid",
        name_);
    std::vector<std::string> sessions;
    for (const auto& row : rows) sessions.emplace_back(row[0].c_str());
    return sessions;
}

}  // namespace baton::testing

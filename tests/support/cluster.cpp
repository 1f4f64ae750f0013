#include "support/cluster.hpp"

#include <pqxx/pqxx>
#include <sstream>

#include "support/hostile.hpp"

namespace baton::testing {
namespace {

constexpr const char* hostile_template = "template_hostile";

DatabaseServerOptions cluster_options() {
    // What a database is made from that a test asks for empty.
    return {.empty_template = is_hostile() ? hostile_template : "template0"};
}

}  // namespace

Cluster::Cluster() : DatabaseServer(cluster_options()) {
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

std::vector<std::string> TestDatabase::sessions() const {
    pqxx::connection connection(Cluster::instance().url());
    pqxx::read_transaction transaction(connection);
    const pqxx::result rows = transaction.exec_params(
        "select concat_ws(' ', pid, application_name, state, query) from pg_stat_activity "
        "where datname = $1 and backend_type = 'client backend' order by pid",
        name());
    std::vector<std::string> sessions;
    for (const auto& row : rows) sessions.emplace_back(row[0].c_str());
    return sessions;
}

}  // namespace baton::testing

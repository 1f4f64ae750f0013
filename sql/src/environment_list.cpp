// Finds the environments of a database: see migrator.hpp.

#include <utility>

#include "baton/sql/migrator.hpp"
#include "own_schema.hpp"

namespace baton::sql {

// Only the catalogue is read, and what an installation left there: who may make a schema can make
// any table in it, and whoever reads that could come to run somebody else's code. A schema that its
// owner alone says to be an environment is shown to those who trust that owner: whoever may make
// the group roles is believed by everybody.
std::vector<InstalledEnvironment> list_environments(Connection& connection) {
    Transaction transaction(connection);
    const Result rows = transaction.exec(
        std::string(catalogue_only) +
        "select n.nspname, o.rolname, substring(obj_description(c.oid, 'pg_class') from "
        "'^baton [0-9a-f]+, version ([0-9]{1,6})(?:\\n|$)') "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_roles o on o.oid = n.nspowner where " +
        std::string(is_bookkeeping) +
        " and (o.rolsuper or pg_has_role(o.oid, 'member') or o.oid = (select d.datdba from "
        "pg_database d where d.datname = current_database()) or exists (select from pg_roles g "
        "where g.rolname = n.nspname || '_orchestrate' and has_schema_privilege(g.oid, n.oid, "
        "'usage'))) order by n.nspname");
    std::vector<InstalledEnvironment> environments;
    for (const Row& row : rows) {
        InstalledEnvironment environment{std::string(row.text(0)), std::string(row.text(1)), {}};
        if (!is_schema_name(environment.schema)) continue;
        if (!row.is_null(2)) environment.version = static_cast<int>(row.integer(2));
        environments.push_back(std::move(environment));
    }
    return environments;
}

}  // namespace baton::sql

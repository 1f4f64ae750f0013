// Finds the environments of a database: see migrator.hpp.

#include <utility>

#include "baton/sql/migrator.hpp"

namespace baton::sql {

std::vector<InstalledEnvironment> list_environments(Connection& connection) {
    Transaction transaction(connection);
    const Result rows = transaction.exec(
        "select nspname, pg_get_userbyid(nspowner), has_schema_privilege(n.oid, 'usage') and "
        "has_table_privilege(c.oid, 'select') "
        "from pg_class c join pg_namespace n on n.oid = relnamespace "
        "where relname = 'schema_migration' and relkind = 'r' and "
        "(select count(*) from pg_attribute where attrelid = c.oid and "
        "attname in ('version', 'name', 'breaking', 'installed_at')) = 4 order by nspname",
        {});
    std::vector<InstalledEnvironment> environments;
    for (const Row& row : rows) {
        InstalledEnvironment environment{std::string(row.text(0)), std::string(row.text(1)), {}};
        if (!is_schema_name(environment.schema)) continue;
        if (row.boolean(2)) {
            const Result version = transaction.exec("select coalesce(max(version), 0) from \"" +
                                                    environment.schema + "\".schema_migration");
            environment.version = static_cast<int>(version.only().integer(0));
        }
        environments.push_back(std::move(environment));
    }
    return environments;
}

}  // namespace baton::sql

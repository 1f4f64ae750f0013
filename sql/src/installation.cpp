#include "installation.hpp"

#include "baton/base/error.hpp"
#include "migration_set.hpp"
#include "own_schema.hpp"

namespace baton::sql {
namespace {

State read_catalogue(Transaction& transaction, const std::string& quoted, bool is_locked) {
    const std::string table = quoted + ".schema_migration";
    const std::string lock =
        is_locked ? "lock table " + table + " in access share mode;\n" : std::string();
    const Row row =
        transaction
            .exec(std::string(catalogue_only) + lock +
                  "select n is not null, c.oid is not null, not exists (select from pg_depend d "
                  "where d.refclassid = 'pg_namespace'::regclass and d.refobjid = n and d.deptype "
                  "= 'n'), obj_description(c.oid, 'pg_class') "
                  "from (select to_regnamespace('" +
                  quoted + "')::oid) as home (n) left join pg_class c on c.relnamespace = n and " +
                  std::string(is_bookkeeping))
            .only();
    return {row.boolean(0), row.boolean(1), row.boolean(2), {}, std::string(row.text(3))};
}

}  // namespace

State read_state(Transaction& transaction, const std::string& schema) {
    const std::string quoted = quoted_schema(schema);
    State state = read_catalogue(transaction, quoted, false);
    if (!state.is_environment) return state;
    // Nobody makes another table of it between the look and the reading.
    state = read_catalogue(transaction, quoted, true);
    if (!state.is_environment) return state;
    const Result rows = transaction.exec("select version, name, breaking from only " + quoted +
                                         ".schema_migration order by version");
    for (const Row& migration : rows) {
        state.migrations.emplace(static_cast<int>(migration.integer(0)),
                                 Installed{std::string(migration.text(1)), migration.boolean(2)});
    }
    // Else the first migration would be tried, and fail for what is there.
    if (state.migrations.empty() &&
        transaction.exec("select to_regclass($1) is not null", {quoted + ".event"})
            .only()
            .boolean(0)) {
        throw Error(ErrorCode::not_installed,
                    schema +
                        " lacks the rows of schema_migration, which tell its version: they were "
                        "deleted, or not copied with the rest; put them back from a backup, or "
                        "from where it was copied from");
    }
    return state;
}

}  // namespace baton::sql

// What nobody but the owner of an environment's schema may do there, and how the schema is known:
// the SQL of it, for the steps of an installation and for whoever lists environments.
//
// Threads: constants, and functions without state.
#pragma once

#include <string>
#include <string_view>

namespace baton::sql {

/// To the end of the transaction no name is looked for outside of pg_catalog.
inline constexpr std::string_view catalogue_only = "set local search_path = pg_catalog, pg_temp;\n";

/// Of pg_class c: whether it is the table in which an environment keeps what was installed, as the
/// catalogue has it. To read such a table runs nobody's code, whoever it belongs to.
inline constexpr std::string_view is_bookkeeping =
    "c.relname = 'schema_migration' and c.relkind = 'r' and (select count(*) from pg_attribute a "
    "where a.attrelid = c.oid and not a.attisdropped and (a.attname, a.atttypid) in "
    "(('version', 'int4'::regtype), ('name', 'text'::regtype), ('breaking', 'bool'::regtype), "
    "('installed_at', 'timestamptz'::regtype))) = 4 and exists (select from pg_constraint k where "
    "k.conrelid = c.oid and k.conname = 'schema_migration_version') and not exists (select from "
    "pg_policy p where p.polrelid = c.oid)";

/// A statement that raises BT043 unless `schema` is not there, or is the current user's, who alone
/// may make things in it, with what was made by nobody else. It goes before each step of an
/// installation, in the same transaction, with pg_catalog as search_path.
[[nodiscard]] std::string own_schema_text(const std::string& schema);

}  // namespace baton::sql

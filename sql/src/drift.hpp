// Whether what is installed is what a set of files makes.
//
// A function's body stands in the catalogue as its file has it. Of a view, and of a function whose
// body was bound when it was made (BEGIN ATOMIC), Postgres keeps what it understood: so an
// installation notes a digest of how that reads, in the comment on schema_migration, and later the
// same is asked again. Another major version of Postgres may word it otherwise; the next upgrade
// notes that.
//
// Threads: functions without state.
#pragma once

#include <string>

#include "baton/sql/connection.hpp"
#include "baton/sql/migrator.hpp"
#include "migration_set.hpp"

namespace baton::sql {

/// The statement that an installation ends with: the comment is the set's mark, and behind it a
/// line for each such definition.
[[nodiscard]] std::string comment_text(const MigrationSet& set, const std::string& schema);

/// Sets `drifted` and `orphans`. `comment` is the one on schema_migration. Runs nobody's code, if
/// look_in_catalogue_only() was called.
void read_drift(Transaction& transaction, const MigrationSet& set, const std::string& schema,
                const std::string& comment, InstallStatus& status);

}  // namespace baton::sql

// The .sql files of this folder, as they were when the library was built.
//
// Threads: constants.
#pragma once

#include <span>
#include <string_view>

namespace baton::sql {

struct SqlFile {
    std::string_view name;  ///< Path below sql/: "migrations/0001_log_and_views.sql", "grants.sql".
    std::string_view text;
};

/// Migrations, signatures.sql, functions and views (each folder in the order of the names), then
/// grants.sql.
[[nodiscard]] std::span<const SqlFile> embedded_sql();

}  // namespace baton::sql

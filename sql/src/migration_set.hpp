// What a set of .sql files asks for, and the exact SQL that installs it: the one text that both
// `--print` shows and an installation runs.
//
// Threads: constant once constructed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "baton/sql/embedded.hpp"
#include "baton/sql/migrator.hpp"

namespace baton::sql {

struct Migration {
    int version;
    std::string name;  // "0001_log_and_views"
    bool breaking;
    std::string_view text;
};

struct Function {
    std::string name;
    std::string body;  // what pg_proc.prosrc holds, but for with_schema()
};

/// One transaction of an installation: `prologue` bounds its waiting, takes the lock that makes
/// installers take turns, and refuses a schema that is not the installer's alone; `body` sets the
/// search_path and is the work. Between the two pg_catalog is the search_path.
struct InstallStep {
    std::string prologue;
    std::string body;
};

class MigrationSet {
public:
    explicit MigrationSet(std::span<const SqlFile> files);

    [[nodiscard]] const std::vector<Migration>& migrations() const { return migrations_; }
    [[nodiscard]] int newest() const { return static_cast<int>(migrations_.size()); }
    /// Those with a body in dollar quotes.
    [[nodiscard]] const std::vector<Function>& functions() const { return functions_; }
    [[nodiscard]] bool has_grants() const { return has_grants_; }
    /// What the comment on `schema_migration` says after an installation of this set.
    [[nodiscard]] const std::string& mark() const { return mark_; }

    [[nodiscard]] InstallStep create_step(const std::string& schema,
                                          const LockLimits& limits) const;
    [[nodiscard]] InstallStep migration_step(const std::string& schema, const LockLimits& limits,
                                             const Migration& migration) const;
    [[nodiscard]] InstallStep functions_step(const std::string& schema,
                                             const LockLimits& limits) const;

private:
    void add_migration(const SqlFile& file);
    void add_function(const SqlFile& file);

    std::vector<Migration> migrations_;
    std::vector<Function> functions_;
    // signatures.sql, functions/, views/ and grants.sql, in the order in which they are run
    std::string rest_;
    std::string mark_;
    bool has_grants_ = false;
};

/// `schema` as an SQL identifier. Throws Error(name_invalid) where it cannot be an environment's:
/// the names of its group roles ("<schema>_orchestrate") must fit into 63 characters too.
[[nodiscard]] std::string quoted_schema(const std::string& schema);

/// `text` with each `:"schema"`, as psql would write a variable, replaced by the quoted schema.
[[nodiscard]] std::string with_schema(std::string text, const std::string& schema);

/// The four group roles of an environment.
[[nodiscard]] std::vector<std::string> group_roles(const std::string& schema);

/// Bounds the waiting of a transaction and takes the lock that makes installers take turns. Leaves
/// the transaction as look_in_catalogue_only() does.
[[nodiscard]] std::string lock_text(const LockLimits& limits);

}  // namespace baton::sql

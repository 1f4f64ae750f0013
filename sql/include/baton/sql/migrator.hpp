// Installs an environment's schema, brings it up to date, says how it stands, and takes it away.
//
// Structure and behaviour are different kinds of file. migrations/NNNN_name.sql changes tables,
// runs once, in order, each in a transaction of its own, and is never edited after a release (its
// first line may be `--! breaking`: an older binary must not touch what it leaves). functions/,
// views/ and grants.sql are re-created as a whole, in one last transaction, whenever their text
// differs from what was installed. Functions come before views: a body is not looked at before it
// is called, a view is. No file names a schema: they run with the environment's schema as
// search_path. What is done is written down in the schema's own `schema_migration`.
//
// What it promises about locks: it waits for no lock longer than LockLimits::wait, so what queues
// behind it waits no longer than that; then it lets go of everything and tries again later. Two
// that install at once in one database take turns, and the second finds the work done.
//
// Threads: no state but the files; a Connection belongs to one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "baton/sql/connection.hpp"
#include "baton/sql/embedded.hpp"

namespace baton::sql {

class MigrationSet;

/// How long a migration may stand in the way, and how often it tries.
struct LockLimits {
    std::chrono::milliseconds wait{500};
    int tries = 60;
    std::chrono::milliseconds pause_first{200};
    std::chrono::milliseconds pause_longest{4000};
};

/// What becomes of an environment whose installer may not create roles, where there are none.
enum class WithoutRoles : std::uint8_t {
    refuse,       ///< Nothing is begun.
    single_role,  ///< It is the installer's alone, who does everything. Weaker: doctor() says so.
};

struct InstallReport {
    int version = 0;                      ///< Where the schema stands now.
    std::vector<std::string> migrations;  ///< What was run: "0001_log_and_views".
    bool functions_installed = false;     ///< Views, functions and grants were written anew.
    std::vector<std::string> warnings;    ///< A line each.
};

struct InstallStatus {
    bool installed = false;
    int version = 0;                   ///< The newest migration in the schema; 0: none.
    int newest_known = 0;              ///< The newest that this binary has.
    std::vector<std::string> pending;  ///< Migrations that install() would run.
    std::vector<std::string> newer;    ///< Migrations in the schema that this binary lacks.
    bool newer_is_breaking = false;    ///< One of them forbids this binary to touch the schema.
    /// Functions that are missing or have another body than this binary's; empty when newer is not.
    std::vector<std::string> drifted;
    bool functions_current = false;  ///< The last install wrote the text that this binary has.
};

struct InstalledEnvironment {
    std::string schema;
    std::string owner;
    std::optional<int> version;  ///< Nothing where no installation came to its end.
};

struct UninstallReport {
    std::vector<std::string> roles_dropped;
    std::vector<std::string> roles_kept;  ///< In use elsewhere (another database, other grants).
    std::vector<std::string> roles_left;  ///< Who uninstalled may not drop roles.
};

class Migrator {
public:
    /// `files` must outlive it, and hold migrations numbered 1, 2, 3, … (a broken CHECK otherwise).
    explicit Migrator(std::span<const SqlFile> files = embedded_sql());

    /// Installs `schema`, or brings it up to date: the same thing. Does nothing where nothing is to
    /// be done. Throws Error: name_invalid (also: the schema holds something else), schema_newer,
    /// lock_unavailable (gave up after LockLimits::tries; what was committed stays, and the next
    /// install goes on from there), settings_invalid (no right to create the group roles, unless
    /// `without_roles` says otherwise, or it was installed without; encoding_fault()), and what a
    /// Connection throws.
    /// schema_untrusted: the schema is somebody else's than the current user's, or others may make,
    /// or made, things in it. Group roles that are missing are made by whoever may, also where
    /// nothing else is to be done.
    InstallReport install(Connection& connection, const std::string& schema,
                          const LockLimits& limits = {},
                          WithoutRoles without_roles = WithoutRoles::refuse) const;

    /// How `schema` stands. A schema that is not there is not an error. It runs nobody's code,
    /// whoever the schema belongs to.
    [[nodiscard]] InstallStatus status(Connection& connection, const std::string& schema) const;

    /// For a program that is about to work with `schema`: throws Error(not_installed) where it is
    /// absent or behind, Error(schema_newer) where it is ahead in a breaking way,
    /// Error(schema_untrusted) as require_trusted().
    void require_installed(Connection& connection, const std::string& schema) const;

    /// The SQL that install() runs on an empty schema, or on one that stands at `after_version`,
    /// complete, for `psql -v ON_ERROR_STOP=1 -f`. Throws Error(name_invalid).
    [[nodiscard]] std::string print(const std::string& schema, int after_version = 0) const;

private:
    std::shared_ptr<const MigrationSet> set_;
};

/// What is wrong with the connection's database for an environment, or "": the log is UTF-8.
[[nodiscard]] std::string encoding_fault(Connection& connection);

/// All environments in the connection's database, by name. It runs nobody's code.
[[nodiscard]] std::vector<InstalledEnvironment> list_environments(Connection& connection);

/// Drops the schema and the environment's four group roles, and nothing else. Throws
/// Error(not_installed) where `schema` is no environment, Error(usage) where something outside of
/// it depends on it (it is named), Error(lock_unavailable) as install() does. Runs nobody's code.
UninstallReport uninstall(Connection& connection, const std::string& schema,
                          const LockLimits& limits = {});

}  // namespace baton::sql

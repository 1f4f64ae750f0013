#include "baton/sql/migrator.hpp"

#include <algorithm>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "baton/sql/trust.hpp"
#include "drift.hpp"
#include "installation.hpp"
#include "migration_set.hpp"
#include "own_schema.hpp"

namespace baton::sql {
namespace {

int version_of(const State& state) {
    return state.migrations.empty() ? 0 : state.migrations.rbegin()->first;
}

InstallStatus status_of(Transaction& transaction, const MigrationSet& set,
                        const std::string& schema) {
    const State state = read_state(transaction, schema);
    InstallStatus status;
    status.installed = state.is_environment;
    status.version = version_of(state);
    status.newest_known = set.newest();
    for (const Migration& migration : set.migrations()) {
        if (!state.migrations.contains(migration.version)) {
            status.pending.push_back(migration.name);
        }
    }
    for (const auto& [version, migration] : state.migrations) {
        if (version <= set.newest()) continue;
        status.newer.push_back(migration.name);
        status.newer_is_breaking = status.newer_is_breaking || migration.breaking;
    }
    status.functions_current = state.mark.substr(0, state.mark.find('\n')) == set.mark();
    return status;
}

// With what differs, for which everything is read that views and functions name. For whoever holds
// a lock on that it waits as long as the caller's lock_timeout says.
InstallStatus whole_status_of(Transaction& transaction, const MigrationSet& set,
                              const std::string& schema) {
    InstallStatus status = status_of(transaction, set, schema);
    if (status.installed && status.newer.empty()) {
        read_drift(transaction, set, schema, read_state(transaction, schema).mark, status);
    }
    return status;
}

InstallStatus read_status(Connection& connection, const MigrationSet& set,
                          const std::string& schema) {
    Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    InstallStatus status = whole_status_of(transaction, set, schema);
    transaction.commit();
    return status;
}

void refuse_newer(const InstallStatus& status, const std::string& schema) {
    if (!status.newer_is_breaking) return;
    throw Error(ErrorCode::schema_newer,
                schema + " is at version " + std::to_string(status.version) +
                    ", which this binary (it knows " + std::to_string(status.newest_known) +
                    ") must not touch; install a newer Baton");
}

void refuse_foreign_schema(Connection& connection, const std::string& schema) {
    Transaction transaction(connection);
    look_in_catalogue_only(transaction);
    transaction.exec(own_schema_text(schema));
    const State state = read_state(transaction, schema);
    if (!state.schema_exists || state.is_environment || state.is_empty) return;
    throw Error(
        ErrorCode::name_invalid,
        "the schema " + schema + " exists and is no environment of Baton; choose another name");
}

// How the group roles stand, for whoever is to make them.
struct RoleState {
    std::vector<std::string> missing;
    bool has_powerless = false;  // one is there, and has no right in the schema
    bool may_create = false;
    std::string installer;

    [[nodiscard]] bool wants_grants() const {
        return has_powerless || (!missing.empty() && may_create);
    }
};

RoleState read_roles(Connection& connection, const std::string& schema) {
    Transaction transaction(connection);
    look_in_catalogue_only(transaction);
    const Row user = transaction
                         .exec(
                             "select rolsuper or rolcreaterole, current_user from pg_roles "
                             "where rolname = current_user",
                             {})
                         .only();
    RoleState state{{}, false, user.boolean(0), std::string(user.text(1))};
    for (const std::string& role : group_roles(schema)) {
        const Result found = transaction.exec(
            "select has_schema_privilege(oid, to_regnamespace($2), 'usage') is true from pg_roles "
            "where rolname = $1",
            {role, quoted_schema(schema)});
        if (found.empty()) {
            state.missing.push_back(role);
        } else {
            state.has_powerless = state.has_powerless || !found.only().boolean(0);
        }
    }
    return state;
}

// Asked before anything is done: grants.sql would only fail at the end. Returns what is to be said
// of an environment that is going to have no group roles, else nothing.
std::string require_roles(const RoleState& roles, const std::string& schema,
                          WithoutRoles without_roles) {
    if (roles.missing.empty() || roles.may_create) return {};
    const bool has_none = roles.missing.size() == group_roles(schema).size();
    if (has_none && without_roles == WithoutRoles::single_role) {
        return roles.installer + " may not create roles: " + schema + " is in single-role mode, " +
               "which is weaker; only " + roles.installer +
               " can use it, and whoever dispatches can read and change everything";
    }
    std::string statements;
    for (const std::string& role : roles.missing)
        statements += " create role " + role + " nologin;";
    throw Error(ErrorCode::settings_invalid,
                roles.installer +
                    " may not create roles; let an administrator run once:" + statements +
                    (has_none ? " or install with --single-role, which is weaker: every program "
                                "then logs in as " +
                                    roles.installer + " and can read and change everything"
                              : ""));
}

// What every step of one installation needs.
struct Installation {
    Connection& connection;
    const MigrationSet& set;
    const std::string& schema;
    const LockLimits& limits;
};

// Runs one step, unless `is_done` says of the state under the lock that somebody else was faster,
// or a newer binary came by. Returns whether it was run.
template <class IsDone>
bool run_step(const Installation& installation, const std::string& what, const InstallStep& step,
              IsDone is_done) {
    bool ran = false;
    with_patience(installation.connection, installation.limits, what, [&] {
        ran = false;
        Transaction transaction(installation.connection);
        transaction.exec(step.prologue);
        const InstallStatus now =
            whole_status_of(transaction, installation.set, installation.schema);
        refuse_newer(now, installation.schema);
        if (!now.newer.empty() || is_done(now)) return;
        transaction.exec(step.body);
        transaction.commit();
        ran = true;
    });
    return ran;
}

bool is_pending(const InstallStatus& status, const Migration& migration) {
    return std::ranges::find(status.pending, migration.name) != status.pending.end();
}

bool functions_done(const InstallStatus& status) {
    return status.functions_current && status.drifted.empty();
}

void run_steps(const Installation& installation, bool only_grants, InstallReport& report) {
    const auto& [connection, set, schema, limits] = installation;
    run_step(installation, "creating " + schema, set.create_step(schema, limits),
             [](const InstallStatus& now) { return now.installed; });
    for (const Migration& migration : set.migrations()) {
        const bool ran =
            run_step(installation, "migration " + migration.name + " of " + schema,
                     set.migration_step(schema, limits, migration),
                     [&](const InstallStatus& now) { return !is_pending(now, migration); });
        if (ran) report.migrations.push_back(migration.name);
    }
    report.functions_installed = run_step(
        installation, "installing the functions of " + schema, set.functions_step(schema, limits),
        [&](const InstallStatus& now) { return functions_done(now) && !only_grants; });
}

}  // namespace

Migrator::Migrator(std::span<const SqlFile> files)
    : set_(std::make_shared<const MigrationSet>(files)) {}

InstallReport Migrator::install(Connection& connection, const std::string& schema,
                                const LockLimits& limits, WithoutRoles without_roles) const {
    if (const std::string fault = encoding_fault(connection); !fault.empty()) {
        throw Error(ErrorCode::settings_invalid, fault);
    }
    refuse_foreign_schema(connection, schema);
    InstallStatus before = read_status(connection, *set_, schema);
    refuse_newer(before, schema);
    InstallReport report;
    const RoleState roles = set_->has_grants() ? read_roles(connection, schema) : RoleState{};
    const bool is_done = before.installed && before.pending.empty() && functions_done(before) &&
                         !roles.wants_grants();
    if (before.newer.empty() && !is_done) {
        if (before.installed) without_roles = WithoutRoles::single_role;
        const std::string warning = require_roles(roles, schema, without_roles);
        if (!warning.empty()) report.warnings.push_back(warning);
        // Else they come with the functions, which only the first of many installers writes.
        const bool only_grants = functions_done(before) && roles.wants_grants();
        run_steps({connection, *set_, schema, limits}, only_grants, report);
        before = read_status(connection, *set_, schema);
    }
    report.version = before.version;
    if (!before.orphans.empty()) {
        std::string names;
        for (const std::string& orphan : before.orphans) names += ", " + orphan;
        report.warnings.push_back(schema + " has functions that this binary does not carry: " +
                                  names.substr(2) + "; drop them unless somebody needs them");
    }
    if (!before.newer.empty()) {
        report.warnings.push_back(schema + " is at version " + std::to_string(before.version) +
                                  ", newer than this binary's " + std::to_string(set_->newest()) +
                                  " but compatible; nothing was changed");
    }
    return report;
}

std::string encoding_fault(Connection& connection) {
    const Result rows =
        connection.exec("select pg_catalog.getdatabaseencoding(), pg_catalog.current_database()");
    const Row row = rows.only();
    if (row.text(0) == "UTF8") return {};
    const std::string name(row.text(1));
    return "database " + name + " has the encoding " + std::string(row.text(0)) +
           "; Baton needs UTF8: `create database " + name +
           "_utf8 encoding 'UTF8' template template0`, and take that one";
}

InstallStatus Migrator::status(Connection& connection, const std::string& schema) const {
    return read_status(connection, *set_, schema);
}

void Migrator::require_installed(Connection& connection, const std::string& schema) const {
    Transaction transaction(connection);
    require_trusted(transaction, schema);
    const InstallStatus now = status_of(transaction, *set_, schema);
    refuse_newer(now, schema);
    if (now.installed && now.pending.empty()) return;
    throw Error(
        ErrorCode::not_installed,
        schema +
            (now.installed ? " is at version " + std::to_string(now.version) +
                                 ", behind this binary's " + std::to_string(now.newest_known)
                           : " is not installed in this database") +
            "; run `baton environment " + (now.installed ? "upgrade`" : "install`"));
}

std::string Migrator::print(const std::string& schema, int after_version) const {
    const LockLimits limits;
    std::vector<InstallStep> steps;
    if (after_version == 0) steps.push_back(set_->create_step(schema, limits));
    for (const Migration& migration : set_->migrations()) {
        if (migration.version > after_version) {
            steps.push_back(set_->migration_step(schema, limits, migration));
        }
    }
    steps.push_back(set_->functions_step(schema, limits));
    std::string text = "-- Baton's schema " + schema + " at version " +
                       std::to_string(set_->newest()) +
                       ". Run it with: psql -v ON_ERROR_STOP=1 -f\n";
    for (const InstallStep& step : steps) {
        text += "\nbegin;\n" + step.prologue + step.body + "commit;\n";
    }
    return text;
}

}  // namespace baton::sql

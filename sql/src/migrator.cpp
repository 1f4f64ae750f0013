#include "baton/sql/migrator.hpp"

#include <algorithm>
#include <map>

#include "baton/base/error.hpp"
#include "baton/sql/failure.hpp"
#include "migration_set.hpp"

namespace baton::sql {
namespace {

struct Installed {
    std::string name;
    bool breaking;
};

// What the database says about a schema.
struct State {
    bool schema_exists = false;
    bool is_environment = false;          // it has schema_migration
    bool is_empty = true;                 // apart from that
    std::map<int, Installed> migrations;  // by version
    std::string mark;
};

State read_state(Transaction& transaction, const std::string& schema) {
    const std::string quoted = quoted_schema(schema);
    const Row row =
        transaction
            .exec(
                "select to_regnamespace($1) is not null, to_regclass($2) is not null, "
                "not exists (select from pg_class where relnamespace = to_regnamespace($1)) and "
                "not exists (select from pg_proc where pronamespace = to_regnamespace($1)), "
                "obj_description(to_regclass($2), 'pg_class')",
                {quoted, quoted + ".schema_migration"})
            .only();
    State state{row.boolean(0), row.boolean(1), row.boolean(2), {}, std::string(row.text(3))};
    if (!state.is_environment) return state;
    const Result rows = transaction.exec("select version, name, breaking from " + quoted +
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

int version_of(const State& state) {
    return state.migrations.empty() ? 0 : state.migrations.rbegin()->first;
}

// Whether another body than ours is installed, or none. What a reader of `\df` cannot see (the
// planner's settings, the owner) is not compared.
std::vector<std::string> drifted_functions(Transaction& transaction, const MigrationSet& set,
                                           const std::string& schema) {
    const Result rows = transaction.exec(
        "select proname, prosrc from pg_proc where pronamespace = to_regnamespace($1)",
        {quoted_schema(schema)});
    std::multimap<std::string, std::string_view, std::less<>> installed;
    for (const Row& row : rows) installed.emplace(row.text(0), row.text(1));
    std::vector<std::string> drifted;
    for (const Function& function : set.functions()) {
        const std::string body = with_schema(function.body, schema);
        const auto [first, last] = installed.equal_range(function.name);
        if (std::none_of(first, last, [&](const auto& item) { return item.second == body; })) {
            drifted.push_back(function.name);
        }
    }
    return drifted;
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
    status.functions_current = state.mark == set.mark();
    if (state.is_environment && status.newer.empty()) {
        status.drifted = drifted_functions(transaction, set, schema);
    }
    return status;
}

InstallStatus read_status(Connection& connection, const MigrationSet& set,
                          const std::string& schema) {
    Transaction transaction(connection);
    InstallStatus status = status_of(transaction, set, schema);
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

// Runs `attempt` until it gets its locks. What it waits for is somebody else's lock: that wait is
// bounded (lock_timeout), and between two tries nothing is held.
template <class Attempt>
void with_patience(const Connection& connection, const LockLimits& limits, const std::string& what,
                   Attempt attempt) {
    int tries = 0;
    try {
        retry(
            Backoff(limits.pause_first, limits.pause_longest),
            // A lost session does not come back by trying.
            [&] { return tries >= limits.tries || !connection.is_open(); },
            [&] {
                ++tries;
                attempt();
            });
    } catch (const Error& error) {
        if (error.code() != ErrorCode::lock_unavailable) throw;
        throw Error(ErrorCode::lock_unavailable,
                    what + " gave up after " + std::to_string(tries) + " tries of " +
                        std::to_string(limits.wait.count()) + " ms: " + error.what() +
                        "; see pg_locks for who holds it, and try again");
    }
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
        const InstallStatus now = status_of(transaction, installation.set, installation.schema);
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
    const InstallStatus now = status(connection, schema);
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

namespace {

void refuse_dependents(Transaction& transaction, const std::string& schema) {
    const Result rows = transaction.exec(
        "select distinct r.ev_class::regclass::text from pg_depend d "
        "join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass "
        "join pg_class mine on mine.oid = d.refobjid and d.refclassid = 'pg_class'::regclass "
        "join pg_class theirs on theirs.oid = r.ev_class "
        "where mine.relnamespace = to_regnamespace($1) and "
        "theirs.relnamespace <> mine.relnamespace "
        "union select distinct f.conrelid::regclass::text from pg_constraint f "
        "join pg_class mine on mine.oid = f.confrelid "
        "where mine.relnamespace = to_regnamespace($1) and f.connamespace <> mine.relnamespace",
        {quoted_schema(schema)});
    if (rows.empty()) return;
    std::string names;
    for (const Row& row : rows) names += (names.empty() ? "" : ", ") + std::string(row.text(0));
    throw Error(ErrorCode::usage,
                names + " outside of " + schema + " depends on it; drop that first");
}

// A role that something else uses (another database's environment of the same name) stays.
void drop_role(Transaction& transaction, const std::string& role, UninstallReport& report) {
    if (transaction.exec("select from pg_roles where rolname = $1", {role}).empty()) return;
    transaction.exec("savepoint role", {});
    try {
        transaction.exec("drop role \"" + role + "\"", {});
        report.roles_dropped.push_back(role);
    } catch (const SqlError& error) {
        constexpr std::string_view dependent_objects_still_exist = "2BP01";
        if (error.sqlstate() != dependent_objects_still_exist) throw;
        transaction.exec("rollback to savepoint role", {});
        report.roles_kept.push_back(role);
    }
}

}  // namespace

UninstallReport uninstall(Connection& connection, const std::string& schema,
                          const LockLimits& limits) {
    const std::string quoted = quoted_schema(schema);
    UninstallReport report;
    with_patience(connection, limits, "uninstalling " + schema, [&] {
        report = {};
        Transaction transaction(connection);
        transaction.exec(lock_text(limits));
        if (!read_state(transaction, schema).is_environment) {
            throw Error(ErrorCode::not_installed,
                        schema +
                            " is no environment in this database; see `baton environment "
                            "list`");
        }
        refuse_dependents(transaction, schema);
        transaction.exec("drop schema " + quoted + " cascade");
        for (const std::string& role : group_roles(schema)) drop_role(transaction, role, report);
        transaction.commit();
    });
    return report;
}

}  // namespace baton::sql

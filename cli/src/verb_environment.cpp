// baton environment …: the schema of an environment, from install to uninstall.
#include <algorithm>
#include <filesystem>
#include <limits>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/environments/name.hpp"
#include "baton/sql/embedded.hpp"
#include "baton/sql/migrator.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

using environments::Environment;

struct Options {
    std::string name;
    bool print = false;
    std::optional<std::int64_t> after_version;
    bool json = false;
    bool yes = false;
    bool single_role = false;
    std::string limit;
    std::string value;
};

// A direct session outside of any schema of a person: migrations set what they need, and what is
// asked about the catalogue finds no operators and functions but Postgres' own.
sql::Connection connect_directly(const Environment& environment) {
    return sql::Connection(environment.url.value,
                           {.application_name = "baton environment", .schema = "pg_catalog"});
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string json_list(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + json_quoted(word);
    return "[" + text + "]";
}

int print_sql(const Options& options, Invocation& invocation) {
    // Only a file needs reading; and nothing needs a database.
    invocation.require_one_name(options.name);
    const int after = static_cast<int>(options.after_version.value_or(0));
    const auto newest = std::ranges::count_if(sql::embedded_sql(), [](const sql::SqlFile& file) {
        return file.name.starts_with("migrations/");
    });
    if (after > newest) {
        refuse("--after " + std::to_string(after) + ": the newest version that " +
               invocation.app.name() + " knows is " + std::to_string(newest));
    }
    std::string name = options.name;
    const auto given_kind = invocation.flags.find("--kind");
    std::string kind = given_kind == invocation.flags.end() ? "" : given_kind->second;
    std::string unknown_events;
    std::string tenants;
    const std::filesystem::path file = environments::Sources().folder / (name + ".toml");
    if (environments::is_name(name) && !std::filesystem::exists(file)) {
        const auto promised = environments::kind_of_name(name);
        if (kind.empty() && promised) kind = environments::name_of(*promised);
    } else {
        invocation.flags["--url"] = "postgresql:///";
        const Environment environment = invocation.load(options.name);
        name = environment.name.value;
        unknown_events = environment.unknown_events.value;
        if (environment.tenants.origin != environments::Setting<bool>().origin) {
            tenants = environment.tenants.value ? "true" : "false";
        }
        if (environment.kind.origin != "default") {
            kind = environments::name_of(environment.kind.value);
        }
    }
    const std::string schema = environments::schema_of(name);
    // Without a kind it counts as production.
    write_out(sql::Migrator().print(schema, after) + "\nselect \"" + schema +
              "\".describe_environment('" + name + "'" + (kind.empty() ? "" : ", '" + kind + "'") +
              ");\n" +
              (unknown_events.empty()
                   ? ""
                   : "select \"" + schema + "\".set_unknown_events('" + unknown_events + "');\n") +
              (tenants.empty() ? "" : "select \"" + schema + "\".set_tenants(" + tenants + ");\n"));
    return 0;
}

int install(const Options& options, Invocation& invocation, bool must_exist) {
    if (options.print) return print_sql(options, invocation);
    if (options.after_version) refuse("--after goes with --print");
    const Environment environment = invocation.load(options.name);
    sql::Connection connection = connect_directly(environment);
    const sql::Migrator migrator;
    const std::string schema = environment.schema();
    if (must_exist && !migrator.status(connection, schema).installed) {
        throw Error(ErrorCode::not_installed, "the environment " + environment.name.value +
                                                  " is not installed in this database; run `" +
                                                  invocation.app.name() + " environment install " +
                                                  environment.name.value + "`");
    }
    const sql::InstallReport report = migrator.install(
        connection, schema, {},
        options.single_role ? sql::WithoutRoles::single_role : sql::WithoutRoles::refuse);
    describe(environment);
    for (const std::string& warning : report.warnings) {
        std::fprintf(stderr, "%s: %s\n", invocation.app.name().c_str(), advice(warning).c_str());
    }
    const bool changed = !report.migrations.empty() || report.functions_installed;
    std::string line = environment.name.value + ": schema " + schema + " is at version " +
                       std::to_string(report.version);
    line += changed ? "" : "; nothing to do";
    if (!report.migrations.empty()) line += "; ran " + joined(report.migrations);
    if (report.functions_installed) line += "; functions, views and grants written";
    write_out(line + "\n");
    return 0;
}

// Why a schema that is up to date does nothing: it is a copy. "" where it does, and for a login
// that may not ask.
std::string reason_of_rest(const Environment& environment, const sql::InstallStatus& status) {
    if (!status.installed || !status.pending.empty() || !status.newer.empty()) return {};
    try {
        sql::Connection connection = connect(environment, Access::read);
        sql::Transaction transaction(connection);
        return std::string(transaction.exec("select coalesce(unadopted(), '')", {}).only().text(0));
    } catch (const Error&) {
        return {};
    }
}

std::string status_json(const Environment& environment, const sql::InstallStatus& status,
                        const std::string& unadopted) {
    return R"({"environment": )" + json_quoted(environment.name.value) + R"(, "schema": )" +
           json_quoted(environment.schema()) + R"(, "installed": )" +
           (status.installed ? "true" : "false") + R"(, "version": )" +
           std::to_string(status.version) + R"(, "newest_known": )" +
           std::to_string(status.newest_known) + R"(, "pending": )" + json_list(status.pending) +
           R"(, "newer": )" + json_list(status.newer) + R"(, "drifted": )" +
           json_list(status.drifted) + R"(, "orphans": )" + json_list(status.orphans) +
           R"(, "functions_current": )" + (status.functions_current ? "true" : "false") +
           R"(, "unadopted": )" + (unadopted.empty() ? "null" : json_quoted(unadopted)) + "}\n";
}

// One line that says how the schema stands, and what to do if that is not well.
std::string described(const sql::InstallStatus& status, const Environment& environment,
                      const std::string& program) {
    const std::string run = "run `" + program + " environment ";
    const std::string upgrade = run + "upgrade " + environment.name.value + "`";
    if (!status.installed) {
        return "not installed; " + run + "install " + environment.name.value + "`";
    }
    if (!status.newer.empty()) {
        return "newer than this program by " + joined(status.newer) +
               (status.newer_is_breaking ? ", which must not touch it; install a newer Baton"
                                         : ", and compatible");
    }
    if (!status.pending.empty()) return "behind by " + joined(status.pending) + "; " + upgrade;
    if (!status.drifted.empty()) {
        return "functions or views differ from this program's: " + joined(status.drifted) + "; " +
               upgrade;
    }
    if (!status.functions_current) return "views or grants are of another build; " + upgrade;
    if (!status.orphans.empty()) {
        return "up to date; it has functions that this program does not carry: " +
               joined(status.orphans) + "; drop them unless somebody needs them";
    }
    return "up to date";
}

int show_status(const Options& options, Invocation& invocation) {
    const Environment environment = invocation.load(options.name);
    sql::Connection connection = connect_directly(environment);
    const sql::InstallStatus status = sql::Migrator().status(connection, environment.schema());
    const std::string unadopted = reason_of_rest(environment, status);
    if (options.json) {
        write_out(status_json(environment, status, unadopted));
    } else {
        write_out(environment.name.value + ": schema " + environment.schema() + ", version " +
                  std::to_string(status.version) + " of " + std::to_string(status.newest_known) +
                  ", " + described(status, environment, invocation.app.name()) + "\n");
        if (!unadopted.empty()) write_out(advice(unadopted) + "\n");
    }
    const bool is_current =
        status.pending.empty() && status.drifted.empty() && status.functions_current;
    const bool is_well =
        status.installed && (status.newer.empty() ? is_current : !status.newer_is_breaking);
    return is_well && unadopted.empty() ? 0 : 1;
}

int list(const Options& options, Invocation& invocation) {
    const Environment environment = invocation.load(options.name);
    sql::Connection connection = connect_directly(environment);
    Table table({"schema", "version", "owner"});
    std::string json;
    for (const auto& found : sql::list_environments(connection)) {
        const std::string number = found.version ? std::to_string(*found.version) : "";
        table.add({found.schema, number, found.owner});
        json += (json.empty() ? "" : ", ") + std::string(R"({"schema": )") +
                json_quoted(found.schema) + R"(, "version": )" + (found.version ? number : "null") +
                R"(, "owner": )" + json_quoted(found.owner) + "}";
    }
    if (options.json) {
        write_json("[" + json + "]");
    } else if (table.empty()) {
        write_out("no environment is installed in this database\n");
    } else {
        table.print();
    }
    return 0;
}

int show(const Options& options, Invocation& invocation) {
    const Environment environment = invocation.load(options.name);
    Table table({"setting", "value", "from"});
    std::string json;
    for (const environments::SettingLine& line : environments::described(environment)) {
        table.add({line.key, line.value, line.origin});
        json += (json.empty() ? "" : ", ") + std::string(R"({"setting": )") +
                json_quoted(line.key) + R"(, "value": )" + json_quoted(line.value) +
                R"(, "from": )" + json_quoted(line.origin) + "}";
    }
    if (options.json) {
        write_json("[" + json + "]");
    } else {
        table.print();
    }
    return 0;
}

int uninstall(const Options& options, Invocation& invocation) {
    const Environment environment = invocation.load(options.name);
    sql::Connection connection = connect_directly(environment);
    const std::string& name = environment.name.value;
    if (!options.yes) require_typed_name(name, "uninstall drops every event and view of " + name);
    const sql::UninstallReport report = sql::uninstall(connection, environment.schema());
    std::string line = name + ": dropped schema " + environment.schema();
    if (!report.roles_dropped.empty()) line += " and the roles " + joined(report.roles_dropped);
    if (!report.roles_kept.empty()) {
        line += "; kept, because something else uses them: " + joined(report.roles_kept);
    }
    if (!report.roles_left.empty()) {
        line += "; this login may not drop roles, so let an administrator run: drop role " +
                joined(report.roles_left);
    }
    write_out(line + "\n");
    return 0;
}

int set_limit(const Options& options, Invocation& invocation) {
    std::optional<std::int64_t> value;
    std::optional<std::string> time;
    if (options.limit == "task_history") {
        if (options.value != "none") time = options.value;
    } else if (options.value != "none") {
        std::size_t end = 0;
        try {
            value = std::stoll(options.value, &end);
        } catch (const std::exception&) {
            end = 0;
        }
        if (end != options.value.size() || end == 0) {
            refuse("a limit is a whole number, or none; not " + json_quoted(options.value));
        }
    }
    const Environment environment = invocation.load(options.name);
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    if (options.limit == "task_history") {
        transaction.exec("select set_task_history(keep => $1::interval)", {time});
    } else {
        transaction.exec("select set_limit(name => $1, value => $2)", {options.limit, value});
    }
    transaction.commit();
    write_out(environment.name.value + ": " + options.limit + " is " + options.value + "\n");
    return 0;
}

using Run = std::function<int(const Options&, Invocation&)>;

// A verb of the group, of which the first argument is the environment's name.
Verb of_group(Verb verb, const std::shared_ptr<Options>& options, const Run& run,
              bool needs_name = false) {
    verb.options.insert(verb.options.begin(), name_option(options->name, needs_name));
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

std::vector<Option> printing(Options& options) {
    return {{"--print", "print the SQL instead of running it", &options.print},
            {.name = "--after",
             .help = "with --print: only what comes after this version of the schema [all of it]",
             .place = &options.after_version,
             .bounds = {.max = std::numeric_limits<int>::max()}}};
}

Verb install_verb() {
    const auto options = std::make_shared<Options>();
    Verb verb{.name = "install",
              .help = "install an environment's schema, or bring it up to date",
              .about = "Example: baton environment install production --print > baton.sql",
              .settings = Settings::kind,
              .options = printing(*options)};
    verb.options.push_back({"--single-role",
                            "make no group roles, where you may not create any; only the role that "
                            "installs can use the environment then",
                            &options->single_role});
    return of_group(std::move(verb), options,
                    [](const Options& o, Invocation& i) { return install(o, i, false); });
}

Verb upgrade_verb() {
    const auto options = std::make_shared<Options>();
    return of_group({.name = "upgrade",
                     .help = "bring an installed schema up to date",
                     .about = "Example: baton environment upgrade production",
                     .settings = Settings::kind,
                     .options = printing(*options)},
                    options, [](const Options& o, Invocation& i) { return install(o, i, true); });
}

// One that tells something, as JSON too.
Verb telling_verb(Verb verb, const Run& run) {
    const auto options = std::make_shared<Options>();
    verb.options = {{"--json", "print JSON", &options->json}};
    return of_group(std::move(verb), options, run);
}

Verb uninstall_verb() {
    const auto options = std::make_shared<Options>();
    return of_group({.name = "uninstall",
                     .help = "drop an environment: its schema and its group roles",
                     .about = "Example: baton environment uninstall dev-alice --yes",
                     .options = {{"--yes", "do not ask", &options->yes}}},
                    options, uninstall, true);
}

Verb set_limit_verb() {
    const auto options = std::make_shared<Options>();
    return of_group(
        {.name = "set-limit",
         .help = "change a limit of dispatch, or for how long tasks are known that have ended",
         .about = "Example: baton environment set-limit production payload_bytes 2097152",
         .options = {{"LIMIT",
                      "type_bytes, key_bytes, tenant_bytes, payload_bytes, content_type_bytes, "
                      "meta_bytes, max_lag or task_history",
                      &options->limit, true},
                     {"VALUE",
                      "a whole number, for task_history a time ('30 days'); for that and max_lag "
                      "also none, which switches it off",
                      &options->value, true}}},
        options, set_limit, true);
}

}  // namespace

Verb environment_verb() {
    Verb group{
        .name = "environment",
        .help = "install, upgrade, inspect, adopt and uninstall environments",
        .about = "Example: baton environment install dev --url postgresql:///postgres",
        .verbs = {
            install_verb(), upgrade_verb(),
            telling_verb({.name = "status",
                          .help = "say whether the schema is up to date; exit with 1 unless it is",
                          .about = "Example: baton environment status production --json"},
                         show_status),
            telling_verb({.name = "list",
                          .help = "list all environments in the database",
                          .about = "Example: baton environment list"},
                         list),
            telling_verb({.name = "show",
                          .help = "show the settings of an environment, and where each is from",
                          .about = "Example: baton environment show production",
                          .settings = Settings::all},
                         show),
            adopt_verb(), uninstall_verb(), set_limit_verb()}};
    for (Verb& verb : machine_verbs()) group.verbs.push_back(std::move(verb));
    return group;
}

}  // namespace baton::cli

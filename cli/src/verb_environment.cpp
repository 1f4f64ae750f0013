// baton environment …: the schema of an environment, from install to uninstall.
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
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

struct Given {
    SettingFlags settings;
    std::string name;
    bool print = false;
    std::optional<std::int64_t> after_version;
    bool json = false;
    bool yes = false;
    bool single_role = false;
    std::string limit;
    std::string value;
};

// The environment that was named behind the verb; else the one of --env.
Environment load(Given& given, Invocation& invocation) {
    return given.settings.load(given.name, invocation);
}

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

int print_sql(Given& given, Invocation& invocation) {
    // Only a file needs reading; and nothing needs a database.
    given.settings.require_one_name(given.name);
    const int after = static_cast<int>(given.after_version.value_or(0));
    const auto newest = std::ranges::count_if(sql::embedded_sql(), [](const sql::SqlFile& file) {
        return file.name.starts_with("migrations/");
    });
    if (after > newest) {
        refuse("--after " + std::to_string(after) + ": the newest version that " +
               invocation.app.name() + " knows is " + std::to_string(newest));
    }
    std::string name = given.name;
    std::string kind = given.settings.given("--kind").value_or("");
    std::string unknown_events;
    if (environments::is_name(name)) {
        const auto promised = environments::kind_of_name(name);
        if (kind.empty() && promised) kind = environments::name_of(*promised);
    } else {
        given.settings.give("--url", "postgresql:///");
        const Environment environment = load(given, invocation);
        name = environment.name.value;
        unknown_events = environment.unknown_events.value;
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
                   : "select \"" + schema + "\".set_unknown_events('" + unknown_events + "');\n"));
    return 0;
}

int install(Given& given, Invocation& invocation, bool must_exist) {
    if (given.print) return print_sql(given, invocation);
    if (given.after_version) refuse("--after goes with --print");
    const Environment environment = load(given, invocation);
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
        given.single_role ? sql::WithoutRoles::single_role : sql::WithoutRoles::refuse);
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

std::string status_json(const Environment& environment, const sql::InstallStatus& status) {
    return R"({"environment": )" + json_quoted(environment.name.value) + R"(, "schema": )" +
           json_quoted(environment.schema()) + R"(, "installed": )" +
           (status.installed ? "true" : "false") + R"(, "version": )" +
           std::to_string(status.version) + R"(, "newest_known": )" +
           std::to_string(status.newest_known) + R"(, "pending": )" + json_list(status.pending) +
           R"(, "newer": )" + json_list(status.newer) + R"(, "drifted": )" +
           json_list(status.drifted) + R"(, "functions_current": )" +
           (status.functions_current ? "true" : "false") + "}\n";
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
        return "functions differ from this program's: " + joined(status.drifted) + "; " + upgrade;
    }
    if (!status.functions_current) return "views or grants are of another build; " + upgrade;
    return "up to date";
}

int show_status(Given& given, Invocation& invocation) {
    const Environment environment = load(given, invocation);
    sql::Connection connection = connect_directly(environment);
    const sql::InstallStatus status = sql::Migrator().status(connection, environment.schema());
    if (given.json) {
        write_out(status_json(environment, status));
    } else {
        write_out(environment.name.value + ": schema " + environment.schema() + ", version " +
                  std::to_string(status.version) + " of " + std::to_string(status.newest_known) +
                  ", " + described(status, environment, invocation.app.name()) + "\n");
    }
    const bool is_current =
        status.pending.empty() && status.drifted.empty() && status.functions_current;
    const bool is_well =
        status.installed && (status.newer.empty() ? is_current : !status.newer_is_breaking);
    return is_well ? 0 : 1;
}

int list(Given& given, Invocation& invocation) {
    const Environment environment = load(given, invocation);
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
    if (given.json) {
        write_json("[" + json + "]");
    } else if (table.empty()) {
        write_out("no environment is installed in this database\n");
    } else {
        table.print();
    }
    return 0;
}

int show(Given& given, Invocation& invocation) {
    const Environment environment = load(given, invocation);
    Table table({"setting", "value", "from"});
    std::string json;
    for (const environments::SettingLine& line : environments::described(environment)) {
        table.add({line.key, line.value, line.origin});
        json += (json.empty() ? "" : ", ") + std::string(R"({"setting": )") +
                json_quoted(line.key) + R"(, "value": )" + json_quoted(line.value) +
                R"(, "from": )" + json_quoted(line.origin) + "}";
    }
    if (given.json) {
        write_json("[" + json + "]");
    } else {
        table.print();
    }
    return 0;
}

void confirm(const Given& given, const Environment& environment) {
    if (given.yes) return;
    const std::string& name = environment.name.value;
    if (isatty(STDIN_FILENO) != 1) {
        refuse("uninstall drops every event and view of " + name + "; add --yes to mean it");
    }
    std::fprintf(stderr,
                 "This drops every event and view of %s. Type its name to go on: ", name.c_str());
    std::string typed;
    std::getline(std::cin, typed);
    if (typed != name) refuse("that is not its name; nothing was dropped");
}

int uninstall(Given& given, Invocation& invocation) {
    const Environment environment = load(given, invocation);
    sql::Connection connection = connect_directly(environment);
    confirm(given, environment);
    const sql::UninstallReport report = sql::uninstall(connection, environment.schema());
    std::string line = environment.name.value + ": dropped schema " + environment.schema();
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

int set_limit(Given& given, Invocation& invocation) {
    std::optional<std::int64_t> value;
    if (given.value != "none") {
        std::size_t end = 0;
        try {
            value = std::stoll(given.value, &end);
        } catch (const std::exception&) {
            end = 0;
        }
        if (end != given.value.size() || end == 0) {
            refuse("a limit is a whole number, or none; not " + json_quoted(given.value));
        }
    }
    const Environment environment = load(given, invocation);
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    transaction.exec("select set_limit(name => $1, value => $2)", {given.limit, value});
    transaction.commit();
    write_out(environment.name.value + ": " + given.limit + " is " + given.value + "\n");
    return 0;
}

using Run = std::function<int(Given&, Invocation&)>;

struct Form {
    const char* name;
    const char* help;
    const char* example;
    bool needs_name;
    Run run;
    SettingFlags::Which which = SettingFlags::Which::connection;
};

std::pair<CLI::App*, std::shared_ptr<Given>> add(CLI::App& group, Invocation& invocation,
                                                 const Form& form) {
    CLI::App* const verb = group.add_subcommand(form.name, form.help);
    auto given = std::make_shared<Given>();
    CLI::Option* const name = verb->add_option(
        "NAME", given->name, "the environment: a name, or its file (default: what --env says)");
    if (form.needs_name) name->required();
    given->settings.offer(*verb, form.which);
    verb->footer(footer(std::string("Example: baton environment ") + form.example));
    verb->callback([&invocation, given, run = form.run] {
        invocation.chosen = [&invocation, given, run] { return run(*given, invocation); };
    });
    return {verb, given};
}

void add_print(CLI::App& verb, Given& given) {
    verb.add_flag("--print", given.print, "print the SQL instead of running it");
    add_number(verb, "--after", given.after_version,
               "with --print: the version that the schema stands at; only what follows",
               {.max = std::numeric_limits<int>::max()});
}

void add_json(CLI::App& verb, Given& given) { verb.add_flag("--json", given.json, "as JSON"); }

}  // namespace

void add_environment(CLI::App& root, Invocation& invocation) {
    CLI::App* const group =
        root.add_subcommand("environment", "install, upgrade, inspect and uninstall environments");
    group->require_subcommand(1);
    group->footer(footer("Example: baton environment install dev --url postgresql:///postgres"));

    const auto installing = add(
        *group, invocation,
        {"install", "install an environment's schema, or bring it up to date",
         "install production --print > baton.sql", false,
         [](Given& g, Invocation& i) { return install(g, i, false); }, SettingFlags::Which::kind});
    add_print(*installing.first, *installing.second);
    installing.first->add_flag("--single-role", installing.second->single_role,
                               "if you may not create roles: without group roles, for the role "
                               "that installs alone; weaker");
    const auto upgrading = add(
        *group, invocation,
        {"upgrade", "bring an installed schema up to date", "upgrade production", false,
         [](Given& g, Invocation& i) { return install(g, i, true); }, SettingFlags::Which::kind});
    add_print(*upgrading.first, *upgrading.second);

    const auto stands = add(*group, invocation,
                            {"status", "how the schema stands; exits 1 unless it is up to date",
                             "status production --json", false, show_status});
    add_json(*stands.first, *stands.second);
    const auto listing =
        add(*group, invocation, {"list", "all environments in the database", "list", false, list});
    add_json(*listing.first, *listing.second);
    const auto showing = add(*group, invocation,
                             {"show", "the settings of an environment, and where each is from",
                              "show production", false, show, SettingFlags::Which::all});
    add_json(*showing.first, *showing.second);

    const auto removing = add(*group, invocation,
                              {"uninstall", "drop an environment: its schema and its group roles",
                               "uninstall dev-alice --yes", true, uninstall});
    removing.first->add_flag("--yes", removing.second->yes, "do not ask");
    const auto limiting = add(*group, invocation,
                              {"set-limit", "change a limit of dispatch",
                               "set-limit production payload_bytes 2097152", true, set_limit});
    limiting.first
        ->add_option("LIMIT", limiting.second->limit,
                     "type_bytes, key_bytes, tenant_bytes, payload_bytes, content_type_bytes, "
                     "meta_bytes or max_lag")
        ->required();
    limiting.first
        ->add_option("VALUE", limiting.second->value, "a whole number; none switches max_lag off")
        ->required();
    add_machine_verbs(*group, invocation);
}

}  // namespace baton::cli

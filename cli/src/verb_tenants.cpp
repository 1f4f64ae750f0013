// baton tenants …: whether the environment keeps tenants apart, and which login belongs to which.
#include "baton/base/error.hpp"
#include "baton/base/terminal.hpp"
#include "baton/types/json.hpp"
#include "command_line.hpp"
#include "output.hpp"
#include "rows.hpp"

namespace baton::cli {
namespace {

constexpr std::int64_t page_default = 100;

struct Options {
    std::string login;
    std::optional<std::string> tenant;
    std::optional<std::string> after;
    std::optional<std::int64_t> limit;
    bool binds = false;
    bool json = false;
};

int switch_to(Invocation& invocation, bool on) {
    sql::Connection connection = connect(invocation.load(), Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    const sql::Result rows = on ? transaction.exec("select set_tenants(true)")
                                : transaction.exec("select set_tenants(false)");
    const std::string beyond(rows.only().text_or_null(0).value_or(""));
    transaction.commit();
    write_out(on ? "tenants are kept apart\n" : "tenants are not kept apart any more\n");
    if (on && !beyond.empty()) {
        write_out(
            "until an orchestrator has made them anew (select show_view('…')), no tenant may "
            "be let read: " +
            terminal_line(beyond) + "\n");
    }
    return 0;
}

int add(const Options& options, Invocation& invocation) {
    if (options.binds == options.tenant.has_value()) {
        throw Error(ErrorCode::usage,
                    "say whose login this is, with --tenant, or that it binds a tenant for each "
                    "transaction, with --binds");
    }
    sql::Connection connection = connect(invocation.load(), Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("select add_tenant_login(login => $1, tenant => $2)",
                     {options.login, options.tenant});
    transaction.commit();
    write_out(terminal_line(options.login + (options.tenant
                                                 ? " sees what tenant " + *options.tenant + " has"
                                                 : " may bind any tenant, one in a transaction")) +
              "\n");
    return 0;
}

int remove(const Options& options, Invocation& invocation) {
    sql::Connection connection = connect(invocation.load(), Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("select remove_tenant_login(login => $1)", {options.login});
    transaction.commit();
    write_out(terminal_line(options.login + " belongs to no tenant any more") + "\n");
    return 0;
}

int list(const Options& options, Invocation& invocation) {
    sql::Connection connection = connect(invocation.load(), Access::read);
    const std::int64_t limit = options.limit.value_or(page_default);
    sql::Transaction transaction(connection);
    const sql::Result rows = transaction.exec(
        "select login, tenant, date_trunc('second', added_at)::text, problem"
        " from tenant_logins(of_tenant => $1, after => $2, at_most => $3::integer)",
        {options.tenant, options.after, std::to_string(limit)});
    Table table({"login", "tenant", "added", "problem"});
    std::string json = "[";
    for (const sql::Row& row : rows) {
        const std::vector<std::optional<std::string>> cells = cells_of(row, 4);
        table.add({cells[0], cells[1].value_or("(binds)"), cells[2], cells[3]});
        json += json.size() > 1 ? ", {" : "{";
        for (const auto& [name, value] : {std::pair{"login", cells[0]},
                                          {"tenant", cells[1]},
                                          {"added_at", cells[2]},
                                          {"problem", cells[3]}}) {
            json += json.ends_with('{') ? "" : ", ";
            json += json_quoted(name) + ": " + (value ? json_quoted(*value) : "null");
        }
        json += "}";
    }
    if (options.json) {
        write_json(json + "]");
    } else if (table.empty()) {
        write_out("no login belongs to a tenant\n");
    } else {
        table.print(0, screen_width());
    }
    return 0;
}

using Action = int (*)(const Options&, Invocation&);

Verb verb_of(const std::shared_ptr<Options>& options, const std::string& name, std::string help,
             std::string about, Action run) {
    return {.name = name,
            .help = std::move(help),
            .about = std::move(about),
            .run = [options, run](Invocation& invocation) { return run(*options, invocation); }};
}

}  // namespace

Verb tenants_verb() {
    const auto options = std::make_shared<Options>();
    Verb on = verb_of(
        options, "on", "keep tenants apart; for the owner",
        "Orchestrators and nodes are to be stopped while it changes. It locks the tables of\n"
        "events and tasks while their indexes are made.\n"
        "Example: baton tenants on",
        [](const Options&, Invocation& of) { return switch_to(of, true); });
    Verb off = verb_of(options, "off", "keep tenants apart no more; for the owner",
                       "Logins of tenants see nothing then.\nExample: baton tenants off",
                       [](const Options&, Invocation& of) { return switch_to(of, false); });
    Verb added = verb_of(options, "add", "say to which tenant a login belongs; for the owner",
                         "Example: baton tenants add acme_login --tenant acme", add);
    added.options = {
        {"LOGIN", "the role that logs in", &options->login, true},
        {"--tenant", "whose it is", &options->tenant},
        {"--binds", "an application's, which binds one in each transaction", &options->binds}};
    Verb removed = verb_of(options, "remove", "a login belongs to no tenant any more",
                           "Example: baton tenants remove acme_login", remove);
    removed.options = {{"LOGIN", "the role that logs in", &options->login, true}};
    Verb listed = verb_of(options, "list", "list the logins that belong to tenants",
                          "Example: baton tenants list --tenant acme", list);
    listed.options = {{"--tenant", "only those of it", &options->tenant},
                      {"--after", "the login after which the page begins", &options->after},
                      {.name = "--limit",
                       .help = "how many [100]",
                       .place = &options->limit,
                       .bounds = {1, 1000}},
                      {"--json", "print JSON", &options->json}};
    return {.name = "tenants",
            .help = "which login belongs to which tenant, and whether tenants are kept apart",
            .about = "Example: baton tenants add acme_login --tenant acme",
            .verbs = {std::move(on), std::move(off), std::move(added), std::move(removed),
                      std::move(listed)}};
}

}  // namespace baton::cli

// baton environment enrol, revoke, machines, refusals, machine-id: which machines belong to an
// environment, and which were turned away.
#include "baton/base/error.hpp"
#include "baton/base/sha256.hpp"
#include "baton/base/text.hpp"
#include "baton/environments/machine.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

using environments::Environment;

// What people read and type of a machine id; 48 bits, and revoke refuses what is not unique.
constexpr std::size_t shown_length = 12;

struct Options {
    std::string name;
    std::string machine;
    std::string machine_name;
    std::vector<std::string> networks;
    std::string client_dn;
    bool rotate = false;
    bool json = false;
};

void check(const Options& options) {
    if (options.rotate && (!options.networks.empty() || !options.client_dn.empty())) {
        refuse(
            "--rotate changes the token alone; enrol without it to change --network or "
            "--client-dn");
    }
    if (options.machine.empty()) return;
    if (options.machine.size() != 64 ||
        options.machine.find_first_not_of("0123456789abcdef") != std::string::npos) {
        refuse(
            "--machine wants the 64 hex digits that `baton environment machine-id` prints there, "
            "not " +
            json_quoted(options.machine.substr(0, 80)));
    }
    if (options.machine_name.empty() && !options.rotate) {
        refuse("--machine-name is missing: say what to call that machine");
    }
}

// Lets the machine in, or gives it another token, in the transaction.
void write_enrolment(sql::Transaction& transaction, const Options& options,
                     const std::string& machine_id, const std::string& token) {
    const std::string hash = sha256_of(token);
    transaction.exec("set local lock_timeout = '5s'");
    if (options.rotate) {
        transaction.exec("select rotate_token(machine_id => $1, token_hash => decode($2, 'hex'))",
                         {machine_id, hash});
        return;
    }
    std::string networks;
    for (const std::string& network : options.networks) {
        networks += (networks.empty() ? "" : ",") + network;
    }
    const std::optional<std::string> client_dn =
        options.client_dn.empty() ? std::nullopt : std::optional(options.client_dn);
    transaction.exec(
        "select enrol_machine(machine_id => $1, name => $2, token_hash => decode($3, 'hex'), "
        "networks => string_to_array($4, ',')::cidr[], client_dn => $5)",
        {machine_id,
         options.machine_name.empty() ? environments::host_name() : options.machine_name, hash,
         networks, client_dn});
}

int enrol(Options& options, Invocation& invocation) {
    check(options);
    const Environment environment = invocation.load(options.name);
    if (options.networks.empty()) options.networks = environment.networks.value;
    if (options.client_dn.empty()) options.client_dn = environment.client_dn.value;
    const std::string& name = environment.name.value;
    const std::string token = environments::make_token(name);
    const bool is_this_one = options.machine.empty();
    const std::string machine_id =
        is_this_one
            ? environments::machine_id(environment.kind.value == environments::Kind::development)
            : options.machine;

    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    write_enrolment(transaction, options, machine_id, token);
    std::string file;
    if (is_this_one) {
        // Before the commit: a token that could not be kept must not have replaced another.
        file = environments::token_path(name).string();
        environments::write_token(file, token);
    }
    transaction.commit();

    const std::string what = "machine " + machine_id.substr(0, shown_length) +
                             (options.rotate ? " has a new token for " : " is enrolled in ") + name;
    if (is_this_one) {
        write_out(what + "; its token is in " + file + "\n");
        return 0;
    }
    std::fprintf(stderr,
                 "%s; its token follows and is not shown again: write it there into the file "
                 "~/.config/baton/%s.token, with mode 600\n",
                 what.c_str(), name.c_str());
    write_out(token + "\n");
    return 0;
}

// The machine that `text` means: an id, the beginning of one, or a name.
std::string find_machine(sql::Transaction& transaction, const std::string& text) {
    const sql::Result found = transaction.exec(
        "select machine_id from machines() where name = $1 or machine_id = $1 or "
        "(length($1) >= 8 and starts_with(machine_id, $1))",
        {text});
    if (found.size() == 1) return std::string(found[0].text(0));
    throw Error(ErrorCode::machine_not_enrolled,
                (found.empty() ? "there is no machine " : "there are several machines ") +
                    json_quoted(text.substr(0, 80)) +
                    "; give one of those that `environment machines` lists, by its id");
}

int revoke(Options& options, Invocation& invocation) {
    const Environment environment = invocation.load(options.name);
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    const std::string machine_id = find_machine(transaction, options.machine);
    const sql::Result led = transaction.exec("select revoke_machine($1)", {machine_id});
    transaction.commit();
    write_out("machine " + machine_id.substr(0, shown_length) + " is revoked from " +
              environment.name.value +
              (led.only().boolean(0) ? "; it led, and does so no more\n" : "\n"));
    return 0;
}

// Prints what `query` gives, or the JSON of all that `function` does.
int print(Options& options, Invocation& invocation, const std::string& function,
          const std::vector<std::string>& headings, const std::string& query) {
    const Environment environment = invocation.load(options.name);
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    if (options.json) {
        const sql::Result rows = transaction.exec(
            "select coalesce(jsonb_agg(to_jsonb(f)), '[]')::text from " + function + "() as f", {});
        write_json(rows.only().text(0));
        return 0;
    }
    Table table(headings);
    for (const sql::Row& row : transaction.exec(query, {})) {
        table.add(cells_of(row, headings.size()));
    }
    if (table.empty()) {
        write_out("there are no " + function + "\n");
    } else {
        table.print();
    }
    return 0;
}

int list_machines(Options& options, Invocation& invocation) {
    return print(options, invocation, "machines",
                 {"name", "machine", "state", "networks", "certificate", "last seen", "node"},
                 "select name, left(machine_id, 12), "
                 "case when revoked_at is not null then 'revoked' when leads then 'leads' "
                 "when rotates then 'has a new token' when automatic then 'enrolled itself' "
                 "else 'enrolled' end, nullif(array_to_string(networks, ' '), ''), client_dn, "
                 "date_trunc('second', last_seen_at), last_node from machines()");
}

int list_refusals(Options& options, Invocation& invocation) {
    return print(options, invocation, "refusals",
                 {"last", "attempts", "code", "login", "address", "node", "why"},
                 "select date_trunc('second', last_at), attempts, code, login, address, node, "
                 "message from refusals()");
}

using Run = int (*)(Options&, Invocation&);

// A verb whose first argument is the environment's name.
Verb of_environment(Verb verb, const std::shared_ptr<Options>& options, Run run,
                    bool needs_name = false) {
    verb.options.insert(verb.options.begin(), name_option(options->name, needs_name));
    verb.run = [options, run](Invocation& invocation) { return run(*options, invocation); };
    return verb;
}

Verb enrol_verb() {
    const auto options = std::make_shared<Options>();
    return of_environment(
        {.name = "enrol",
         .help = "let this machine, or another one, take part in an environment",
         .about = "Example: baton environment enrol production --network 10.1.0.0/16",
         .options =
             {{"--machine",
               "enrol another machine: the id that `baton environment machine-id` prints "
               "there; its token is printed here, once [this machine]",
               &options->machine},
              {"--machine-name",
               "what to call the machine [this host's name; with --machine it must be given]",
               &options->machine_name},
              {"--network",
               "from where the machine may come, like 10.1.0.0/16; repeatable [what the "
               "environment's file says; everywhere]",
               &options->networks},
              {"--client-dn",
               "what its TLS certificate must say, like /CN=batch-1 [what the "
               "environment's file says; anything]",
               &options->client_dn},
              {"--rotate",
               "give an enrolled machine another token; the former is good until that is used",
               &options->rotate}}},
        options, enrol);
}

Verb revoke_verb() {
    const auto options = std::make_shared<Options>();
    return of_environment(
        {.name = "revoke",
         .help = "let a machine no longer take part in an environment, nor lead it",
         .about = "Example: baton environment revoke production batch-1",
         .options = {{"MACHINE", "its name, its id, or the id's first 8 digits", &options->machine,
                      true}}},
        options, revoke, true);
}

Verb listing_verb(Verb verb, Run run) {
    const auto options = std::make_shared<Options>();
    verb.options = {{"--json", "print JSON", &options->json}};
    return of_environment(std::move(verb), options, run);
}

}  // namespace

std::vector<Verb> machine_verbs() {
    return {enrol_verb(),
            revoke_verb(),
            listing_verb({.name = "machines",
                          .help = "list the machines of an environment",
                          .about = "Example: baton environment machines production"},
                         list_machines),
            listing_verb({.name = "refusals",
                          .help = "list who was turned away from an environment, and why",
                          .about = "Example: baton environment refusals production --json"},
                         list_refusals),
            {.name = "machine-id",
             .help = "print the id of this machine, to enrol it from another one",
             .about = "Example: baton environment machine-id",
             .settings = Settings::none,
             .run = [](Invocation& /*invocation*/) {
                 write_out(environments::machine_id(false) + "\n");
                 return 0;
             }}};
}

}  // namespace baton::cli

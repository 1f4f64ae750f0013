// baton environment enrol, revoke, machines, refusals, machine-id: which machines belong to an
// environment, and which were turned away.
#include <CLI/CLI.hpp>

#include "baton/base/error.hpp"
#include "baton/base/sha256.hpp"
#include "baton/base/text.hpp"
#include "baton/environments/machine.hpp"
#include "command_line.hpp"
#include "orchestrating.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

using environments::Environment;

// What people read and type of a machine id; 48 bits, and revoke refuses what is not unique.
constexpr std::size_t shown_length = 12;

struct Given {
    SettingFlags settings;
    std::string name;
    std::string machine;
    std::string machine_name;
    std::vector<std::string> networks;
    std::string client_dn;
    bool rotate = false;
    bool json = false;
};

std::string host_name() {
    const std::string node = node_name();
    return node.substr(0, node.rfind(':'));
}

void check(const Given& given) {
    if (given.rotate && (!given.networks.empty() || !given.client_dn.empty())) {
        refuse(
            "--rotate changes the token alone; enrol without it to change --network or "
            "--client-dn");
    }
    if (given.machine.empty()) return;
    if (given.machine.size() != 64 ||
        given.machine.find_first_not_of("0123456789abcdef") != std::string::npos) {
        refuse(
            "--machine wants the 64 hex digits that `environment machine-id` prints there, "
            "not " +
            json_quoted(given.machine.substr(0, 80)));
    }
    if (given.machine_name.empty() && !given.rotate) {
        refuse("--machine-name is missing: say what to call that machine");
    }
}

// Lets the machine in, or gives it another token, in the transaction.
void write_enrolment(sql::Transaction& transaction, const Given& given,
                     const std::string& machine_id, const std::string& token) {
    const std::string hash = sha256_of(token);
    transaction.exec("set local lock_timeout = '5s'");
    if (given.rotate) {
        transaction.exec("select rotate_token(machine_id => $1, token_hash => decode($2, 'hex'))",
                         {machine_id, hash});
        return;
    }
    std::string networks;
    for (const std::string& network : given.networks) {
        networks += (networks.empty() ? "" : ",") + network;
    }
    const std::optional<std::string> client_dn =
        given.client_dn.empty() ? std::nullopt : std::optional(given.client_dn);
    transaction.exec(
        "select enrol_machine(machine_id => $1, name => $2, token_hash => decode($3, 'hex'), "
        "networks => string_to_array($4, ',')::cidr[], client_dn => $5)",
        {machine_id, given.machine_name.empty() ? host_name() : given.machine_name, hash, networks,
         client_dn});
}

int enrol(Given& given, Invocation& invocation) {
    check(given);
    const Environment environment = given.settings.load(given.name, invocation);
    if (given.networks.empty()) given.networks = environment.networks.value;
    if (given.client_dn.empty()) given.client_dn = environment.client_dn.value;
    const std::string& name = environment.name.value;
    const std::string token = environments::make_token(name);
    const bool is_this_one = given.machine.empty();
    const std::string machine_id =
        is_this_one
            ? environments::machine_id(environment.kind.value == environments::Kind::development)
            : given.machine;

    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    write_enrolment(transaction, given, machine_id, token);
    std::string file;
    if (is_this_one) {
        // Before the commit: a token that could not be kept must not have replaced another.
        file = environments::token_path(name).string();
        environments::write_token(file, token);
    }
    transaction.commit();

    const std::string what = "machine " + machine_id.substr(0, shown_length) +
                             (given.rotate ? " has a new token for " : " is enrolled in ") + name;
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

int revoke(Given& given, Invocation& invocation) {
    const Environment environment = given.settings.load(given.name, invocation);
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    const std::string machine_id = find_machine(transaction, given.machine);
    const sql::Result led = transaction.exec("select revoke_machine($1)", {machine_id});
    transaction.commit();
    write_out("machine " + machine_id.substr(0, shown_length) + " is revoked from " +
              environment.name.value +
              (led.only().boolean(0) ? "; it led, and does so no more\n" : "\n"));
    return 0;
}

// Prints what `query` gives, or the JSON of all that `function` does.
int print(Given& given, Invocation& invocation, const std::string& function,
          const std::vector<std::string>& headings, const std::string& query) {
    const Environment environment = given.settings.load(given.name, invocation);
    sql::Connection connection = connect(environment, Access::read);
    sql::Transaction transaction(connection);
    if (given.json) {
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

int list_machines(Given& given, Invocation& invocation) {
    return print(given, invocation, "machines",
                 {"name", "machine", "state", "networks", "certificate", "last seen", "node"},
                 "select name, left(machine_id, 12), "
                 "case when revoked_at is not null then 'revoked' when leads then 'leads' "
                 "when rotates then 'has a new token' when automatic then 'enrolled itself' "
                 "else 'enrolled' end, nullif(array_to_string(networks, ' '), ''), client_dn, "
                 "date_trunc('second', last_seen_at), last_node from machines()");
}

int list_refusals(Given& given, Invocation& invocation) {
    return print(given, invocation, "refusals",
                 {"last", "attempts", "code", "login", "address", "node", "why"},
                 "select date_trunc('second', last_at), attempts, code, login, address, node, "
                 "message from refusals()");
}

int print_machine_id(Given& /*given*/, Invocation& /*invocation*/) {
    write_out(environments::machine_id(false) + "\n");
    return 0;
}

struct Form {
    const char* name;
    const char* help;
    const char* example;
    int (*run)(Given&, Invocation&);
};

std::pair<CLI::App*, std::shared_ptr<Given>> add(CLI::App& group, Invocation& invocation,
                                                 const Form& form) {
    CLI::App* const verb = group.add_subcommand(form.name, form.help);
    auto given = std::make_shared<Given>();
    verb->footer(footer(std::string("Example: baton environment ") + form.example));
    verb->callback([&invocation, given, run = form.run] {
        invocation.chosen = [&invocation, given, run] { return run(*given, invocation); };
    });
    return {verb, given};
}

CLI::Option* add_name(CLI::App& verb, Given& given) {
    given.settings.offer(verb);
    return verb.add_option("NAME", given.name,
                           "the environment: a name, or its file (default: what --env says)");
}

void add_enrol(CLI::App& group, Invocation& invocation) {
    const auto [verb, given] =
        add(group, invocation,
            {"enrol", "let this machine, or another one, take part in an environment",
             "enrol production --network 10.1.0.0/16", enrol});
    add_name(*verb, *given);
    verb->add_option("--machine", given->machine,
                     "another machine: what `environment machine-id` prints there; its token is "
                     "then printed, once");
    verb->add_option("--machine-name", given->machine_name,
                     "what to call the machine [this host's name]");
    verb->add_option("--network", given->networks,
                     "from where the machine may come, like 10.1.0.0/16; repeatable [what the "
                     "environment's file says; everywhere]")
        ->type_size(1)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--client-dn", given->client_dn,
                     "what its TLS certificate must say, like /CN=batch-1 [what the environment's "
                     "file says; anything]");
    verb->add_flag("--rotate", given->rotate,
                   "another token for an enrolled machine; the former is good until it is used");
}

}  // namespace

void add_machine_verbs(CLI::App& environment, Invocation& invocation) {
    add_enrol(environment, invocation);
    const auto [revoking, revoked] =
        add(environment, invocation,
            {"revoke", "let a machine take part no more, and lead no more",
             "revoke production batch-1", revoke});
    add_name(*revoking, *revoked)->required();
    revoking
        ->add_option("MACHINE", revoked->machine, "its name, its id, or the id's first 8 digits")
        ->required();
    const auto [listing, listed] =
        add(environment, invocation,
            {"machines", "the machines of an environment", "machines production", list_machines});
    add_name(*listing, *listed);
    listing->add_flag("--json", listed->json, "as JSON");
    const auto [refusing, refused] =
        add(environment, invocation,
            {"refusals", "who was turned away from an environment, and why",
             "refusals production --json", list_refusals});
    add_name(*refusing, *refused);
    refusing->add_flag("--json", refused->json, "as JSON");
    add(environment, invocation,
        {"machine-id", "print the id of this machine, to enrol it from another one", "machine-id",
         print_machine_id});
}

}  // namespace baton::cli

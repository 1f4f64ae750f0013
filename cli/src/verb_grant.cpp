// baton grant: let a role read one view, and nothing else.
#include <CLI/CLI.hpp>

#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Given {
    SettingFlags settings;
    std::string view;
    std::string role;
};

int grant_view(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    transaction.exec("select grant_view(view => $1, role => $2)", {given.view, given.role});
    transaction.commit();
    write_out(given.role + " may read the view " + environment.schema() + "." + given.view + "\n");
    return 0;
}

}  // namespace

void add_grant(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb =
        root.add_subcommand("grant", "let a role read a view, and nothing else; for the owner");
    auto given = std::make_shared<Given>();
    verb->add_option("VIEW", given->view, "which view; `baton views` lists them")->required();
    verb->add_option("ROLE", given->role, "the role that may read it")->required();
    given->settings.offer(*verb);
    verb->footer(
        footer("It grants SELECT on the view, and USAGE on its schema. REVOKE takes it back.\n"
               "Example: baton grant monthly_sales reporting"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return grant_view(*given, invocation); };
    });
}

}  // namespace baton::cli

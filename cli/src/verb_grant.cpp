// baton grant: let a role read one view, and nothing else.
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string view;
    std::string role;
};

int grant_view(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    transaction.exec("select grant_view(view => $1, role => $2)", {options.view, options.role});
    transaction.commit();
    write_out(options.role + " may read the view " + environment.schema() + "." + options.view +
              "\n");
    return 0;
}

}  // namespace

Verb grant_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "grant",
            .help = "let a role read a view, and nothing else; for the owner",
            .about =
                "It grants SELECT on the view, and USAGE on its schema. REVOKE takes it back.\n"
                "Example: baton grant monthly_sales reporting",
            .options = {{"VIEW", "which view; `baton views` lists them", &options->view, true},
                        {"ROLE", "the role that may read it", &options->role, true}},
            .run = [options](Invocation& invocation) { return grant_view(*options, invocation); }};
}

}  // namespace baton::cli

// baton environment adopt: says what a copy of an environment is, from where on it does something.
#include <unistd.h>

#include <iostream>

#include "baton/base/error.hpp"
#include "baton/environments/environment.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::string name;
    std::string kind;
    bool keeps = false;
    bool discards = false;
    bool yes = false;
};

int adopt(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load(options.name);
    const std::string& name = environment.name.value;
    if (options.kind == "production" && !options.yes) {
        require_typed_name(name, "from then on " + name +
                                     " in this database is production: its nodes do what waits "
                                     "there, wherever it was copied from");
    }
    std::optional<std::string> discard;
    if (options.keeps || options.discards) discard = options.discards ? "true" : "false";
    sql::Connection connection = connect(environment, Access::write);
    sql::Transaction transaction(connection);
    transaction.exec("set local lock_timeout = '5s'");
    const bool is_copy = transaction.exec("select unadopted() is not null", {}).only().boolean(0);
    const std::int64_t discarded =
        transaction
            .exec("select adopt_environment(name => $1, kind => $2, discard => $3::boolean)",
                  {name, options.kind, discard})
            .only()
            .integer(0);
    transaction.commit();
    write_out(name + ": of kind " + options.kind +
              (!is_copy ? " here; there was nothing to adopt"
               : discarded == 0
                   ? ", and at home here; no task was cancelled"
                   : ", and at home here; " + std::to_string(discarded) +
                         (discarded == 1 ? " task was cancelled" : " tasks were cancelled")) +
              "\n");
    return 0;
}

}  // namespace

void require_typed_name(const std::string& name, const std::string& consequence) {
    if (isatty(STDIN_FILENO) != 1) refuse(consequence + "; add --yes to mean it");
    std::fprintf(stderr, "%s. Type %s to go on: ", consequence.c_str(), name.c_str());
    std::string typed;
    std::getline(std::cin, typed);
    if (typed != name) refuse("that is not " + name + "; nothing was changed");
}

Verb adopt_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "adopt",
            .help =
                "say what a copy is (a restored dump, a copied database): until then it does "
                "nothing but keep its views",
            .about =
                "What waits there is cancelled, unless the kind is production. Machines have "
                "to be enrolled anew. Example: baton environment adopt staging --as staging",
            .options = {name_option(options->name, true),
                        {.name = "--as",
                         .help = "the kind that it is from now on",
                         .place = &options->kind,
                         .is_required = true,
                         .choices = {"development", "staging", "production"}},
                        {.name = "--keep-tasks",
                         .help = "what waits is to be done here",
                         .place = &options->keeps,
                         .excludes = "--discard-tasks"},
                        {"--discard-tasks", "what waits is cancelled, for production, too",
                         &options->discards},
                        {"--yes", "do not ask", &options->yes}},
            .run = [options](Invocation& invocation) { return adopt(*options, invocation); }};
}

}  // namespace baton::cli

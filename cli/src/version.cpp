// The version of this build, and the verb that tells it.
#include <CLI/CLI.hpp>

#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {

std::string_view version() { return BATON_VERSION; }

void add_version(CLI::App& root, Invocation& invocation) {
    CLI::App* verb = root.add_subcommand("version", "print the version of Baton");
    verb->footer(footer("Example: baton version"));
    verb->callback([&invocation] {
        invocation.chosen = [] {
            write_out("baton " + std::string(version()) + "\n");
            return 0;
        };
    });
}

}  // namespace baton::cli

// The version of this build, and the verb that tells it.
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {

std::string_view version() { return BATON_VERSION; }

Verb version_verb() {
    return {.name = "version",
            .help = "print the version of Baton",
            .about = "Example: baton version",
            .settings = Settings::none,
            .run = [](Invocation& /*invocation*/) {
                write_out("baton " + std::string(version()) + "\n");
                return 0;
            }};
}

}  // namespace baton::cli

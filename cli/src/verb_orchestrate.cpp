// baton orchestrate: leads an environment, or stands by to.
#include "baton/base/log.hpp"
#include "baton/environments/machine.hpp"
#include "command_line.hpp"
#include "orchestrating.hpp"
#include "stop_signals.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::vector<std::string> reducers;
    std::string node;
};

int orchestrate(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    OrchestratorOptions how = orchestrator_options(invocation.app, environment, options.reducers);
    how.credentials = environments::machine_credentials(environment);
    if (!options.node.empty()) how.node = options.node;
    configure_log(environment.log.value, environment.log_level.value);
    invocation.logs_json = environment.log.value == LogFormat::json;

    // Known by address to the signals' thread, which starts before any other.
    Orchestrator orchestrator(std::move(how), invocation.app.registry());
    const StopSignals signals([&] { orchestrator.stop(); });
    orchestrator.run();
    return 0;
}

}  // namespace

Verb orchestrate_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "orchestrate",
            .help = "lead an environment, or stand by to, until it is stopped",
            .about =
                "It finishes its batch and resigns at SIGTERM, SIGINT or SIGHUP; another one,\n"
                "more than a second later, ends it at once.\n"
                "Example: baton orchestrate --env production --reducer category_sales.sql",
            .settings = Settings::all,
            .options = {{"--reducer",
                         "a SQL reducer's file, beside those of the environment's file; repeatable",
                         &options->reducers},
                        {"--node", "who this is, for people to read [host:pid]", &options->node}},
            .run = [options](Invocation& invocation) { return orchestrate(*options, invocation); }};
}

}  // namespace baton::cli

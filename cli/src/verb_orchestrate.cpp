// baton orchestrate: leads an environment, or stands by to.
#include <CLI/CLI.hpp>

#include "baton/base/log.hpp"
#include "command_line.hpp"
#include "orchestrating.hpp"
#include "stop_signals.hpp"

namespace baton::cli {
namespace {

struct Given {
    SettingFlags settings;
    std::vector<std::string> reducers;
    std::string node;
};

int orchestrate(const Given& given, Invocation& invocation) {
    const environments::Environment environment = given.settings.load(invocation);
    OrchestratorOptions options = orchestrator_options(invocation.app, environment, given.reducers);
    options.membership = membership_of(environment);
    if (!given.node.empty()) options.node = given.node;
    configure_log(environment.log.value, environment.log_level.value);
    invocation.logs_json = environment.log.value == LogFormat::json;

    // Known by address to the signals' thread, which starts before any other.
    Orchestrator orchestrator(std::move(options), invocation.app.registry());
    const StopSignals signals([&] { orchestrator.stop(); });
    orchestrator.run();
    return 0;
}

}  // namespace

void add_orchestrate(CLI::App& root, Invocation& invocation) {
    CLI::App* const verb = root.add_subcommand(
        "orchestrate", "lead an environment, or stand by to, until it is stopped");
    auto given = std::make_shared<Given>();
    verb->add_option("--reducer", given->reducers,
                     "a SQL reducer's file, beside those of the environment's file; repeatable")
        ->type_size(1)
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--node", given->node, "who this is, for people to read [host:pid]");
    given->settings.offer(*verb, SettingFlags::Which::all);
    verb->footer(
        footer("It finishes its batch and resigns at SIGTERM, SIGINT or SIGHUP; another one,\nmore "
               "than a second later, ends it at once.\n"
               "Example: baton orchestrate --env production --reducer category_sales.sql"));
    verb->callback([&invocation, given] {
        invocation.chosen = [&invocation, given] { return orchestrate(*given, invocation); };
    });
}

}  // namespace baton::cli

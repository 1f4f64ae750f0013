// baton node: claims the tasks of the program's handlers, and of commands, and does them.
#include <cstdio>
#include <cstdlib>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/environments/machine.hpp"
#include "baton/node_agent/node_agent.hpp"
#include "command_line.hpp"
#include "noding.hpp"
#include "output.hpp"
#include "stop_signals.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::vector<std::string> labels;
    std::string name;
};

int work(const Options& options, Invocation& invocation) {
    const environments::Environment environment = invocation.load();
    NodeOptions how = node_options(environment);
    const Handlers handlers = node_handlers(invocation.app, environment);
    how.credentials = environments::machine_credentials(environment);
    how.labels.insert(how.labels.end(), options.labels.begin(), options.labels.end());
    if (!options.name.empty()) how.name = options.name;
    configure_log(environment.log.value, environment.log_level.value);
    invocation.logs_json = environment.log.value == LogFormat::json;

    int left_running = 0;
    {
        // Known by address to the signals' thread, which starts before any other.
        std::optional<NodeAgent> agent;
        std::atomic<NodeAgent*> running{nullptr};
        const StopSignals signals([&] {
            if (NodeAgent* const started = running) started->stop();
        });
        agent.emplace(std::move(how), handlers, invocation.app.followers());
        running = &*agent;
        if (signals.came()) agent->stop();
        try {
            agent->run();
        } catch (const Error& error) {
            if (agent->left_running() == 0) throw;
            log().error("{}", with_code(error.code(), error.what()));
            end_beside_handlers(agent->left_running(), EXIT_FAILURE);
        }
        left_running = agent->left_running();
        running = nullptr;
    }
    if (left_running > 0) end_beside_handlers(left_running, EXIT_SUCCESS);
    return 0;
}

}  // namespace

Verb node_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "node",
            .help = "do the tasks of this program's handlers, until it is stopped",
            .about =
                "Handlers that are commands stand in the environment's file, as [[handler]].\n"
                "At SIGTERM, SIGINT or SIGHUP it claims nothing more, hands back what no handler\n"
                "has begun with, and waits a while for those that run (--node-stop-ms); another\n"
                "one, more than a second later, ends it at once. Any number of nodes may run.\n"
                "Example: baton node --env production --label gpu",
            .settings = Settings::all,
            .options = {{"--label",
                         "what the node has that tasks may ask for, beside node.labels; repeatable",
                         &options->labels},
                        {"--name", "who this is, for people to read [host:pid]", &options->name}},
            .run = [options](Invocation& invocation) { return work(*options, invocation); }};
}

}  // namespace baton::cli

#include "noding.hpp"

#include <cstdlib>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/program.hpp"
#include "baton/cli/app.hpp"
#include "baton/environments/machine.hpp"
#include "baton/node_agent/command.hpp"
#include "output.hpp"

namespace baton::cli {

NodeOptions node_options(const environments::Environment& environment) {
    NodeOptions options;
    options.url = environment.url.value;
    options.schema = environment.schema();
    options.name = environments::node_name();
    options.labels = environment.node_labels.value;
    options.promote = environment.promoted_events.value;
    options.bus = {.failures = environment.bus_failures.value,
                   .failure_files = environment.bus_failure_files.value,
                   .failure_days = environment.bus_failure_days.value,
                   .to_log = level_named(environment.bus_to_log.value),
                   .error_lines = environment.bus_error_lines.value,
                   .error_lines_except = environment.bus_error_lines_except.value,
                   .global = environment.global_events.value};
    options.lease = environment.node_lease.value;
    options.poll = environment.node_poll.value;
    options.stop_patience = environment.node_stop.value;
    if (environment.follow_program.value) options.program = program_digest();
    return options;
}

Handlers node_handlers(const App& app, const environments::Environment& environment) {
    Handlers handlers = app.handlers();
    for (const auto& [handler, origin] : environment.handlers) {
        try {
            add_command(handlers, {.name = handler.name,
                                   .version = handler.version,
                                   .words = handler.command,
                                   .folder = handler.folder,
                                   .files = handler.files,
                                   .events = handler.events,
                                   .accepts_from = handler.accepts_from,
                                   .variables = handler.variables,
                                   .threads = handler.threads,
                                   .time_limit = handler.time_limit,
                                   .stop_patience = environment.node_stop.value,
                                   .lane_by_key = handler.lane == environments::HandlerLane::key});
        } catch (const Error& error) {
            throw Error(ErrorCode::settings_invalid, origin + ": " + error.what());
        }
    }
    return handlers;
}

void end_beside_handlers(int running, int code) {
    log().warn("{} handlers did not end in time; their tasks are handed back", running);
    log().flush();
    flush_out();
    std::_Exit(code);
}

}  // namespace baton::cli

#include "noding.hpp"

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/program.hpp"
#include "baton/cli/app.hpp"
#include "baton/environments/machine.hpp"
#include "baton/node_agent/command.hpp"
#include "baton/node_agent/endpoint.hpp"
#include "output.hpp"

namespace baton::cli {

NodeOptions node_options(const App& app, const environments::Environment& environment) {
    NodeOptions options;
    options.workflows = app.workflows();
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

namespace {

using environments::HandlerKind;
using environments::HandlerLane;
using environments::HandlerMethod;
using environments::HandlerSetting;

void add(Handlers& handlers, const HandlerSetting& handler, std::chrono::milliseconds patience) {
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
                           .stop_patience = patience,
                           .lane_by_key = handler.lane == HandlerLane::key});
}

Endpoint endpoint_of(const HandlerSetting& handler, std::chrono::milliseconds patience) {
    constexpr std::string_view methods[] = {"POST", "PUT", "PATCH"};  // as HandlerMethod has them
    Endpoint endpoint{.name = handler.name,
                      .version = handler.version,
                      .url = handler.url,
                      .method = std::string(methods[static_cast<std::size_t>(handler.method)]),
                      .headers = handler.headers,
                      .bearer = handler.bearer,
                      .sign_with = handler.sign_with,
                      .folder = handler.folder,
                      .events = handler.events,
                      .accepts_from = handler.accepts_from,
                      .concurrency = handler.concurrency,
                      .answer_max = handler.answer_max,
                      .callback = handler.callback,
                      .stop_patience = patience,
                      .lane_by_key = handler.lane == HandlerLane::key};
    if (handler.time_limit.count() > 0) endpoint.time_limit = handler.time_limit;
    return endpoint;
}

}  // namespace

void add_declared(Handlers& handlers, const environments::Environment& environment,
                  HandlerKind kind) {
    const std::chrono::milliseconds patience = environment.node_stop.value;
    std::shared_ptr<EndpointClient> client;
    for (const auto& [handler, origin] : environment.handlers) {
        if (handler.kind != kind) continue;
        try {
            if (kind == HandlerKind::command) {
                add(handlers, handler, patience);
                continue;
            }
            if (!client) {
                client = std::make_shared<EndpointClient>(
                    EndpointRules{.networks = environment.endpoint_networks.value,
                                  .plain_http = environment.endpoint_plain_http.value,
                                  .ca_file = environment.endpoint_ca_file.value});
            }
            add_endpoint(handlers, endpoint_of(handler, patience), client);
        } catch (const Error& error) {
            throw Error(ErrorCode::settings_invalid, origin + ": " + error.what());
        }
    }
}

Handlers node_handlers(const App& app, const environments::Environment& environment) {
    Handlers handlers = app.handlers();
    add_declared(handlers, environment, HandlerKind::command);
    add_declared(handlers, environment, HandlerKind::http);
    return handlers;
}

void end_beside_handlers(int running, int code) {
    log().warn("{} handlers did not end in time; their tasks are handed back", running);
    log().flush();
    flush_out();
    std::_Exit(code);
}

}  // namespace baton::cli

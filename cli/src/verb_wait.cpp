// baton wait: until the views have an event.
#include <algorithm>
#include <chrono>

#include "baton/base/error.hpp"
#include "command_line.hpp"
#include "output.hpp"

namespace baton::cli {
namespace {

struct Options {
    std::optional<std::int64_t> event;
    std::string timeout = "10";
};

int wait(const Options& options, Invocation& invocation) {
    const std::chrono::milliseconds timeout = seconds_of("--timeout", options.timeout);
    const environments::Environment environment = invocation.load();
    sql::Connection connection = connect(environment, Access::read);
    write_out(std::to_string(wait_for_event(connection, *options.event, timeout)) + "\n");
    return 0;
}

}  // namespace

std::int64_t wait_for_event(sql::Connection& connection, std::int64_t event,
                            std::chrono::milliseconds timeout) {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + timeout;
    for (;;) {
        // A second at a time: wait_for() holds a snapshot while it waits.
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
        const auto look =
            std::clamp(left, std::chrono::milliseconds(0), std::chrono::milliseconds(1000));
        try {
            sql::Transaction transaction(connection);
            return transaction
                .exec("select wait_for(event_id => $1, timeout => $2)",
                      {event, std::to_string(look.count()) + " ms"})
                .only()
                .integer(0);
        } catch (const Error& error) {
            if (error.code() != ErrorCode::wait_timeout) throw;
            if (Clock::now() < end) continue;
            throw Error(ErrorCode::wait_timeout, "event " + std::to_string(event) +
                                                     " is not in every view after " +
                                                     std::to_string(timeout.count()) +
                                                     " ms; `baton status` tells what holds it up");
        }
    }
}

Verb wait_verb() {
    const auto options = std::make_shared<Options>();
    return {.name = "wait",
            .help = "wait until every live view has an event; print its position",
            .about = "Example: baton wait 4711 --timeout 30",
            .options = {{.name = "EVENT_ID",
                         .help = "which event: the id that dispatch printed",
                         .place = &options->event,
                         .is_required = true,
                         .bounds = {.min = 1}},
                        {"--timeout", "how many seconds to wait [10]", &options->timeout}},
            .run = [options](Invocation& invocation) { return wait(*options, invocation); }};
}

}  // namespace baton::cli

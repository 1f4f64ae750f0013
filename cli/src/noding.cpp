#include "noding.hpp"

#include <cstdlib>

#include "baton/base/log.hpp"
#include "baton/base/program.hpp"
#include "baton/environments/machine.hpp"
#include "output.hpp"

namespace baton::cli {

NodeOptions node_options(const environments::Environment& environment) {
    NodeOptions options;
    options.url = environment.url.value;
    options.schema = environment.schema();
    options.name = environments::node_name();
    options.labels = environment.node_labels.value;
    options.promote = environment.promoted_events.value;
    options.lease = environment.node_lease.value;
    options.poll = environment.node_poll.value;
    options.stop_patience = environment.node_stop.value;
    if (environment.follow_program.value) options.program = program_digest();
    return options;
}

void end_beside_handlers(int running, int code) {
    log().warn("{} handlers did not end in time; their tasks are handed back", running);
    log().flush();
    flush_out();
    std::_Exit(code);
}

}  // namespace baton::cli

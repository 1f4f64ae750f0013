#include "baton/local_bus/fan_out_options.hpp"

#include "baton/base/error.hpp"

namespace baton::bus {
namespace {

constexpr int threads_max = 256;
constexpr std::size_t processes_max = 64;
constexpr std::size_t waiting_max = std::size_t{1} << 20U;

void require_within(const char* what, std::size_t number, std::size_t most) {
    if (number >= 1 && number <= most) return;
    throw Error(ErrorCode::bus_misused, std::string(what) + " of a fan_out() are " +
                                            std::to_string(number) + ", which is not in 1 to " +
                                            std::to_string(most));
}

}  // namespace

void require_sound(const FanOutOptions& options) {
    const bool has_processes = !options.processes.empty();
    if (options.threads != 0 || !has_processes) {
        require_within("threads",
                       options.threads < 0 ? 0 : static_cast<std::size_t>(options.threads),
                       threads_max);
    }
    if (has_processes) require_within("processes", options.processes.size(), processes_max);
    for (const std::vector<std::string>& words : options.processes) {
        if (words.empty() || words.front().empty()) {
            refuse_processes("one of them has no program: {{\"python3\", \"region.py\"}} is one");
        }
    }
    require_within("items that may wait (depth)", options.depth, waiting_max);
    require_within("results that may wait", options.results, waiting_max);
}

void require_no_threads(const FanOutOptions& options) {
    if (options.threads == 0 && !options.processes.empty()) return;
    refuse_processes(
        "without a function for threads it is {.threads = 0, .processes = …}, with one process at "
        "least");
}

void refuse_processes(const std::string& why) {
    throw Error(ErrorCode::bus_misused, "the processes of a fan_out(): " + why);
}

}  // namespace baton::bus

#include "baton/local_bus/crew.hpp"

#include "baton/base/error.hpp"

namespace baton::bus {
namespace {

constexpr int threads_max = 256;
constexpr std::size_t waiting_max = std::size_t{1} << 20U;

void require_within(const char* what, std::size_t number, std::size_t most) {
    if (number >= 1 && number <= most) return;
    throw Error(ErrorCode::bus_misused, std::string(what) + " of a fan_out() are " +
                                            std::to_string(number) + ", which is not in 1 to " +
                                            std::to_string(most));
}

}  // namespace

void require_sound(const FanOutOptions& options) {
    require_within("threads", options.threads < 0 ? 0 : static_cast<std::size_t>(options.threads),
                   threads_max);
    require_within("items that may wait (depth)", options.depth, waiting_max);
    require_within("results that may wait", options.results, waiting_max);
}

}  // namespace baton::bus

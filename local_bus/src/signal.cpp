#include "baton/local_bus/signal.hpp"

#include <bit>

#include "baton/base/log.hpp"

namespace baton::bus {
namespace {

void log_failure(const SignalState& state, const char* reason) {
    log_line(spdlog::level::warn, "a slot failed",
             {{"signal", state.name}, {"reason", reason}, {"failures", state.failures}});
}

}  // namespace

void report_slot(SignalState& state) noexcept {
    // A slot that always throws must not fill the log.
    if (!std::has_single_bit(++state.failures)) return;
    try {
        throw;
    } catch (const std::exception& error) {
        log_failure(state, error.what());
    } catch (...) {
        log_failure(state, "it threw something that is no std::exception");
    }
}

}  // namespace baton::bus

#include "running_orchestrator.hpp"

#include <utility>

#include "baton/base/fault.hpp"

namespace baton::testing {

RunningOrchestrator::RunningOrchestrator(OrchestratorOptions options, const Registry& registry,
                                         std::function<void()> died)
    : options_(std::move(options)),
      registry_(registry),
      died_(std::move(died)),
      orchestrator_(std::make_unique<Orchestrator>(options_, registry_)),
      thread_([this] { run(); }) {}

RunningOrchestrator::~RunningOrchestrator() {
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
        orchestrator_->stop();
    }
    thread_.join();
}

void RunningOrchestrator::require_running() {
    const std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
}

void RunningOrchestrator::run() {
    while (true) {
        try {
            orchestrator_->run();  // only this thread replaces it
            return;
        } catch (const FaultStruck&) {
            died_();
        } catch (...) {
            const std::lock_guard lock(mutex_);
            error_ = std::current_exception();
            return;
        }
        auto next = std::make_unique<Orchestrator>(options_, registry_);
        const std::lock_guard lock(mutex_);
        if (is_stopped_) return;
        orchestrator_ = std::move(next);
    }
}

}  // namespace baton::testing

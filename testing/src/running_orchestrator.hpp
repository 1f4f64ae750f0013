// An orchestrator on a thread of its own, that is started anew where a fault point struck it.
//
// Threads: one.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "baton/orchestrator/orchestrator.hpp"

namespace baton::testing {

class RunningOrchestrator {
public:
    /// `registry` must outlive it. `died`: what is done before the next one is started.
    RunningOrchestrator(OrchestratorOptions options, const Registry& registry,
                        std::function<void()> died);
    /// Stops it.
    ~RunningOrchestrator();
    RunningOrchestrator(const RunningOrchestrator&) = delete;
    RunningOrchestrator& operator=(const RunningOrchestrator&) = delete;

    /// Throws what ended it, if something did.
    void require_running();

private:
    void run();

    const OrchestratorOptions options_;
    const Registry& registry_;
    const std::function<void()> died_;
    std::mutex mutex_;
    std::unique_ptr<Orchestrator> orchestrator_;  // with mutex_
    bool is_stopped_ = false;                     // with mutex_
    std::exception_ptr error_;                    // with mutex_
    std::thread thread_;                          // the last: it uses the others
};

}  // namespace baton::testing

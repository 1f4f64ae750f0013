// An orchestrator as it runs in production: a process of its own, here a child of the demo.
//
// The kernel ends it when the demo is killed, so that it is never left behind.
//
// Threads: calls must not overlap. The thread that makes it must live longer than it.
#pragma once

#include <sys/types.h>

#include <string>

namespace superstore {

class OrchestratorProcess {
public:
    /// Starts this same program with the verb `orchestrate`. What it says goes to stderr.
    /// Throws std::system_error.
    OrchestratorProcess(const std::string& url, const std::string& environment);
    /// Lets it finish its batch and resign; kills it when that takes longer than 10 s.
    ~OrchestratorProcess();
    OrchestratorProcess(const OrchestratorProcess&) = delete;
    OrchestratorProcess& operator=(const OrchestratorProcess&) = delete;

    /// Throws std::runtime_error once it has ended by itself: nothing would come of waiting.
    void require_running();

private:
    [[nodiscard]] bool has_ended();
    pid_t pid_ = 0;
};

}  // namespace superstore

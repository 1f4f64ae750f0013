// An orchestrator, a node or an endpoint as it runs in production: a process of its own, here a
// child of the demo.
//
// The kernel ends it when the demo is killed, so that it is never left behind.
//
// Threads: calls must not overlap. The thread that makes it must live longer than it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace superstore {

class ServiceProcess {
public:
    /// Starts this same program with the verb: orchestrate, node; or another one of its folder.
    /// What it says goes to stderr. Throws std::system_error.
    ServiceProcess(const std::string& verb, const std::string& url, const std::string& environment,
                   const std::string& program = "superstore");
    /// Starts another program: its file, and its arguments.
    explicit ServiceProcess(std::vector<std::string> arguments);
    /// Lets it finish what it is at; kills it when that takes longer than 10 s.
    ~ServiceProcess();
    ServiceProcess(const ServiceProcess&) = delete;
    ServiceProcess& operator=(const ServiceProcess&) = delete;

    /// Throws std::runtime_error once it has ended by itself: nothing would come of waiting.
    void require_running();
    /// kill -9, as a power failure would.
    void kill();

private:
    ServiceProcess(std::string called, const std::string& file, std::vector<std::string> arguments);
    [[nodiscard]] bool has_ended();

    const std::string called_;
    pid_t pid_ = 0;
};

}  // namespace superstore

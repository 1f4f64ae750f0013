#include "service_process.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace superstore {
namespace {

using namespace std::chrono_literals;

// In the child of a program that may have threads: only calls that are safe there.
[[noreturn]] void become(pid_t parent, const char* file, char* const* arguments) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);  // it ended before it could be tied to us
    ::setpgid(0, 0);                        // Ctrl-C is for the demo, which stops us in good order
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    ::execv(file, arguments);
    ::_exit(127);
}

}  // namespace

ServiceProcess::ServiceProcess(const std::string& verb, const std::string& url,
                               const std::string& environment, const std::string& program)
    // The node's lease is short, so that nobody has to wait long for what a killed one held.
    : ServiceProcess(program + " " + verb,
                     std::filesystem::read_symlink("/proc/self/exe").replace_filename(program),
                     {program, verb, "--url", url, "--env", environment, "--kind", "development",
                      "--log-level", "warn", "--node-lease-ms", "2000"}) {}

ServiceProcess::ServiceProcess(std::vector<std::string> arguments)
    : ServiceProcess(arguments.at(0), arguments.at(0), arguments) {}

ServiceProcess::ServiceProcess(std::string called, const std::string& file,
                               std::vector<std::string> arguments)
    : called_(std::move(called)) {
    std::vector<char*> pointers;
    pointers.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);

    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) become(parent, file.c_str(), pointers.data());
}

ServiceProcess::~ServiceProcess() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!has_ended()) {
        if (std::chrono::steady_clock::now() > deadline) ::kill(pid_, SIGKILL);
        std::this_thread::sleep_for(10ms);
    }
}

void ServiceProcess::require_running() {
    if (has_ended()) throw std::runtime_error(called_ + " has ended; its last lines say why");
}

void ServiceProcess::kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
}

bool ServiceProcess::has_ended() {
    if (pid_ != 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
    return pid_ == 0;
}

}  // namespace superstore

#include "orchestrator/version_processes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "orchestrator/version_model.hpp"

namespace baton::testing {
namespace {

constexpr std::size_t processes_max = 4;

}  // namespace

std::string VersionProcesses::start(int version, const std::string& fault) {
    if (running_.size() >= processes_max) return "";
    const std::string number = std::to_string(version);
    const std::string node = "v" + number + "." + std::to_string(++started_);
    std::unique_ptr<ChildProcess> process =
        world_.start({.node = node,
                      .options = {"--lease", "1000", "--poll", "200", "--rollback-window",
                                  "3600000", "--batch-max", "200", "--totals", number, "--marks",
                                  std::to_string(marks_of(version)), "--set", "books", number,
                                  "account_totals,mark_totals"},
                      .fault = fault});
    running_.push_back({version, std::move(process), !fault.empty()});
    return "starts " + node + (fault.empty() ? "" : " with " + fault);
}

std::string VersionProcesses::end(std::size_t which, int signal) {
    if (running_.empty()) return "";
    const auto ended = running_.begin() + static_cast<std::ptrdiff_t>(which % running_.size());
    const int version = ended->version;
    ended->process->kill(signal);
    // One that is frozen ends as soon as it goes on.
    ended->process->kill(SIGCONT);
    EXPECT_TRUE(ended->process->wait(seconds(15))) << "it does not end";
    running_.erase(ended);
    return (signal == SIGKILL ? "kills a v" : "ends a v") + std::to_string(version);
}

void VersionProcesses::kill_all() {
    while (!running_.empty()) end(0, SIGKILL);
}

void VersionProcesses::kill_all_of(int version) {
    std::erase_if(running_, [&](Running& running) {
        if (running.version != version) return false;
        running.process->kill(SIGKILL);
        return running.process->wait(seconds(15)).has_value();
    });
}

std::string VersionProcesses::freeze_or_thaw(std::size_t which) {
    if (running_.empty()) return "";
    Running& running = running_[which % running_.size()];
    running.is_frozen = !running.is_frozen;
    running.process->kill(running.is_frozen ? SIGSTOP : SIGCONT);
    return (running.is_frozen ? "freezes a v" : "thaws a v") + std::to_string(running.version);
}

void VersionProcesses::expect_running() {
    std::erase_if(running_, [](Running& running) {
        const bool has_ended = running.process->wait(milliseconds(0)).has_value();
        if (running.may_die) return has_ended;
        EXPECT_FALSE(has_ended) << "a process of version " << running.version
                                << " ended by itself: " << running.process->error_output();
        return false;
    });
}

std::string VersionProcesses::error_output() const {
    std::string text;
    for (const Running& running : running_) {
        text += "== v" + std::to_string(running.version) + "\n" + running.process->error_output();
    }
    return text;
}

}  // namespace baton::testing

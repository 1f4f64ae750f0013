#include "bus_keeping.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/terminal.hpp"
#include "baton/base/text.hpp"

namespace baton::node {
namespace {

constexpr std::size_t lines_bytes_max = 4096;
// As long as the database keeps it, so that what is behind a long reason is not cut off.
constexpr std::size_t reason_max = 16'384;

std::string now_text() {
    using std::chrono::duration_cast;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::to_string(duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace

BusKeeping::BusKeeping(BusOptions options, const std::string& node, std::string environment)
    : options_(std::move(options)), environment_(std::move(environment)) {
    if (!options_.failures.empty()) {
        failures_ = std::make_unique<bus::FailureFolder>(
            options_.failures,
            bus::FailureLimits{.files_max = static_cast<std::size_t>(options_.failure_files),
                               .age_max = std::chrono::hours(24 * options_.failure_days)});
    }
    if (options_.to_log) forward_ = bus::forward_lines(*options_.to_log);
    if (!options_.has_window) return;
    try {
        window_ = std::make_unique<BusWindow>(node, environment_);
    } catch (const Error& error) {
        log_line(spdlog::level::warn, "nobody can look at this node's buses",
                 {{"reason", error.what()}});
    }
}

TaskTrail::TaskTrail(BusKeeping& keeping, const std::optional<std::string>& tenant)
    : keeping_(keeping),
      has_lines_(keeping.options_.error_lines > 0 &&
                 !(tenant && std::ranges::find(keeping.options_.error_lines_except, *tenant) !=
                                 keeping.options_.error_lines_except.end())) {}

std::shared_ptr<void> TaskTrail::follow(Bus& bus) {
    context_ = bus.context();
    if (keeping_.forward_) bus.tap(keeping_.forward_);
    if (keeping_.failures_) {
        messages_ = std::make_shared<bus::LastMessages>(context_);
        bus.tap(messages_);
    }
    if (has_lines_) {
        lines_ = std::make_shared<bus::LastLines>(
            static_cast<std::size_t>(keeping_.options_.error_lines));
        bus.tap(lines_);
    }
    return keeping_.window_ ? keeping_.window_->show(bus) : nullptr;
}

void TaskTrail::add_to(Outcome& outcome) {
    if (outcome.kind != Outcome::Kind::retry && outcome.kind != Outcome::Kind::dead) return;
    std::string more;
    if (lines_) {
        const std::string last = lines_->text(lines_bytes_max);
        if (!last.empty()) more += "; its last lines: " + last;
    }
    if (messages_ && messages_->size() > 0) {
        const std::string name = percent_encoded(keeping_.environment_) + "-task-" +
                                 std::to_string(context_.task.value_or(0)) + "-attempt-" +
                                 std::to_string(context_.attempt.value_or(0)) + "-" + now_text();
        if (const auto file = keeping_.failures_->keep(name, *messages_)) {
            more += "; its last " + std::to_string(messages_->size()) + " messages are in " +
                    terminal_line(file->string()) + " on its node";
        }
    }
    if (more.empty()) return;
    outcome.reason = storable_text(outcome.reason, reason_max - more.size()) + more;
}

}  // namespace baton::node

#include "endpoint_gate.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace baton::node {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 4> names{"open", "slowed", "broken", "disabled"};
constexpr std::chrono::milliseconds pause_min = 1s;
constexpr std::chrono::milliseconds pause_max = 60s;

}  // namespace

std::string_view name_of(EndpointGate::State state) {
    return names[static_cast<std::size_t>(state)];
}

EndpointGate::State gate_state_named(std::string_view name) {
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? EndpointGate::State::open
                                : static_cast<EndpointGate::State>(found - names.begin());
}

int EndpointGate::room() const {
    const std::lock_guard lock(mutex_);
    if (state_ == State::open) return std::numeric_limits<int>::max();
    return state_ != State::disabled && Clock::now() >= until_ ? 1 : 0;
}

void EndpointGate::succeeded() {
    const std::lock_guard lock(mutex_);
    failures_ = 0;
    pause_ = {};
    // What was under way when it was disabled does not enable it.
    if (state_ == State::open || state_ == State::disabled || Clock::now() < until_) return;
    state_ = State::open;
    reason_.clear();
    is_new_ = true;
}

void EndpointGate::failed(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    ++failures_;
    const bool was_tried = state_ != State::open && Clock::now() >= until_;
    if (!was_tried && (state_ != State::open || failures_ < failures_max)) return;
    pause_ = std::clamp(2 * pause_, pause_min, pause_max);
    shut(State::broken, pause_,
         std::to_string(failures_) + " requests in a row failed, the last one: " + reason);
}

void EndpointGate::slow_down(std::chrono::milliseconds pause, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    shut(State::slowed, pause, reason);
}

void EndpointGate::disable(const std::string& reason) {
    const std::lock_guard lock(mutex_);
    shut(State::disabled, 0ms, reason);
}

void EndpointGate::shut(State state, std::chrono::milliseconds pause, const std::string& reason) {
    if (state_ == State::disabled) return;
    const Clock::time_point until = Clock::now() + pause;
    // Of several answers that came together the longest pause counts.
    if (state == state_ && until <= until_) return;
    state_ = state;
    until_ = until;
    reason_ = reason;
    is_new_ = true;
}

std::optional<EndpointGate::News> EndpointGate::take_news() {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(is_new_, false)) return std::nullopt;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now());
    return News{state_, std::max(left, 0ms), reason_};
}

void EndpointGate::tell_again() {
    const std::lock_guard lock(mutex_);
    is_new_ = true;
}

void EndpointGate::learn(State state, std::chrono::milliseconds left) {
    const std::lock_guard lock(mutex_);
    if (is_new_) return;
    if (state == State::open) failures_ = std::min(failures_, failures_max - 1);
    state_ = state;
    until_ = Clock::now() + left;
}

}  // namespace baton::node

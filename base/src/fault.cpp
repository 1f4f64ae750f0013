#include "baton/base/fault.hpp"

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace baton {
namespace {

enum class Action { none, kill, stop, raise, delay };

struct ArmedPoint {
    std::string point;
    int nth = 1;
    Action action = Action::none;
};

Action action_of(std::string_view name) {
    if (name == "kill") return Action::kill;
    if (name == "stop") return Action::stop;
    if (name == "throw") return Action::raise;
    if (name == "delay") return Action::delay;
    return Action::none;
}

ArmedPoint read_environment() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): read once, before anything could change it.
    const char* setting = std::getenv("BATON_FAULT");
    if (setting == nullptr) return {};

    const std::string_view text = setting;
    const std::size_t first = text.find(':');
    const std::size_t second = text.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return {};

    ArmedPoint armed;
    armed.point = text.substr(0, first);
    std::from_chars(text.data() + first + 1, text.data() + second, armed.nth);
    armed.action = action_of(text.substr(second + 1));
    return armed;
}

// What arm_fault() armed. `is_set` spares those that visit an unarmed point the mutex.
struct Armament {
    std::atomic<bool> is_set{false};
    std::mutex mutex;
    std::string point;  // with mutex
};

Armament& armament() {
    static Armament of_this_process;
    return of_this_process;
}

void strike_if_armed(std::string_view point) {
    Armament& armed = armament();
    if (!armed.is_set) return;
    const std::lock_guard lock(armed.mutex);
    if (armed.point != point) return;
    armed.point.clear();
    armed.is_set = false;
    throw FaultStruck("fault point " + std::string(point) + " was armed to throw");
}

}  // namespace

void arm_fault(std::string_view point) {
    Armament& armed = armament();
    const std::lock_guard lock(armed.mutex);
    armed.point = point;
    armed.is_set = !point.empty();
}

std::string armed_fault() {
    Armament& armed = armament();
    const std::lock_guard lock(armed.mutex);
    return armed.point;
}

void fault_point(std::string_view point) {
    strike_if_armed(point);
    static const ArmedPoint armed = read_environment();
    if (armed.action == Action::none || armed.point != point) return;

    static std::atomic<int> visits{0};
    const int visit = ++visits;
    if (visit < armed.nth) return;
    if (armed.action == Action::delay) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return;
    }
    if (visit != armed.nth) return;
    if (armed.action == Action::kill) std::raise(SIGKILL);
    if (armed.action == Action::stop) std::raise(SIGSTOP);
    if (armed.action == Action::raise) {
        throw std::runtime_error("fault point " + armed.point + " was armed to throw");
    }
}

}  // namespace baton

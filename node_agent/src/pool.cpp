#include "pool.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "apart_work.hpp"

namespace baton::node {
namespace {

// The last ones count most.
double moved(double average, double value) {
    constexpr double weight = 0.1;
    return average + weight * (value - average);
}

constexpr int most_at_once = std::numeric_limits<int>::max();

std::shared_ptr<EndpointGate> gate_of(const std::map<int, Pool::Way>& ways) {
    return ways.empty() ? nullptr : ways.rbegin()->second.apart.gate;
}

}  // namespace

Pool::Pool(std::size_t number, std::string handler, const std::map<int, Way>& ways, int at_once,
           const std::shared_ptr<Workshop>& workshop)
    : handler_(std::move(handler)), gate_(gate_of(ways)) {
    state_->slots.resize(static_cast<std::size_t>(at_once));
    const Crew crew{number, ways, gate_, state_, workshop};
    if (std::ranges::all_of(ways, [](const auto& way) { return bool(way.second.apart.begin); })) {
        threads_.emplace_back([crew] { ApartWork(crew).run(); });
        return;
    }
    for (std::size_t slot = 0; slot < state_->slots.size(); ++slot) {
        threads_.emplace_back([crew, slot] { work(crew, slot); });
    }
}

Pool::~Pool() {
    close();
    const bool is_busy = running() > 0;
    for (std::thread& thread : threads_) {
        if (is_busy) {
            thread.detach();
        } else {
            thread.join();
        }
    }
}

std::size_t Pool::prefetch() const {
    constexpr std::chrono::duration<double> moment{0.4};
    constexpr double most = 1000;
    constexpr double bytes_max = 16 << 20;
    const std::lock_guard lock(state_->mutex);
    const auto threads = static_cast<double>(state_->slots.size());
    if (state_->usual_time.count() < 0 || is_stuck()) return 0;
    const double by_time = threads * (moment / std::max(state_->usual_time, moment / most));
    const double by_bytes = bytes_max / std::max(state_->usual_bytes, 1.0);
    return static_cast<std::size_t>(std::min({by_time, by_bytes, most}));
}

int Pool::appetite(std::size_t settling) const {
    const std::size_t threads = state_->slots.size();
    const std::size_t held = held_ - settling;
    if (const int room = gate_ ? gate_->room() : most_at_once; room < most_at_once) {
        return held == 0 ? room : 0;
    }
    const std::size_t room_max = threads + prefetch();
    if (held >= room_max) return 0;
    const std::size_t room = room_max - held;
    // Half of it at a time: what is claimed together costs little.
    if (held >= threads && room < room_max / 2) return 0;
    constexpr std::size_t claim_max = 1000;
    return static_cast<int>(std::min(room, claim_max));
}

void Pool::offer(std::vector<Held> tasks) {
    held_ += tasks.size();
    const std::lock_guard lock(state_->mutex);
    for (Held& held : tasks) {
        const auto bytes = static_cast<double>(held.task.payload.size() + held.task.body.size());
        state_->usual_bytes = std::max(moved(state_->usual_bytes, bytes), bytes / 2);
        state_->waiting.push_back(std::move(held));
    }
    state_->changed.notify_all();
}

std::vector<Held> Pool::take_back() {
    const std::lock_guard lock(state_->mutex);
    std::vector<Held> waiting(std::make_move_iterator(state_->waiting.begin()),
                              std::make_move_iterator(state_->waiting.end()));
    state_->waiting.clear();
    return waiting;
}

// All threads are at tasks that take far longer than the others did.
bool Pool::is_stuck() const {
    constexpr std::chrono::seconds long_time{1};
    const Clock::time_point now = Clock::now();
    return std::ranges::all_of(state_->slots, [&](const Slot& slot) {
        return !slot.token.empty() && now - slot.since > long_time;
    });
}

std::vector<Held> Pool::give_way() {
    if (!gate_ || gate_->room() > 0) {
        const std::lock_guard lock(state_->mutex);
        if (!is_stuck()) return {};
    }
    return take_back();
}

void Pool::close() {
    const std::lock_guard lock(state_->mutex);
    state_->is_closed = true;
    state_->changed.notify_all();
}

std::vector<std::string> Pool::started(Clock::time_point before) const {
    std::vector<std::string> tokens;
    const std::lock_guard lock(state_->mutex);
    for (const Slot& slot : state_->slots) {
        if (!slot.token.empty() && !slot.is_told && slot.since < before) {
            tokens.push_back(slot.token);
        }
    }
    return tokens;
}

void Pool::note_told(const std::vector<std::string>& tokens) {
    const std::lock_guard lock(state_->mutex);
    for (Slot& slot : state_->slots) {
        if (std::ranges::find(tokens, slot.token) != tokens.end()) slot.is_told = true;
    }
}

void Pool::cancel(const std::string& token) {
    const std::lock_guard lock(state_->mutex);
    for (const Slot& slot : state_->slots) {
        if (slot.token == token) *slot.cancelled = true;
    }
    held_ -=
        std::erase_if(state_->waiting, [&](const Held& held) { return held.task.token == token; });
}

int Pool::running() const {
    const std::lock_guard lock(state_->mutex);
    return static_cast<int>(
        std::ranges::count_if(state_->slots, [](const Slot& slot) { return !slot.token.empty(); }));
}

bool Pool::has_untold() const {
    const std::lock_guard lock(state_->mutex);
    return std::ranges::any_of(
        state_->slots, [](const Slot& slot) { return !slot.token.empty() && !slot.is_told; });
}

Held Pool::take_into(State& state, std::size_t slot) {
    Held held = std::move(state.waiting.front());
    state.waiting.pop_front();
    state.slots[slot] = {.token = held.task.token,
                         .since = Clock::now(),
                         .is_told = false,
                         .cancelled = std::make_shared<std::atomic<bool>>(false)};
    return held;
}

void Pool::report(const Crew& crew, std::size_t slot, Held held, Report report) {
    report.pool = crew.number;
    held.task.payload.clear();
    held.task.body.clear();
    report.held = std::move(held);
    const std::lock_guard lock(crew.state->mutex);
    Slot& own = crew.state->slots[slot];
    const std::chrono::duration<double> took = Clock::now() - own.since;
    own.token.clear();
    auto& usual = crew.state->usual_time;
    usual = usual.count() < 0 ? took
                              : std::chrono::duration<double>(moved(usual.count(), took.count()));
    // Once the slot is empty: whoever sees no handler running has every report.
    crew.workshop->reports.add(std::move(report));
}

void Pool::work(const Crew& crew, std::size_t slot) {
    State& state = *crew.state;
    for (;;) {
        std::unique_lock lock(state.mutex);
        state.changed.wait(lock, [&] { return state.is_closed || !state.waiting.empty(); });
        if (state.waiting.empty()) return;
        Held held = take_into(state, slot);
        const CancelFlag cancelled = state.slots[slot].cancelled;
        lock.unlock();

        Report made{.kind = Report::Kind::released};
        if (const auto way = crew.ways.find(held.task.version); way != crew.ways.end()) {
            TaskRun run(*crew.workshop, held, cancelled);
            const auto instead = run.reason_not_to_begin();
            made = instead ? *instead : run.finish(run.run(way->second.run));
        }
        report(crew, slot, std::move(held), std::move(made));
    }
}

}  // namespace baton::node

#include "pool.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace baton::node {
namespace {

// The last ones count most.
double moved(double average, double value) {
    constexpr double weight = 0.1;
    return average + weight * (value - average);
}

}  // namespace

Pool::Pool(std::size_t number, std::string handler, const std::map<int, Handlers::Run>& runs,
           int threads, const std::shared_ptr<Workshop>& workshop)
    : handler_(std::move(handler)), number_(number) {
    state_->slots.resize(static_cast<std::size_t>(threads));
    for (std::size_t slot = 0; slot < state_->slots.size(); ++slot) {
        threads_.emplace_back([number, runs, state = state_, workshop, slot] {
            work(number, runs, state, workshop, slot);
        });
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
    const std::size_t threads = threads_.size();
    const std::size_t room_max = threads + prefetch();
    const std::size_t held = held_ - settling;
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
    {
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

void Pool::work(std::size_t number, const std::map<int, Handlers::Run>& runs,
                const std::shared_ptr<State>& state, const std::shared_ptr<Workshop>& workshop,
                std::size_t slot) {
    std::unique_lock lock(state->mutex);
    for (;;) {
        state->changed.wait(lock, [&] { return state->is_closed || !state->waiting.empty(); });
        if (state->waiting.empty()) return;
        Held held = std::move(state->waiting.front());
        state->waiting.pop_front();
        const auto cancelled = std::make_shared<std::atomic<bool>>(false);
        const Clock::time_point begun = Clock::now();
        state->slots[slot] = {
            .token = held.task.token, .since = begun, .is_told = false, .cancelled = cancelled};

        lock.unlock();
        const auto run = runs.find(held.task.version);
        Report report{.kind = Report::Kind::released};
        if (run != runs.end()) report = run_task(*workshop, run->second, held, cancelled);
        report.pool = number;
        held.task.payload.clear();
        held.task.body.clear();
        report.held = std::move(held);
        const std::chrono::duration<double> took = Clock::now() - begun;
        lock.lock();

        state->slots[slot].token.clear();
        auto& usual = state->usual_time;
        usual = usual.count() < 0
                    ? took
                    : std::chrono::duration<double>(moved(usual.count(), took.count()));
        // Once the slot is empty: whoever sees no handler running has every report.
        workshop->reports.add(std::move(report));
    }
}

}  // namespace baton::node

#include "pool.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "apart_work.hpp"

namespace baton::node {
namespace {

constexpr double bytes_max = 16 << 20;  // that wait in a pool

// The last ones count most.
double moved(double average, double value) {
    constexpr double weight = 0.1;
    return average + weight * (value - average);
}

// What was handed out before has failed, or ended its process, with others perhaps: each time it is
// done with half as many, so that what does that is alone in the end.
std::size_t batch_max_of(const Runner& runner, int delivery) {
    constexpr int halvings_max = 10;
    return std::max(runner.batch_max >> std::clamp(delivery - 1, 0, halvings_max), std::size_t{1});
}

// What one call does: the next task, and those behind it that go with it.
std::vector<Held> take_next(std::deque<Held>& waiting, const Runner* runner) {
    std::vector<Held> taken;
    std::size_t room = 1;
    do {
        taken.push_back(std::move(waiting.front()));
        waiting.pop_front();
        if (runner == nullptr || runner->batch_max == 1 || waiting.empty()) break;
        const Held& first = taken.front();
        const Held& next = waiting.front();
        if (next.task.version != first.task.version || next.session != first.session) break;
        if (taken.size() == 1) room = batch_max_of(*runner, first.task.delivery);
        room = std::min(room, batch_max_of(*runner, next.task.delivery));
    } while (taken.size() < room);
    return taken;
}

constexpr int most_at_once = std::numeric_limits<int>::max();

std::shared_ptr<EndpointGate> gate_of(const Runners& runners) {
    const auto found = std::ranges::find_if(
        runners, [](const auto& of) { return of.second.apart.gate != nullptr; });
    return found == runners.end() ? nullptr : found->second.apart.gate;
}

}  // namespace

Pool::Pool(std::size_t number, std::string handler, const Runners& runners, int at_once,
           const std::shared_ptr<Workshop>& workshop)
    : handler_(std::move(handler)),
      gate_(gate_of(runners)),
      batch_max_(std::ranges::max_element(runners, {}, [](const auto& of) {
                     return of.second.batch_max;
                 })->second.batch_max) {
    state_->slots.resize(static_cast<std::size_t>(at_once));
    const Crew crew{number, runners, gate_, state_, workshop};
    if (std::ranges::all_of(runners, [](const auto& of) { return bool(of.second.apart.begin); })) {
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

// What the threads have, and those that have nothing can begin with.
std::size_t Pool::capacity() const {
    std::size_t capacity = 0;
    for (const Slot& slot : state_->slots) {
        capacity += slot.tokens.empty() ? batch_max_ : slot.tokens.size();
    }
    if (batch_max_ == 1) return capacity;
    constexpr std::size_t first = 100;  // until it is known how large they are
    const std::size_t by_bytes =
        state_->usual_bytes > 0 ? static_cast<std::size_t>(bytes_max / state_->usual_bytes) : first;
    return std::min(capacity, std::max(by_bytes, state_->slots.size()));
}

std::size_t Pool::prefetch() const {
    constexpr std::chrono::duration<double> moment{0.4};
    constexpr double most = 1000;
    const auto threads = static_cast<double>(state_->slots.size());
    if (state_->usual_time.count() < 0 || is_stuck()) return 0;
    const double by_time = threads * (moment / std::max(state_->usual_time, moment / most));
    const double by_bytes = bytes_max / std::max(state_->usual_bytes, 1.0);
    return static_cast<std::size_t>(std::min({by_time, by_bytes, most}));
}

int Pool::appetite(std::size_t settling) const {
    const std::size_t held = held_ - settling;
    if (const int room = gate_ ? gate_->room() : most_at_once; room < most_at_once) {
        return held == 0 ? room : 0;
    }
    std::unique_lock lock(state_->mutex);
    const std::size_t at_once = capacity();
    const std::size_t room_max = at_once + prefetch();
    lock.unlock();
    if (held >= room_max) return 0;
    const std::size_t room = room_max - held;
    // Half of it at a time: what is claimed together costs little.
    if (held >= at_once && room < room_max / 2) return 0;
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
        return !slot.tokens.empty() && now - slot.since > long_time;
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
        if (slot.is_told || slot.since >= before) continue;
        tokens.insert(tokens.end(), slot.tokens.begin(), slot.tokens.end());
    }
    return tokens;
}

void Pool::note_told(const std::vector<std::string>& tokens) {
    const std::lock_guard lock(state_->mutex);
    for (Slot& slot : state_->slots) {
        if (slot.tokens.empty()) continue;
        // All of a batch are told of at once.
        if (std::ranges::find(tokens, slot.tokens.front()) != tokens.end()) slot.is_told = true;
    }
}

void Pool::cancel(const std::string& token) {
    const std::lock_guard lock(state_->mutex);
    for (const Slot& slot : state_->slots) {
        const auto found = std::ranges::find(slot.tokens, token);
        if (found != slot.tokens.end()) *slot.cancelled[found - slot.tokens.begin()] = true;
    }
    held_ -=
        std::erase_if(state_->waiting, [&](const Held& held) { return held.task.token == token; });
}

int Pool::running() const {
    const std::lock_guard lock(state_->mutex);
    return static_cast<int>(std::ranges::count_if(
        state_->slots, [](const Slot& slot) { return !slot.tokens.empty(); }));
}

bool Pool::has_untold() const {
    const std::lock_guard lock(state_->mutex);
    return std::ranges::any_of(
        state_->slots, [](const Slot& slot) { return !slot.tokens.empty() && !slot.is_told; });
}

std::vector<Held> Pool::take_into(const Crew& crew, std::size_t slot) {
    State& state = *crew.state;
    const auto runner = crew.runners.find(state.waiting.front().task.version);
    std::vector<Held> tasks =
        take_next(state.waiting, runner == crew.runners.end() ? nullptr : &runner->second);
    Slot& own = state.slots[slot];
    own = {.tokens = {}, .cancelled = {}, .since = Clock::now(), .is_told = false};
    for (const Held& held : tasks) {
        own.tokens.push_back(held.task.token);
        own.cancelled.push_back(std::make_shared<std::atomic<bool>>(false));
    }
    return tasks;
}

void Pool::report(const Crew& crew, std::size_t slot, std::vector<Held> tasks,
                  std::vector<Report> reports) {
    for (std::size_t i = 0; i < reports.size(); ++i) {
        reports[i].pool = crew.number;
        tasks[i].task.payload.clear();
        tasks[i].task.body.clear();
        reports[i].held = std::move(tasks[i]);
    }
    const std::lock_guard lock(crew.state->mutex);
    Slot& own = crew.state->slots[slot];
    const std::chrono::duration<double> took =
        (Clock::now() - own.since) / static_cast<double>(reports.size());
    own.tokens.clear();
    own.cancelled.clear();
    auto& usual = crew.state->usual_time;
    usual = usual.count() < 0 ? took
                              : std::chrono::duration<double>(moved(usual.count(), took.count()));
    // Once the slot is empty: whoever sees no handler running has every report.
    for (Report& report : reports) crew.workshop->reports.add(std::move(report));
}

std::vector<Report> Pool::run_all(const Crew& crew, const std::vector<Held>& tasks,
                                  const std::vector<CancelFlag>& cancelled) {
    const auto runner = crew.runners.find(tasks.front().task.version);
    if (runner == crew.runners.end()) return {{.kind = Report::Kind::released}};
    if (runner->second.batch) {
        return run_batch(*crew.workshop, runner->second.batch, tasks, cancelled);
    }
    TaskRun run(*crew.workshop, tasks.front(), cancelled.front());
    std::optional<Report> instead = run.reason_not_to_begin();
    std::vector<Report> reports;
    reports.push_back(instead ? std::move(*instead) : run.finish(run.run(runner->second.one)));
    return reports;
}

void Pool::work(const Crew& crew, std::size_t slot) {
    State& state = *crew.state;
    for (;;) {
        std::unique_lock lock(state.mutex);
        state.changed.wait(lock, [&] { return state.is_closed || !state.waiting.empty(); });
        if (state.waiting.empty()) return;
        std::vector<Held> tasks = take_into(crew, slot);
        const std::vector<CancelFlag> cancelled = state.slots[slot].cancelled;
        lock.unlock();
        std::vector<Report> reports = run_all(crew, tasks, cancelled);
        report(crew, slot, std::move(tasks), std::move(reports));
    }
}

}  // namespace baton::node

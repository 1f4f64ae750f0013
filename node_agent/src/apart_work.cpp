// The one thread of a pool whose tasks need none while they are under way: it begins with what
// waits as slots become free, and ends what was said to be over.
#include "apart_work.hpp"

#include <utility>

namespace baton::node {

Pool::ApartWork::ApartWork(const Crew& crew) : crew_(crew) {
    begun_.resize(crew.state->slots.size());
    for (std::size_t slot = begun_.size(); slot > 0; --slot) free_.push_back(slot - 1);
}

void Pool::ApartWork::run() {
    // A gate opens with time, not with an event.
    constexpr std::chrono::milliseconds look{50};
    State& state = *crew_.state;
    std::unique_lock lock(state.mutex);
    for (;;) {
        if (!state.ended.empty()) {
            auto ended = std::exchange(state.ended, {});
            lock.unlock();
            for (auto& [slot, outcome] : ended) end(slot, std::move(outcome));
            lock.lock();
        } else if (!state.waiting.empty() && has_room()) {
            const std::size_t slot = free_.back();
            free_.pop_back();
            std::vector<Held> tasks = take_into(crew_, slot);
            const CancelFlag cancelled = state.slots[slot].cancelled.front();
            lock.unlock();
            begin(slot, std::move(tasks.front()), cancelled);
            lock.lock();
        } else if (state.is_closed && state.waiting.empty() && free_.size() == begun_.size()) {
            return;
        } else if (!state.waiting.empty() && !free_.empty()) {
            state.changed.wait_for(lock, look);
        } else {
            state.changed.wait(lock);
        }
    }
}

bool Pool::ApartWork::has_room() const {
    if (free_.empty()) return false;
    if (!crew_.gate || crew_.workshop->is_stopping) return true;  // who stops begins with none
    const auto under_way = begun_.size() - free_.size();
    return under_way < static_cast<std::size_t>(crew_.gate->room());
}

void Pool::ApartWork::begin(std::size_t slot, Held held, const CancelFlag& cancelled) {
    auto begun = std::make_unique<Begun>(std::move(held));
    const auto runner = crew_.runners.find(begun->held.task.version);
    std::optional<Report> instead = Report{.kind = Report::Kind::released};
    if (runner != crew_.runners.end()) {
        begun->run.emplace(*crew_.workshop, begun->held, cancelled);
        instead = begun->run->reason_not_to_begin();
    }
    if (instead) {
        begun->run.reset();
        free_.push_back(slot);
        return report_one(slot, std::move(begun->held), *std::move(instead));
    }
    begun_[slot] = std::move(begun);
    begun_[slot]->run->begin(runner->second.apart, [state = crew_.state, slot](Outcome outcome) {
        const std::lock_guard lock(state->mutex);
        state->ended.emplace_back(slot, std::move(outcome));
        if (state->ended.size() == 1) state->changed.notify_all();
    });
}

void Pool::ApartWork::end(std::size_t slot, Outcome outcome) {
    const std::unique_ptr<Begun> begun = std::move(begun_[slot]);
    Report made = begun->run->finish(std::move(outcome));
    begun->run.reset();
    free_.push_back(slot);
    report_one(slot, std::move(begun->held), std::move(made));
}

void Pool::ApartWork::report_one(std::size_t slot, Held held, Report made) {
    std::vector<Held> tasks;
    tasks.push_back(std::move(held));
    std::vector<Report> reports;
    reports.push_back(std::move(made));
    report(crew_, slot, std::move(tasks), std::move(reports));
}

}  // namespace baton::node

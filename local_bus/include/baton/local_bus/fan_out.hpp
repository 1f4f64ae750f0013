// FanOut: work in many pieces, done by a few threads, and gathered again.
//
//   auto pool = bus.fan_out<Region>({.threads = 4}, [](const Region& region) { return sum(region);
//   }); for (const Region& region : regions) pool.push(region); while (auto done = pool.next())
//   total += *done->value;
//
// Threads: everything may be called from any thread, but the object ends in none of its own
// workers. Errors: what a worker throws is the failure of its item, after another worker has tried
// it once. Cost: threads, which wait without asking for the time; items in memory, `depth` of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "baton/local_bus/crew.hpp"

namespace baton {

template <class Item, class Result>
class FanOut {
public:
    using Gathered = bus::Gathered<Result>;

    explicit FanOut(std::shared_ptr<bus::Crew<Item, Result>> crew) : crew_(std::move(crew)) {}
    FanOut(FanOut&&) noexcept = default;
    FanOut& operator=(FanOut&&) = delete;
    /// As end().
    ~FanOut() {
        if (crew_) crew_->end();
    }

    /// Gives an item to the workers; waits while `depth` of them wait. False: the scope was
    /// cancelled, or it has ended, and the item is nobody's. Throws Error(bus_misused) where this
    /// would wait for ever: so many results wait for next() that the workers have stopped, and for
    /// a second nobody has gathered one.
    bool push(Item item) { return crew_->push(std::move(item)); }

    /// What came of an item: the next one that is done, or, if options say so, the next in the
    /// order of push(). Nothing: all that was pushed has been gathered, or the time is over. Where
    /// the worker returns nothing, only failures come.
    [[nodiscard]] std::optional<Gathered> next(
        std::chrono::milliseconds timeout = bus::longest_wait) {
        return crew_->next(timeout);
    }

    /// Whether all that was pushed is done, failed or discarded; waits for that.
    [[nodiscard]] bool wait_for(std::chrono::milliseconds timeout) {
        return crew_->wait_for(timeout);
    }

    /// The workers' scope, inside of the bus's. Cancelled, it discards what waits; what runs may
    /// ask it.
    [[nodiscard]] const CancelScope& scope() const noexcept { return crew_->scope(); }
    void cancel() { crew_->cancel(); }

    [[nodiscard]] bus::FanOutStats stats() const { return crew_->stats(); }

    /// What is known of each of the options' processes, in their order.
    [[nodiscard]] std::vector<ProcessStats> processes() const { return crew_->processes(); }

    /// Cancels, and returns when no worker runs any more. Results that were not gathered are gone.
    void end() noexcept { crew_->end(); }

private:
    std::shared_ptr<bus::Crew<Item, Result>> crew_;
};

}  // namespace baton

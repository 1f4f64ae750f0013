// Crew: the workers of a FanOut, their items and results.
//
// Each worker takes as many items at once as it is likely to do in a tenth of a millisecond: one
// where an item takes long, so that nobody holds what another could do; many where they are tiny,
// so that the lock costs little.
//
// Threads: everything may be called from any; guarded by one mutex.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/local_bus/cancel.hpp"
#include "baton/local_bus/part.hpp"
#include "baton/types/fields.hpp"

namespace baton {

struct FanOutOptions {
    int threads = 2;          ///< 1 to 256
    std::size_t depth = 256;  ///< How many items may wait, 1 to 1,048,576.
    /// How many results may wait until workers do. What they have in hand then comes on top.
    std::size_t results = 65536;
    bool in_order = false;  ///< next() gives results in the order of push().
    /// After that time its scope is cancelled. None: never.
    std::optional<std::chrono::milliseconds> deadline = std::nullopt;
};

namespace bus {

inline constexpr std::chrono::milliseconds longest_wait = std::chrono::hours(24 * 365);

/// What came of an item: a value, or why there is none.
template <class Result>
struct Gathered {
    using Value = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;
    std::uint64_t item = 0;  ///< 0, 1, 2, … in the order of push()
    std::optional<Value> value = std::nullopt;
    std::string failure{};
};

/// At every instant pushed = done + failed + discarded + in_flight.
struct FanOutStats {
    std::uint64_t pushed = 0;
    std::uint64_t done = 0;
    std::uint64_t failed = 0;     ///< By two workers.
    std::uint64_t discarded = 0;  ///< They waited when it was cancelled or ended.
    std::uint64_t in_flight = 0;  ///< They wait, or a worker has them.
    std::uint64_t retried = 0;
};

/// Throws Error(bus_misused) unless they can be.
void require_sound(const FanOutOptions& options);

template <class Item, class Result>
class Crew final : public Part {
public:
    using Outcome = Gathered<Result>;
    using Work = std::function<Result(const Item&, const CancelScope&)>;

    Crew(const FanOutOptions& options, const CancelScope& outer, Work work)
        : options_(options), work_(std::move(work)), scope_(scope_inside(options, outer)) {
        static_assert(types::check_value<Item>());
    }
    ~Crew() override { end(); }

    void start() {
        for (int worker = 0; worker < options_.threads; ++worker) {
            threads_.emplace_back([this, worker] { run(worker); });
        }
    }

    bool push(Item item) {
        std::unique_lock lock(mutex_);
        Stall stall;
        while (!is_closed_ && waiting_.size() >= options_.depth && !scope_.cancelled()) {
            refuse_to_stall(stall);
            ++pushers_;
            room_.wait_for(lock, look_interval);
            --pushers_;
        }
        if (is_closed_ || scope_.cancelled()) {
            discard_waiting();
            return false;
        }
        waiting_.push_back({std::move(item), stats_.pushed++, nobody});
        if (idle_ > 0) work_there_.notify_one();
        return true;
    }

    std::optional<Outcome> next(std::chrono::milliseconds timeout) {
        std::unique_lock lock(mutex_);
        if (ready_.empty()) {
            ++gatherers_;
            wait(lock, timeout, [&] { return !ready_.empty() || is_settled(); });
            --gatherers_;
            // What was discarded leaves gaps: then what there is comes in its order.
            if (is_settled()) hand_over_early();
        }
        if (ready_.empty()) return std::nullopt;
        Outcome outcome = std::move(ready_.front());
        ready_.pop_front();
        ++gathered_;
        if (is_full_ && result_count() <= options_.results - options_.results / 4 &&
            result_count() < options_.results) {
            is_full_ = false;
            work_there_.notify_all();
        }
        return outcome;
    }

    bool wait_for(std::chrono::milliseconds timeout) {
        std::unique_lock lock(mutex_);
        return wait(lock, timeout, [&] { return is_settled(); });
    }

    void cancel() {
        scope_.cancel();
        const std::lock_guard lock(mutex_);
        discard_waiting();
    }

    [[nodiscard]] const CancelScope& scope() const noexcept { return scope_; }

    [[nodiscard]] FanOutStats stats() const {
        const std::lock_guard lock(mutex_);
        FanOutStats stats = stats_;
        stats.in_flight = waiting_.size() + second_.size() + in_hands_;
        return stats;
    }

    void end() noexcept override {
        scope_.cancel();
        {
            const std::lock_guard lock(mutex_);
            is_closed_ = true;
            discard_waiting();
            work_there_.notify_all();
            room_.notify_all();
        }
        const std::lock_guard lock(end_mutex_);
        for (std::thread& thread : threads_) {
            BATON_CHECK(thread.get_id() != std::this_thread::get_id());
            thread.join();
        }
        threads_.clear();
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds look_interval{20};
    static constexpr int nobody = -1;

    struct Piece {
        Item item;
        std::uint64_t number;
        int failed_by;
    };
    /// What a worker has in hand, and what came of it.
    struct Hand {
        std::vector<Piece> pieces{};
        std::vector<Outcome> outcomes{};
        std::vector<Piece> failed{};  // for another one
        std::chrono::duration<double> usual{0.001};
    };

    static CancelScope scope_inside(const FanOutOptions& options, const CancelScope& outer) {
        if (!options.deadline) return outer.inside();
        return outer.inside(
            [until = Clock::now() + *options.deadline] { return Clock::now() >= until; });
    }

    // Everything below until run(): with mutex_ held.

    /// Since when there is no place for results, and nobody has gathered one.
    struct Stall {
        std::optional<Clock::time_point> since = std::nullopt;
        std::uint64_t gathered = 0;
    };
    void refuse_to_stall(Stall& stall) const {
        constexpr std::chrono::seconds patience{1};
        const Clock::time_point now = Clock::now();
        if (!is_full_ || gatherers_ > 0 || stall.gathered != gathered_) {
            stall = {.since = std::nullopt, .gathered = gathered_};
        } else if (!stall.since) {
            stall.since = now;
        } else if (now - *stall.since >= patience) {
            throw Error(ErrorCode::bus_misused,
                        std::to_string(result_count()) +
                            " results of a fan_out() wait for next(), so its workers do: gather "
                            "between one push() and another");
        }
    }

    [[nodiscard]] bool is_settled() const {
        return stats_.pushed == stats_.done + stats_.failed + stats_.discarded;
    }
    [[nodiscard]] std::size_t result_count() const { return ready_.size() + early_.size(); }
    void hand_over_early() {
        for (auto& [number, outcome] : early_) ready_.push_back(std::move(outcome));
        early_.clear();
    }

    template <class Ready>
    bool wait(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds timeout, Ready ready) {
        const Clock::time_point end = Clock::now() + timeout;
        while (!ready()) {
            if (scope_.cancelled()) discard_waiting();
            if (ready()) return true;
            const Clock::time_point now = Clock::now();
            if (now >= end) return false;
            ++waiters_;
            settled_.wait_until(lock, std::min(end, now + look_interval));
            --waiters_;
        }
        return true;
    }

    void discard_waiting() {
        stats_.discarded += waiting_.size() + second_.size();
        waiting_.clear();
        second_.clear();
        settled_.notify_all();
    }

    [[nodiscard]] bool is_for(const Piece& piece, int worker) const {
        return piece.failed_by != worker || options_.threads == 1;
    }
    [[nodiscard]] bool has_work_for(int worker) const {
        for (const Piece& piece : second_) {
            if (is_for(piece, worker)) return true;
        }
        return !waiting_.empty() && !is_full_;
    }

    void keep(Outcome&& outcome) {
        const bool is_done = outcome.failure.empty();
        ++(is_done ? stats_.done : stats_.failed);
        if constexpr (std::is_void_v<Result>) {
            if (is_done || result_count() >= options_.results) return;
        }
        if (options_.in_order && outcome.item != expected_) {
            early_.emplace(outcome.item, std::move(outcome));
        } else {
            ready_.push_back(std::move(outcome));
            ++expected_;
        }
        while (!early_.empty() && early_.begin()->first == expected_) {
            ready_.push_back(std::move(early_.begin()->second));
            early_.erase(early_.begin());
            ++expected_;
        }
        // (Failures of work that returns nothing hold nobody up.)
        is_full_ = !std::is_void_v<Result> && result_count() >= options_.results;
    }

    void put_down(Hand& hand) {
        const bool has_failed = !hand.failed.empty();
        in_hands_ -= hand.pieces.size();
        // It was cancelled on the way: what has no outcome was not begun.
        stats_.discarded += hand.pieces.size() - hand.outcomes.size() - hand.failed.size();
        for (Outcome& outcome : hand.outcomes) keep(std::move(outcome));
        for (Piece& piece : hand.failed) second_.push_back(std::move(piece));
        stats_.retried += hand.failed.size();
        hand.pieces.clear();
        hand.outcomes.clear();
        hand.failed.clear();
        if (has_failed && (is_closed_ || scope_.cancelled())) discard_waiting();
        if (has_failed) work_there_.notify_all();
        if (waiters_ > 0) settled_.notify_all();
    }

    void pick_up(Hand& hand, int worker) {
        const auto again = std::find_if(second_.begin(), second_.end(),
                                        [&](const Piece& piece) { return is_for(piece, worker); });
        if (again != second_.end()) {
            hand.pieces.push_back(std::move(*again));
            second_.erase(again);
        } else {
            const auto fair = waiting_.size() / (2 * static_cast<std::size_t>(options_.threads));
            const auto quick = static_cast<std::size_t>(0.0001 / hand.usual.count());
            std::size_t count = std::clamp<std::size_t>(std::min(fair, quick), 1, 256);
            count = std::min(count, options_.results - result_count());
            for (std::size_t i = 0; i < count; ++i) {
                hand.pieces.push_back(std::move(waiting_.front()));
                waiting_.pop_front();
            }
        }
        in_hands_ += hand.pieces.size();
        if (pushers_ > 0) room_.notify_all();
    }

    /// False: it is over.
    bool exchange(Hand& hand, int worker) {
        std::unique_lock lock(mutex_);
        put_down(hand);
        while (!is_closed_ && !has_work_for(worker)) {
            ++idle_;
            work_there_.wait(lock);
            --idle_;
        }
        if (is_closed_) return false;
        pick_up(hand, worker);
        return true;
    }

    // A worker's thread, without the mutex.

    void run(int worker) {
        Hand hand;
        while (exchange(hand, worker)) {
            const Clock::time_point begun = Clock::now();
            for (Piece& piece : hand.pieces) {
                if (scope_.cancelled()) break;
                do_piece(hand, piece, worker);
            }
            const std::chrono::duration<double> took = Clock::now() - begun;
            const auto each = took / static_cast<double>(hand.pieces.size());
            hand.usual = std::max(std::chrono::duration<double>(1e-7), (hand.usual + each) / 2);
        }
    }

    void do_piece(Hand& hand, Piece& piece, int worker) {
        Outcome outcome{.item = piece.number};
        try {
            if constexpr (std::is_void_v<Result>) {
                work_(piece.item, scope_);
                outcome.value.emplace();
            } else {
                outcome.value.emplace(work_(piece.item, scope_));
            }
        } catch (const std::exception& error) {
            outcome.failure = error.what();
        } catch (...) {
            outcome.failure = "it threw something that is no std::exception";
        }
        if (!outcome.value && piece.failed_by == nobody) {
            piece.failed_by = worker;
            hand.failed.push_back(std::move(piece));
            return;
        }
        if (!outcome.value && outcome.failure.empty()) outcome.failure = "no reason was given";
        hand.outcomes.push_back(std::move(outcome));
    }

    // Constant after construction.
    const FanOutOptions options_;
    const Work work_;
    CancelScope scope_;

    mutable std::mutex mutex_;
    std::condition_variable work_there_;
    std::condition_variable room_;
    std::condition_variable settled_;

    // Guarded by mutex_.
    std::deque<Piece> waiting_;
    std::deque<Piece> second_;                // failed once
    std::deque<Outcome> ready_;               // for next(), in the order in which it gives them
    std::map<std::uint64_t, Outcome> early_;  // in_order: before their turn, by item
    bool is_full_ = false;                    // of results: workers wait
    std::uint64_t expected_ = 0;              // in_order: the item whose turn it is
    std::uint64_t gathered_ = 0;
    std::size_t in_hands_ = 0;
    std::size_t idle_ = 0;
    std::size_t pushers_ = 0;
    std::size_t waiters_ = 0;
    std::size_t gatherers_ = 0;
    bool is_closed_ = false;
    FanOutStats stats_;  // without in_flight

    std::mutex end_mutex_;
    std::vector<std::thread> threads_;  // guarded by end_mutex_
};

}  // namespace bus
}  // namespace baton

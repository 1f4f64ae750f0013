// Crew: the workers of a FanOut, their items and results.
//
// Each worker takes as many items at once as it is likely to do in a tenth of a millisecond: one
// where an item takes long, so that nobody holds what another could do; many where they are tiny,
// so that the lock costs little. (A process: in five milliseconds, for the way there and back.)
//
// Threads: everything may be called from any; guarded by one mutex.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"
#include "baton/local_bus/cancel.hpp"
#include "baton/local_bus/crew_hand.hpp"
#include "baton/local_bus/fan_out_options.hpp"
#include "baton/local_bus/part.hpp"
#include "baton/local_bus/remote_worker.hpp"
#include "baton/types/fields.hpp"

namespace baton {

namespace bus {

template <class Item, class Result>
class Crew final : public Part {
public:
    using Outcome = Gathered<Result>;
    using Work = std::function<Result(const Item&, const CancelScope&)>;

    Crew(const FanOutOptions& options, const CancelScope& outer, Work work)
        : options_(options),
          work_(std::move(work)),
          end_at_(options.deadline ? std::optional(Clock::now() + *options.deadline)
                                   : std::nullopt),
          scope_(scope_until(end_at_, outer)),
          results_(options.in_order) {
        static_assert(types::check_value<Item>());
        require_transferable<Result>(options);
    }
    ~Crew() override { end(); }

    void start(std::vector<std::shared_ptr<RemoteWorker>> processes) {
        const std::lock_guard lock(end_mutex_);
        {
            const std::lock_guard crew_lock(mutex_);
            processes_ = std::move(processes);
            workers_ = options_.threads + static_cast<int>(processes_.size());
        }
        for (int worker = 0; worker < options_.threads; ++worker) {
            threads_.emplace_back([this, worker] { run(worker); });
        }
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            threads_.emplace_back(
                [this, i] { run_remote(options_.threads + static_cast<int>(i), *processes_[i]); });
        }
    }

    bool push(Item item) {
        std::unique_lock lock(mutex_);
        Stall stall;
        const auto is_full = [&] {
            return waiting_.size() >= options_.depth || (workers_ == 0 && is_full_);
        };
        while (!is_closed_ && is_full() && !scope_.cancelled()) {
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
        if (workers_ == 0) fail_waiting();
        if (idle_ > 0) work_there_.notify_one();
        return true;
    }

    std::optional<Outcome> next(std::chrono::milliseconds timeout) {
        std::unique_lock lock(mutex_);
        if (!results_.is_ready()) {
            ++gatherers_;
            wait(lock, timeout, [&] { return results_.is_ready() || is_settled(); });
            --gatherers_;
            // What was discarded leaves gaps: then what there is comes in its order.
            if (is_settled()) results_.hand_over_early();
        }
        if (!results_.is_ready()) return std::nullopt;
        Outcome outcome = results_.take();
        ++gathered_;
        if (is_full_ && results_.count() <= options_.results - options_.results / 4 &&
            results_.count() < options_.results) {
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

    /// Of each of the options' processes, in their order.
    [[nodiscard]] std::vector<ProcessStats> processes() const {
        const std::lock_guard lock(mutex_);
        std::vector<ProcessStats> stats;
        for (const auto& process : processes_) stats.push_back(process->stats());
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
        for (const auto& process : processes_) process->dismiss();
        for (const auto& process : processes_) process->end();
        for (std::thread& thread : threads_) {
            BATON_CHECK(thread.get_id() != std::this_thread::get_id());
            thread.join();
        }
        threads_.clear();
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds look_interval{20};

    using Piece = bus::Piece<Item>;
    using Hand = bus::Hand<Item, Result>;

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
                        std::to_string(results_.count()) +
                            " results of a fan_out() wait for next(), so its workers do: gather "
                            "between one push() and another");
        }
    }

    [[nodiscard]] bool is_settled() const {
        return stats_.pushed == stats_.done + stats_.failed + stats_.discarded;
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
        return piece.failed_by != worker || workers_ == 1;
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
            if (is_done || results_.count() >= options_.results) return;
        }
        results_.add(std::move(outcome));
        // (Failures of work that returns nothing hold nobody up.)
        is_full_ = !std::is_void_v<Result> && results_.count() >= options_.results;
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

    /// Nobody is left who could do what waits.
    void fail_waiting() {
        for (auto* const pieces : {&waiting_, &second_}) {
            for (Piece& piece : *pieces) {
                keep({.item = piece.number, .failure = "no worker is left: " + fault_});
            }
            pieces->clear();
        }
        room_.notify_all();
        settled_.notify_all();
    }

    void leave(Hand& hand, const std::string& fault) {
        const std::lock_guard lock(mutex_);
        put_down(hand);
        fault_ = fault;
        if (--workers_ == 0) fail_waiting();
        work_there_.notify_all();  // what failed here is for the last one, too
    }

    void pick_up(Hand& hand, int worker, double seconds) {
        const auto again = std::find_if(second_.begin(), second_.end(),
                                        [&](const Piece& piece) { return is_for(piece, worker); });
        if (again != second_.end()) {
            hand.pieces.push_back(std::move(*again));
            second_.erase(again);
        } else {
            const auto fair = waiting_.size() / (2 * static_cast<std::size_t>(workers_));
            const auto quick = static_cast<std::size_t>(seconds / hand.usual.count());
            std::size_t count = std::clamp<std::size_t>(std::min(fair, quick), 1, 256);
            count = std::min(count, options_.results - results_.count());
            for (std::size_t i = 0; i < count; ++i) {
                hand.pieces.push_back(std::move(waiting_.front()));
                waiting_.pop_front();
            }
        }
        in_hands_ += hand.pieces.size();
        if (pushers_ > 0) room_.notify_all();
    }

    /// False: it is over.
    bool exchange(Hand& hand, int worker, double seconds) {
        std::unique_lock lock(mutex_);
        put_down(hand);
        while (!is_closed_ && !has_work_for(worker)) {
            ++idle_;
            work_there_.wait(lock);
            --idle_;
        }
        if (is_closed_) return false;
        pick_up(hand, worker, seconds);
        return true;
    }

    // A worker's thread, without the mutex.

    void run(int worker) {
        constexpr double seconds = 0.0001;
        Hand hand;
        while (exchange(hand, worker, seconds)) {
            const Clock::time_point begun = Clock::now();
            for (Piece& piece : hand.pieces) {
                if (scope_.cancelled()) break;
                do_piece(hand, piece, worker);
            }
            hand.note_pace(Clock::now() - begun);
        }
    }

    void run_remote(int worker, RemoteWorker& process) {
        constexpr double seconds = 0.005;
        Hand hand;
        while (exchange(hand, worker, seconds)) {
            const Clock::time_point begun = Clock::now();
            call(hand, worker, process);
            if (const auto fault = process.fault()) return leave(hand, *fault);
            hand.note_pace(Clock::now() - begun);
        }
    }

    void call(Hand& hand, int worker, RemoteWorker& process) {
        std::vector<std::string> items;
        std::vector<Piece*> sent;
        for (Piece& piece : hand.pieces) {
            try {
                items.push_back(encode_msgpack(piece.item));
                sent.push_back(&piece);
            } catch (const Error& error) {
                hand.conclude(piece, worker, {.item = piece.number, .failure = error.what()});
            }
        }
        const auto replies = process.call(std::move(items), scope_, end_at_);
        for (std::size_t i = 0; i < sent.size(); ++i) {
            if (replies[i].fate == RemoteWorker::Fate::cancelled) continue;
            hand.conclude(*sent[i], worker, outcome_of<Result>(replies[i], sent[i]->number));
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
        hand.conclude(piece, worker, std::move(outcome));
    }

    // Constant after construction.
    const FanOutOptions options_;
    const Work work_;
    const std::optional<Clock::time_point> end_at_;
    CancelScope scope_;

    mutable std::mutex mutex_;
    std::condition_variable work_there_;
    std::condition_variable room_;
    std::condition_variable settled_;

    // Guarded by mutex_.
    std::deque<Piece> waiting_;
    std::deque<Piece> second_;  // failed once
    Results<Result> results_;
    bool is_full_ = false;  // of results: workers wait
    std::uint64_t gathered_ = 0;
    std::size_t in_hands_ = 0;
    std::size_t idle_ = 0;
    std::size_t pushers_ = 0;
    std::size_t waiters_ = 0;
    std::size_t gatherers_ = 0;
    bool is_closed_ = false;
    FanOutStats stats_;                                     // without in_flight
    int workers_ = 0;                                       // that have not left
    std::string fault_;                                     // of who left last
    std::vector<std::shared_ptr<RemoteWorker>> processes_;  // from start() on always the same

    std::mutex end_mutex_;
    std::vector<std::thread> threads_;  // guarded by end_mutex_
};

}  // namespace bus
}  // namespace baton

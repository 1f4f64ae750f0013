// What a worker of a Crew has in hand, and what came of it.
//
// Threads: a Hand is its worker's own, Results belong to whoever locks them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/local_bus/cancel.hpp"
#include "baton/local_bus/fan_out_options.hpp"
#include "baton/local_bus/foreign.hpp"
#include "baton/local_bus/remote_worker.hpp"

namespace baton::bus {

inline constexpr int nobody = -1;

/// Throws Error(bus_misused) where results cannot come from the options' processes.
template <class Result>
void require_transferable(const FanOutOptions& options) {
    if constexpr (!std::is_void_v<Result> && !is_transferable<Result>) {
        if (options.processes.empty()) return;
        refuse_processes(
            "results come from them as msgpack, so let the worker return a struct with "
            "BATON_FIELDS, or a value that could be a field");
    }
}

template <class Item>
struct Piece {
    Item item;
    std::uint64_t number;
    int failed_by;  // a worker, or nobody
};

template <class Item, class Result>
struct Hand {
    std::vector<Piece<Item>> pieces{};
    std::vector<Gathered<Result>> outcomes{};
    std::vector<Piece<Item>> failed{};  // for another one
    std::chrono::duration<double> usual{0.001};

    /// The first failure of a piece is none yet.
    void conclude(Piece<Item>& piece, int worker, Gathered<Result> outcome) {
        if (!outcome.value && piece.failed_by == nobody) {
            piece.failed_by = worker;
            failed.push_back(std::move(piece));
            return;
        }
        if (!outcome.value && outcome.failure.empty()) outcome.failure = "no reason was given";
        outcomes.push_back(std::move(outcome));
    }

    /// How long each of them usually takes.
    void note_pace(std::chrono::duration<double> took) {
        const auto each = took / static_cast<double>(pieces.size());
        usual = std::max(std::chrono::duration<double>(1e-7), (usual + each) / 2);
    }
};

/// A scope inside of `outer`, until then.
inline CancelScope scope_until(std::optional<std::chrono::steady_clock::time_point> end_at,
                               const CancelScope& outer) {
    if (!end_at) return outer.inside();
    return outer.inside([until = *end_at] { return std::chrono::steady_clock::now() >= until; });
}

/// What is to be gathered: as it comes, or, `in_order`, as it was pushed.
template <class Result>
class Results {
public:
    explicit Results(bool in_order) : in_order_(in_order) {}

    void add(Gathered<Result> outcome) {
        if (in_order_ && outcome.item != expected_) {
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
    }
    /// Gives up what would come before them.
    void hand_over_early() {
        for (auto& [number, outcome] : early_) ready_.push_back(std::move(outcome));
        early_.clear();
    }
    [[nodiscard]] bool is_ready() const noexcept { return !ready_.empty(); }
    [[nodiscard]] Gathered<Result> take() {
        Gathered<Result> outcome = std::move(ready_.front());
        ready_.pop_front();
        return outcome;
    }
    [[nodiscard]] std::size_t count() const noexcept { return ready_.size() + early_.size(); }

private:
    const bool in_order_;
    std::deque<Gathered<Result>> ready_;               // in the order in which they are given
    std::map<std::uint64_t, Gathered<Result>> early_;  // in order: before their turn, by item
    std::uint64_t expected_ = 0;                       // in order: whose turn it is
};

template <class Result>
Gathered<Result> outcome_of(const RemoteWorker::Reply& reply, std::uint64_t number) {
    Gathered<Result> outcome{.item = number};
    if (reply.fate == RemoteWorker::Fate::failed) {
        outcome.failure = reply.bytes;
        return outcome;
    }
    if constexpr (std::is_void_v<Result>) {
        outcome.value.emplace();
    } else if constexpr (is_transferable<Result>) {
        try {
            outcome.value.emplace(decode_foreign<Result>(reply.bytes));
        } catch (const Error& error) {
            outcome.failure = std::string("its result is not what is gathered: ") + error.what();
        }
    }
    return outcome;
}

}  // namespace baton::bus

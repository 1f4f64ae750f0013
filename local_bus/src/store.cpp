#include "baton/local_bus/store.hpp"

#include "baton/base/error.hpp"

namespace baton {

void Next::operator()() const { core_.pass(at_, message_, has_arrived_); }

namespace bus {
namespace {

constexpr std::size_t history_limit = 100'000;
// How long somebody who waits may not see that his scope was cancelled.
constexpr std::chrono::milliseconds look_interval{20};

class Flag {
public:
    explicit Flag(bool& flag) : flag_(flag) { flag_ = true; }
    ~Flag() { flag_ = false; }
    Flag(const Flag&) = delete;
    Flag& operator=(const Flag&) = delete;

private:
    bool& flag_;
};

}  // namespace

StoreCore::StoreCore(std::string name, const StoreOptions& options, std::function<void()> changed)
    : name_(std::move(name)), history_max_(options.history), changed_(std::move(changed)) {
    if (history_max_ > history_limit) {
        throw Error(ErrorCode::bus_misused, "store \"" + name_ + "\": a history of " +
                                                std::to_string(history_max_) +
                                                " is not in 0 to 100000");
    }
}

void StoreCore::add(Type type, Reducer reducer) {
    require_own_thread();
    require_no_reducer();
    for (const auto& [other, there] : reducers_) {
        if (other != type && there.own_topic != reducer.own_topic) continue;
        throw Error(ErrorCode::bus_misused, "store \"" + name_ + "\" has a reducer for \"" +
                                                std::string(reducer.own_topic) + "\" already");
    }
    reducers_.emplace(type, std::move(reducer));
}

void StoreCore::use(Middleware middleware) {
    require_own_thread();
    chain_.push_back(std::move(middleware));
}

void StoreCore::follow(Bus& bus, SubscribeOptions options) {
    require_own_thread();
    if (source_) {
        throw Error(ErrorCode::bus_misused, "store \"" + name_ + "\" follows a bus already");
    }
    if (options.topic.empty()) options.topic = "**";
    source_ = bus.inbox<Message>(options);
    scope = bus.scope().inside();
    context = bus.context();
}

void StoreCore::require_own_thread() const {
    if (thread_ == std::this_thread::get_id()) return;
    throw Error(ErrorCode::bus_misused,
                "store \"" + name_ + "\" is of another thread: tell it over a Bus that it follows");
}

void StoreCore::require_no_reducer() const {
    if (!is_reducing_) return;
    throw Error(
        ErrorCode::bus_misused,
        "store \"" + name_ + "\": a reducer changes the state, and calls the store no more");
}

void StoreCore::dispatch(const MessagePtr& message) {
    require_own_thread();
    require_no_reducer();
    bool has_arrived = false;
    pass(0, message, has_arrived);
    if (!has_arrived) ++stats.kept_back;
}

void StoreCore::pass(std::size_t at, const MessagePtr& message, bool& has_arrived) {
    if (at < chain_.size()) {
        chain_[at](*message, Next(*this, at + 1, message, has_arrived));
        return;
    }
    if (has_arrived) {
        throw Error(ErrorCode::bus_misused,
                    "store \"" + name_ + "\": a middleware passed a message on twice");
    }
    has_arrived = true;
    arrive(message);
}

void StoreCore::arrive(const MessagePtr& message) {
    ++stats.folded;
    if (recorder) recorder(*message);
    if (history_max_ > 0) {
        if (history.size() >= history_max_) history.pop_front();
        history.push_back(message);
    }
    const auto reducer = reducers_.find(message->type());
    if (reducer == reducers_.end()) {
        ++stats.unreduced;
    } else {
        reduce(reducer->second, message);
    }
    // Those who wait inside of each other: one that a callback added is behind them.
    for (std::size_t i = 0; i < watchers.size(); ++i) watchers[i](message);
    if (reducer != reducers_.end()) changed_();
}

void StoreCore::reduce(const Reducer& reducer, const MessagePtr& message) {
    const Flag reducing(is_reducing_);
    try {
        reducer.reduce(*message);
    } catch (...) {
        ++stats.failed;
        throw;
    }
}

bool StoreCore::pump(std::chrono::milliseconds timeout, const CancelScope& within,
                     const std::function<bool()>& is_enough) {
    require_own_thread();
    require_no_reducer();
    constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
    const auto deadline = std::chrono::steady_clock::now() + std::min(timeout, longest);
    while (!is_enough()) {
        if (within.cancelled() || scope.cancelled()) return false;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (!source_ && left.count() <= 0) return false;
        if (!source_) {
            throw Error(ErrorCode::bus_misused,
                        "store \"" + name_ + "\" follows no bus, so nothing would come");
        }
        const auto message =
            source_->take(std::clamp(left, std::chrono::milliseconds(0), look_interval));
        if (message) {
            dispatch(message);
        } else if (left.count() <= 0) {
            return false;
        }
    }
    return true;
}

std::size_t StoreCore::catch_up() {
    require_own_thread();
    require_no_reducer();
    std::size_t count = 0;
    if (!source_) return count;
    // No more than waits now: else a publisher that is faster would hold its caller here.
    for (std::uint64_t left = source_->stats().in_flight; left > 0; --left) {
        const auto message = source_->take();
        if (!message) break;
        ++count;
        dispatch(message);
    }
    return count;
}

bool StoreCore::replay(std::string_view topic, std::string_view own_topic, std::string_view json) {
    require_own_thread();
    require_no_reducer();
    for (const auto& [type, reducer] : reducers_) {
        if (reducer.own_topic != own_topic) continue;
        arrive(reducer.decode(topic == own_topic ? std::string_view{} : topic, json));
        return true;
    }
    return false;
}

}  // namespace bus
}  // namespace baton

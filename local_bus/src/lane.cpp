#include "lane.hpp"

#include <bit>
#include <utility>

#include "baton/base/check.hpp"
#include "baton/base/log.hpp"
#include "topics.hpp"

namespace baton::bus {
namespace {

// The lane whose callback this thread runs.
thread_local Lane* current_lane = nullptr;

// Who waits for whom, over all buses: taken only by who is about to wait, and holds nothing up.
std::mutex& waits_mutex() {
    static std::mutex mutex;
    return mutex;
}

// After how long a callback that holds up the end of its subscription is told of.
constexpr std::chrono::seconds patience_at_end{5};

}  // namespace

Lane::Lane(const SubscribeOptions& options, Type type, ConflationKey key, Callback callback,
           LaneTraits traits)
    : pattern_(options.topic),
      type_(type),
      has_thread_(callback || traits.deliver),
      traits_(std::move(traits)),
      callback_(std::move(callback)),
      mailbox_(options.depth, options.when_full, std::move(key), traits_.lingers) {
    require_pattern(pattern_);
}

Lane::~Lane() { BATON_CHECK(!thread_.joinable()); }

void Lane::start() {
    if (!has_thread_) return;
    const std::lock_guard lock(mutex_);
    thread_ = std::thread([self = shared_from_this()] { self->run(); });
}

bool Lane::stop() {
    mailbox_.close();
    if (is_current()) return false;
    const Waiting waiting(this);
    if (waiting.is_circular()) return false;
    join();
    return true;
}

void Lane::join() {
    std::thread thread;
    {
        std::unique_lock lock(mutex_);
        if (!thread_.joinable()) {
            // Another one has it, and waits.
            ended_.wait(lock, [&] { return has_ended_ || !has_thread_; });
            return;
        }
        thread = std::move(thread_);
        if (!ended_.wait_for(lock, patience_at_end, [&] { return has_ended_; })) {
            log_line(spdlog::level::warn, "a subscriber holds up its end: it has not returned",
                     {{"topic", pattern_}, {"seconds", patience_at_end.count()}});
        }
    }
    thread.join();
}

bool Lane::is_over() const {
    if (!mailbox_.is_closed()) return false;
    const std::lock_guard lock(mutex_);
    return has_ended_ || !has_thread_;
}

bool Lane::is_current() const noexcept { return current_lane == this; }

Lane::Wait Lane::offer_patiently(const MessagePtr& message, Clock::time_point since) {
    const Waiting waiting(this);
    if (waiting.is_circular()) {
        mailbox_.refuse();
        return Wait::circular;
    }
    switch (mailbox_.offer_until(message, since + mailbox_.patience())) {
        case Mailbox::Offer::accepted:
            return Wait::accepted;
        case Mailbox::Offer::closed:
            return Wait::closed;
        default:
            return Wait::timed_out;
    }
}

SubscriptionStats Lane::stats() const {
    SubscriptionStats stats = mailbox_.stats();
    stats.topic = pattern_;
    return stats;
}

void Lane::run() {
    current_lane = this;
    std::vector<MessagePtr> batch;
    while (mailbox_.take_batch(batch)) deliver_all(batch);
    batch.clear();
    // Here, and not wherever the lane goes at last: it may have taken others with it, whose ends
    // ask the bus.
    callback_ = nullptr;
    traits_.deliver = nullptr;
    const std::lock_guard lock(mutex_);
    has_ended_ = true;
    ended_.notify_all();
}

void Lane::deliver_all(std::vector<MessagePtr>& batch) {
    if (traits_.deliver) {
        const std::size_t taken = traits_.deliver(batch);
        for (std::size_t i = 0; i < taken; ++i) mailbox_.note_handed(false);
        return;
    }
    for (MessagePtr& message : batch) {
        if (mailbox_.is_closed()) break;
        deliver(*message);
        message.reset();
    }
}

void Lane::deliver(const Message& message) {
    bool has_failed = true;
    try {
        callback_(message);
        has_failed = false;
    } catch (const std::exception& error) {
        report(error.what());
    } catch (...) {
        report("it threw something that is no std::exception");
    }
    mailbox_.note_handed(has_failed);
}

// The first, the second, the fourth failure, and so on: a subscriber that always throws must not
// fill the log.
void Lane::report(const char* reason) {
    const std::uint64_t count = mailbox_.failed() + 1;
    if (!std::has_single_bit(count)) return;
    log_line(spdlog::level::warn, "a subscriber failed",
             {{"topic", pattern_}, {"reason", reason}, {"failures", count}});
}

Lane::Waiting::Waiting(Lane* lane) {
    Lane* const self = current_lane;
    if (self == nullptr) return;
    const std::lock_guard lock(waits_mutex());
    for (const Lane* at = lane; at != nullptr; at = at->waits_for_) {
        if (at == self) is_circular_ = true;
    }
    before_ = self->waits_for_;
    if (!is_circular_) self->waits_for_ = lane;
}

Lane::Waiting::~Waiting() {
    if (current_lane == nullptr) return;
    const std::lock_guard lock(waits_mutex());
    current_lane->waits_for_ = before_;
}

}  // namespace baton::bus

// Lane: one subscription inside of the bus: its mailbox and, where it has a callback, the thread
// that delivers. Nobody else calls the callback, so it is called by one thread, in order.
//
// Threads: everything may be called from any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "baton/local_bus/foreign.hpp"
#include "baton/local_bus/message.hpp"
#include "baton/local_bus/policy.hpp"
#include "mailbox.hpp"

namespace baton::bus {

using Callback = std::function<void(const Message&)>;
/// Takes what is in hand at once, and returns how many of them were dealt with: all, or those until
/// it was told to end.
using BatchCallback = std::function<std::size_t(std::span<const MessagePtr>)>;

/// What sets a lane apart from the others of its kind.
struct LaneTraits {
    bool lingers = true;
    Decoder decoder = nullptr;     ///< of what another process published; null: none is for it
    BatchCallback deliver{};       ///< instead of a callback
    const void* origin = nullptr;  ///< whose it is, if it is another process's
};

class RawMessage;

class Lane : public std::enable_shared_from_this<Lane> {
public:
    /// Of messages of `type`; of all, if it is null.
    Lane(const SubscribeOptions& options, Type type, ConflationKey key, Callback callback,
         LaneTraits traits = {});
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    /// Starts the thread, if there is a callback.
    void start();
    /// Nothing is delivered once it has returned; waits for the callback. Only from the callback
    /// itself, or where the callback waits for the caller, it does not wait: then false.
    bool stop();
    /// Waits for the thread.
    void join();
    /// Whether nothing is in flight any more, nor will be.
    [[nodiscard]] bool is_over() const;

    /// As Mailbox::offer_until(), for Block; but false at once where to wait would be to wait for
    /// the caller.
    enum class Wait : std::uint8_t { accepted, timed_out, circular, closed };
    [[nodiscard]] Wait offer_patiently(const MessagePtr& message, Clock::time_point since);

    [[nodiscard]] Mailbox& mailbox() noexcept { return mailbox_; }
    [[nodiscard]] const std::string& pattern() const noexcept { return pattern_; }
    [[nodiscard]] bool wants(const Message& message) const noexcept {
        return type_ == nullptr || type_ == message.type() ||
               (traits_.decoder != nullptr && message.type() == type_of<RawMessage>);
    }
    /// Of a message that it wants: how it is made one of its type; null: it is one.
    [[nodiscard]] Decoder decoder_for(const Message& message) const noexcept {
        return type_ == nullptr || type_ == message.type() ? nullptr : traits_.decoder;
    }
    [[nodiscard]] const void* origin() const noexcept { return traits_.origin; }
    [[nodiscard]] SubscriptionStats stats() const;

    /// The caller, if it is a lane's thread, waits for `lane` while this lives.
    class Waiting {
    public:
        explicit Waiting(Lane* lane);
        ~Waiting();
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        /// It would wait for itself: do not.
        [[nodiscard]] bool is_circular() const noexcept { return is_circular_; }

    private:
        bool is_circular_ = false;
        Lane* before_ = nullptr;
    };
    /// Whether the calling thread is this lane's.
    [[nodiscard]] bool is_current() const noexcept;

private:
    void run();
    void deliver(const Message& message);
    void deliver_all(std::vector<MessagePtr>& batch);
    void report(const char* reason);

    // Constant after construction.
    const std::string pattern_;
    const Type type_;
    const bool has_thread_;

    LaneTraits traits_;  // its callback is the thread's, once it runs
    Callback callback_;  // likewise
    Mailbox mailbox_;

    mutable std::mutex mutex_;
    std::condition_variable ended_;

    // Guarded by mutex_.
    std::thread thread_;
    bool has_ended_ = false;  // the thread's last act

    // Guarded by the mutex of all waits (lane.cpp).
    Lane* waits_for_ = nullptr;
};

}  // namespace baton::bus

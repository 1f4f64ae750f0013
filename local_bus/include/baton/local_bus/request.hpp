// Questions and answers: a message that somebody answers within a deadline.
//
//   struct GetTotal {
//       static constexpr std::string_view topic = "region/total";
//       using Reply = RegionTotal;
//       std::string region;
//       BATON_FIELDS(region)
//   };
//   auto server = bus.answer<GetTotal>({}, [&](const GetTotal& question) { return total_of(…); });
//   if (const auto total = bus.ask(GetTotal{"north"}, {.deadline = 100ms})) use(*total.value);
//
// Threads: values, and Pending, which may be used from any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "baton/local_bus/cancel.hpp"
#include "baton/local_bus/message.hpp"

namespace baton {

struct AnswerOptions {
    std::string_view topic{};  ///< If empty, the topic of the question's type.
    std::size_t depth = 64;    ///< How many questions may wait; what comes then is refused.
};

struct AskOptions {
    std::string_view topic{};
    std::chrono::milliseconds deadline{5000};
};

enum class Asked : std::uint8_t {
    answered,
    failed,     ///< Whoever answers threw; `reason` says what.
    timed_out,  ///< No answer within the deadline. Nobody begins with the question any more.
    refused,    ///< Too many questions wait.
    nobody,     ///< Nobody answers such questions, or not any more.
    cancelled,  ///< The bus's scope was.
    circular,   ///< Whoever answers waits for the caller.
};

template <class Reply>
struct Answer {
    Asked state = Asked::nobody;
    std::optional<Reply> value = std::nullopt;
    std::string reason{};

    explicit operator bool() const noexcept { return value.has_value(); }
};

namespace bus {

/// What asker and answerer share.
template <class Reply>
class Pending {
public:
    explicit Pending(std::chrono::steady_clock::time_point deadline) : deadline_(deadline) {}

    /// Whether somebody still waits for it.
    [[nodiscard]] bool is_wanted() const {
        const std::lock_guard lock(mutex_);
        return !is_given_up_ && std::chrono::steady_clock::now() < deadline_;
    }
    void settle(Answer<Reply> answer) {
        const std::lock_guard lock(mutex_);
        if (answer_) return;
        answer_ = std::move(answer);
        settled_.notify_one();
    }
    [[nodiscard]] Answer<Reply> wait(const CancelScope& scope) {
        constexpr std::chrono::milliseconds look_interval{20};
        std::unique_lock lock(mutex_);
        while (!answer_) {
            const auto now = std::chrono::steady_clock::now();
            is_given_up_ = now >= deadline_ || scope.cancelled();
            if (is_given_up_) {
                return {.state = now >= deadline_ ? Asked::timed_out : Asked::cancelled};
            }
            settled_.wait_until(lock, std::min(deadline_, now + look_interval));
        }
        return std::move(*answer_);
    }

private:
    const std::chrono::steady_clock::time_point deadline_;
    mutable std::mutex mutex_;
    std::condition_variable settled_;
    // Guarded by mutex_.
    std::optional<Answer<Reply>> answer_;
    bool is_given_up_ = false;
};

/// On its way to whoever answers; one that is discarded tells who waits.
template <class Q>
class Question final : public TypedMessage<Q> {
public:
    using Reply = typename Q::Reply;

    Question(std::string_view given_topic, Q question, std::shared_ptr<Pending<Reply>> pending)
        : TypedMessage<Q>(given_topic, std::move(question)), pending_(std::move(pending)) {}
    ~Question() override { pending_->settle({.state = Asked::nobody}); }

    /// Calls `respond` if somebody waits; tells what it throws, and throws it again.
    template <class Respond>
    void be_answered(Respond& respond) const {
        if (!pending_->is_wanted()) return;
        try {
            pending_->settle({.state = Asked::answered, .value = respond(this->content())});
        } catch (const std::exception& error) {
            pending_->settle({.state = Asked::failed, .reason = error.what()});
            throw;
        } catch (...) {
            pending_->settle({.state = Asked::failed, .reason = "no std::exception"});
            throw;
        }
    }

private:
    const std::shared_ptr<Pending<Reply>> pending_;
};

}  // namespace bus
}  // namespace baton

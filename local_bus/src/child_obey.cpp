// What a session does of what its child says; child_session.cpp is how it lives.
#include <algorithm>
#include <utility>

#include "baton/base/error.hpp"
#include "baton/base/log.hpp"
#include "baton/base/text.hpp"
#include "child_session.hpp"

namespace baton::bus {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds patience_for_bye{500};
constexpr std::uint64_t malformed_max = 16;  // in a second
constexpr std::uint64_t lines_max = 200;     // in a second
constexpr std::size_t frames_at_once = 64;
constexpr std::size_t refusals_max = 64;  // that wait for a child that does not read them

spdlog::level::level_enum level_of(std::string_view name) {
    if (name == "silly") return spdlog::level::trace;
    if (name == "debug") return spdlog::level::debug;
    if (name == "info") return spdlog::level::info;
    if (name == "warn") return spdlog::level::warn;
    if (name == "error") return spdlog::level::err;
    throw wire::Malformed("a level that is none");
}

WhenFull when_full_of(const wire::ChildMessage& message) {
    if (message.patience_ms) {
        if (*message.patience_ms > wire::patience_ms_max) {
            throw Error(ErrorCode::bus_misused, "a publisher waits for a process at most 10000 ms");
        }
        return Block{std::chrono::milliseconds(*message.patience_ms)};
    }
    if (message.detail == "drop_oldest") return DropOldest{};
    if (message.detail == "drop_newest") return DropNewest{};
    if (message.detail == "conflate") return Conflate{};
    throw wire::Malformed("a when_full that is none");
}

}  // namespace

std::uint64_t SecondCounter::count() {
    const auto now = std::chrono::steady_clock::now();
    if (now - since_ >= 1s) {
        since_ = now;
        count_ = 0;
    }
    return ++count_;
}

// Not for ever, since others come first; but more than can wait on a connection that was closed.
void ChildSession::hear(Visit& visit) {
    for (std::size_t i = 0; i < frames_at_once; ++i) {
        const std::optional<std::string_view> frame = visit.link.receive();
        if (!frame) return;
        hear_frame(visit, *frame);
    }
    bell_.ring();
}

void ChildSession::hear_frame(Visit& visit, std::string_view frame) {
    try {
        if (frame.empty()) throw wire::Malformed("an empty frame, or one of several parts");
        if (frame.size() > wire::frame_bytes_max)
            throw wire::Malformed("a frame of more than 1 MiB");
        wire::Reader reader(frame);
        while (!reader.is_at_end()) {
            const wire::ChildMessage message = wire::read_child_message(reader);
            if (visit.is_welcome) {
                obey(visit, message);
            } else {
                welcome(visit, message);
            }
        }
    } catch (const wire::Malformed& fault) {
        note_malformed(visit, fault.what());
    }
}

void ChildSession::welcome(Visit& visit, const wire::ChildMessage& message) {
    if (message.kind != wire::FromChild::hello) throw CutOff("did not begin with hello");
    if (message.id != wire::version) {
        throw CutOff("speaks version " + std::to_string(message.id) +
                     " of the wire, and this program version 1");
    }
    if (message.detail != visit.secret) throw CutOff("has not the secret that it was given");
    visit.is_welcome = true;
    std::string frame;
    wire::Writer writer(frame);
    writer.array(3).text("welcome").natural(wire::version).map(4);
    writer.text("frame_bytes").natural(wire::frame_bytes_max);
    writer.text("subscriptions").natural(wire::subscriptions_max);
    writer.text("untaken").natural(wire::untaken_max);
    writer.text("items").natural(wire::items_max);
    const std::lock_guard lock(mutex_);
    outbox_.push_front(std::move(frame));
}

void ChildSession::obey(Visit& visit, const wire::ChildMessage& message) {
    try {
        switch (message.kind) {
            case wire::FromChild::hello:
                throw wire::Malformed("a second hello");
            case wire::FromChild::publish:
                return publish(message);
            case wire::FromChild::subscribe:
                return subscribe(message);
            case wire::FromChild::unsubscribe:
                return unsubscribe(message.id);
            case wire::FromChild::taken:
                return note_taken(message);
            case wire::FromChild::result:
            case wire::FromChild::failed:
                return note_answer(message);
            case wire::FromChild::log:
                return write_line(visit, message.detail, message.text);
            case wire::FromChild::bye:
                if (!visit.patience_until) visit.patience_until = Clock::now() + patience_for_bye;
                return;
        }
    } catch (const Error& error) {
        refuse(error.what());
    }
}

void ChildSession::publish(const wire::ChildMessage& message) {
    if (message.retain && retained_.insert(std::string(message.text)).second &&
        retained_.size() > wire::retained_max) {
        retained_.erase(std::string(message.text));
        throw Error(ErrorCode::bus_misused, "a process retains values of at most 64 topics");
    }
    const PublishedForeign result = hub_->publish(
        std::make_shared<RawMessage>(message.text, message.value), message.retain, this);
    if (!result.unreadable.empty()) {
        refuse("a subscriber of topic " + json_quoted(message.text) +
               " did not get a message: " + result.unreadable);
    }
    const std::lock_guard lock(mutex_);
    ++stats_.published;
}

void ChildSession::subscribe(const wire::ChildMessage& message) {
    if (message.id > INT32_MAX) throw wire::Malformed("an id above 2^31");
    if (message.count < 1 || message.count > wire::subscription_depth_max) {
        throw Error(ErrorCode::bus_misused,
                    "a depth of " + std::to_string(message.count) + " is not in 1 to 65536");
    }
    {
        const std::lock_guard lock(mutex_);
        if (subscriptions_.contains(message.id)) {
            throw Error(ErrorCode::bus_misused,
                        "there is a subscription " + std::to_string(message.id) + " already");
        }
        if (subscriptions_.size() >= wire::subscriptions_max) {
            throw Error(ErrorCode::bus_misused, "a process has at most 64 subscriptions");
        }
    }
    const auto subscription = std::make_shared<Subscription>();
    subscription->id = message.id;
    subscription->lane = std::make_shared<Lane>(
        SubscribeOptions{.topic = message.text,
                         .depth = static_cast<std::size_t>(message.count),
                         .when_full = when_full_of(message)},
        nullptr, ConflationKey(), Callback(),
        LaneTraits{.deliver = [this, weak = std::weak_ptr(subscription)](
                                  std::span<const MessagePtr> messages) -> std::size_t {
                       const auto mine = weak.lock();
                       return mine ? deliver(mine, messages) : 0;
                   },
                   .origin = this});
    {
        const std::lock_guard lock(mutex_);
        subscriptions_.emplace(message.id, subscription);
    }
    try {
        hub_->add(subscription->lane);
    } catch (const Error&) {
        const std::lock_guard lock(mutex_);
        subscriptions_.erase(message.id);
        throw;
    }
    std::string frame;
    wire::Writer(frame).array(2).text("subscribed").natural(static_cast<std::uint64_t>(message.id));
    post(std::move(frame));
}

void ChildSession::unsubscribe(std::int64_t id) {
    std::shared_ptr<Subscription> subscription;
    {
        const std::lock_guard lock(mutex_);
        const auto found = subscriptions_.find(id);
        if (found == subscriptions_.end()) return;
        subscription = std::move(found->second);
        subscriptions_.erase(found);
        subscription->is_open = false;
    }
    changed_.notify_all();
    hub_->remove(subscription->lane);
}

void ChildSession::note_taken(const wire::ChildMessage& message) {
    {
        const std::lock_guard lock(mutex_);
        const auto found = subscriptions_.find(message.id);
        if (found == subscriptions_.end()) return;  // it ended meanwhile
        Subscription& subscription = *found->second;
        if (static_cast<std::uint64_t>(message.count) > subscription.sent - subscription.taken) {
            throw wire::Malformed("more taken than was sent");
        }
        subscription.taken += static_cast<std::uint64_t>(message.count);
    }
    changed_.notify_all();
}

// Called by the lane's thread. They are delivered when the child has said so.
std::size_t ChildSession::deliver(const std::shared_ptr<Subscription>& subscription,
                                  std::span<const MessagePtr> messages) {
    const auto lost = subscription->lane->stats().dropped;
    std::vector<std::string> frames(1);
    std::size_t sent = 0;
    for (const MessagePtr& message : messages) {
        std::string value;
        try {
            value = message->msgpack();
        } catch (const Error& error) {
            log_line(spdlog::level::warn, "a message cannot go to a process",
                     {{"topic", message->topic()}, {"reason", error.what()}});
            continue;
        }
        constexpr std::size_t around = 320;
        if (value.size() > wire::frame_bytes_max - around) {
            log_line(spdlog::level::warn, "a message is too large for a process",
                     {{"topic", message->topic()}, {"bytes", value.size()}});
            continue;
        }
        if (!frames.back().empty() &&
            frames.back().size() + value.size() + around > wire::frame_bytes_usual) {
            frames.emplace_back();
        }
        wire::Writer writer(frames.back());
        writer.array(6).text("message").natural(static_cast<std::uint64_t>(subscription->id));
        writer.text(message->topic()).natural(message->sequence()).natural(lost).value(value);
        ++sent;
    }
    std::unique_lock lock(mutex_);
    if (!subscription->is_open) return 0;
    const std::uint64_t before = subscription->taken;
    subscription->sent += sent;
    for (std::string& frame : frames) {
        if (!frame.empty()) outbox_.push_back(std::move(frame));
    }
    bell_.ring();
    changed_.wait(
        lock, [&] { return !subscription->is_open || subscription->taken == subscription->sent; });
    const std::uint64_t taken = subscription->taken - before;
    // What could not be sent is delivered, too, as far as there is something to do about it.
    return taken == sent ? messages.size() : taken;
}

void ChildSession::note_answer(const wire::ChildMessage& message) {
    const std::lock_guard lock(mutex_);
    if (message.id >= next_item_) throw wire::Malformed("an answer to an item that was not given");
    if (!call_ || message.id < call_->first) return;  // nobody wants it any more
    const auto index = static_cast<std::size_t>(message.id - call_->first);
    if (call_->replies[index]) return;
    ++stats_.answered;
    if (message.kind == wire::FromChild::result) {
        answer(index, {.fate = Fate::done, .bytes = std::string(message.value)});
    } else {
        answer(index, {.fate = Fate::failed, .bytes = storable_text(message.text)});
    }
}

void ChildSession::note_malformed(Visit& visit, const char* what) {
    {
        const std::lock_guard lock(mutex_);
        ++stats_.malformed;
        // What was in it may have been an answer, and nobody is to wait for that for ever.
        answer_all({.fate = Fate::failed,
                    .bytes = std::string("its process sent a frame that is none: ") + what});
    }
    if (!visit.is_welcome) throw CutOff(std::string("did not begin with hello, but with ") + what);
    refuse(what);
    if (visit.malformed.count() > malformed_max) {
        throw CutOff(std::string("was cut off: it sent more than 16 malformed frames in a "
                                 "second, the last of them ") +
                     what);
    }
}

void ChildSession::write_line(Visit& visit, std::string_view level, std::string_view text) {
    const spdlog::level::level_enum found = level_of(level);
    if (visit.logged.count() > lines_max) {
        const std::lock_guard lock(mutex_);
        ++stats_.unlogged;
        return;
    }
    log_line(found, "a process says",
             {{"program", process_.arguments.front()},
              {"pid", visit.link.pid()},
              {"text", storable_text(text, 4096)}});
}

void ChildSession::refuse(std::string_view what) {
    std::string frame;
    wire::Writer(frame).array(2).text("refused").text(what);
    const std::lock_guard lock(mutex_);
    if (outbox_.size() < refusals_max) outbox_.push_back(std::move(frame));
}

}  // namespace baton::bus

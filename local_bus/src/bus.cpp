#include "baton/local_bus/bus.hpp"

#include <utility>

#include "baton/base/text.hpp"
#include "child_session.hpp"
#include "hub.hpp"

namespace baton {

Bus::Bus(std::function<bool()> is_cancelled, BusContext context)
    : context_(std::move(context)), hub_(std::make_shared<bus::Hub>(std::move(is_cancelled))) {}

Bus::~Bus() { close(); }

void Bus::close() { hub_->close(); }

const CancelScope& Bus::scope() const noexcept { return hub_->scope(); }

BusStats Bus::stats() const { return hub_->stats(); }

std::uint64_t Bus::next_sequence() { return hub_->next_sequence(); }

Published Bus::publish_message(std::shared_ptr<Message> message, bool retain) {
    return hub_->publish(std::move(message), retain);
}

void Bus::tap(std::shared_ptr<bus::Tap> tap) { hub_->tap(std::move(tap)); }

void Bus::untap(const std::shared_ptr<bus::Tap>& tap) { hub_->untap(tap); }

void Bus::log_arguments(Level level, fmt::string_view format, fmt::format_args arguments) {
    if (!hub_->is_wanted(*bus::empty_line(level))) return;
    publish(LogLine{std::string(name_of(level)), storable_text(fmt::vformat(format, arguments)),
                    context_.task, context_.attempt, context_.trace},
            {.topic = log_topic(level)});
}

std::shared_ptr<bus::Lane> Bus::add_lane(const SubscribeOptions& options, bus::Type type,
                                         std::function<std::string(const Message&)> key,
                                         std::function<void(const Message&)> callback,
                                         bus::Decoder decoder) {
    auto lane = std::make_shared<bus::Lane>(options, type, std::move(key), std::move(callback),
                                            bus::LaneTraits{.decoder = decoder});
    hub_->add(lane);
    return lane;
}

std::shared_ptr<bus::Lane> Bus::add_server(const SubscribeOptions& options, bus::Type type,
                                           std::function<void(const Message&)> callback) {
    auto lane = std::make_shared<bus::Lane>(options, type, nullptr, std::move(callback),
                                            bus::LaneTraits{.lingers = false});
    hub_->add_server(lane);
    return lane;
}

std::vector<std::shared_ptr<bus::RemoteWorker>> Bus::start_processes(const FanOutOptions& options) {
    return bus::start_children(options, hub_);
}

void Bus::add_part(const std::shared_ptr<bus::Part>& part) { hub_->add(part); }

Asked Bus::ask_message(std::shared_ptr<Message> question, const std::function<void()>& wait) {
    const std::shared_ptr<bus::Lane> server = hub_->server(question->topic());
    if (!server || !server->wants(*question)) return Asked::nobody;
    const bus::Lane::Waiting waiting(server.get());
    if (waiting.is_circular()) return Asked::circular;
    bus::MessagePtr sent = std::move(question);  // not kept here: its end is an answer, too
    switch (server->mailbox().offer(sent, true)) {
        case bus::Mailbox::Offer::accepted:
            wait();
            return Asked::answered;
        case bus::Mailbox::Offer::closed:
            return Asked::nobody;
        default:
            return Asked::refused;
    }
}

Subscription::Subscription(std::shared_ptr<bus::Hub> hub, std::shared_ptr<bus::Lane> lane)
    : hub_(std::move(hub)), lane_(std::move(lane)) {}

Subscription& Subscription::operator=(Subscription&& other) noexcept {
    if (this != &other) {
        end();
        hub_ = std::move(other.hub_);
        lane_ = std::move(other.lane_);
    }
    return *this;
}

Subscription::~Subscription() { end(); }

void Subscription::end() noexcept {
    if (lane_) hub_->remove(lane_);
}

bool Subscription::wait_for(std::chrono::milliseconds timeout) {
    if (!lane_) return true;
    const bus::Lane::Waiting waiting(lane_.get());
    return !waiting.is_circular() &&
           lane_->mailbox().await_nothing(bus::Clock::now() + timeout, hub_->scope());
}

SubscriptionStats Subscription::stats() const {
    return lane_ ? lane_->stats() : SubscriptionStats{};
}

bus::MessagePtr Subscription::take_message(std::chrono::milliseconds timeout) {
    return lane_ ? lane_->mailbox().take(bus::Clock::now() + timeout, hub_->scope()) : nullptr;
}

}  // namespace baton

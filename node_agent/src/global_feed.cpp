#include "global_feed.hpp"

#include <algorithm>

#include "baton/base/error.hpp"
#include "baton/base/text.hpp"
#include "baton/node_agent/global_event.hpp"

namespace baton::node {
namespace {

std::string topic_of_type(std::string_view type) { return "global/" + std::string(type); }

}  // namespace

void require_topics(const std::vector<std::string>& types) {
    Bus bus;
    for (const std::string& type : types) {
        try {
            bus.publish(GlobalEvent{}, {.topic = topic_of_type(type)});
        } catch (const Error& error) {
            throw Error(ErrorCode::settings_invalid,
                        "[bus] global: events of type " + json_quoted(type) +
                            " have no topic on a local bus: " + error.what());
        }
    }
}

std::shared_ptr<void> GlobalFeed::attach(Bus& bus) {
    auto guest = std::make_shared<Guest>();
    guest->bus = &bus;
    const std::lock_guard lock(mutex_);
    guests_.push_back(guest);
    return {guest.get(), [this, guest](void*) {
                {
                    const std::lock_guard guest_lock(guest->mutex);
                    guest->bus = nullptr;
                }
                const std::lock_guard guests_lock(mutex_);
                std::erase(guests_, guest);
            }};
}

void GlobalFeed::publish(const StoredPayload& event, const FollowContext& context) {
    const FollowContext::Of& of = context.of();
    const auto last = last_.try_emplace(std::string(of.type), began_).first;
    GlobalEvent said{.position = static_cast<std::int64_t>(of.position),
                     .after = static_cast<std::int64_t>(last->second),
                     .type = std::string(of.type),
                     .key = std::nullopt,
                     .payload = std::string(event.content.json),
                     .body = std::string(event.content.body),
                     .content_type = std::string(event.content.content_type),
                     .schema_version = event.schema_version};
    if (of.key) said.key = std::string(*of.key);
    last->second = of.position;
    std::vector<std::shared_ptr<Guest>> guests;
    {
        const std::lock_guard lock(mutex_);
        guests = guests_;
    }
    const std::string topic = topic_of_type(of.type);
    for (const auto& guest : guests) {
        const std::lock_guard lock(guest->mutex);
        if (guest->bus != nullptr) guest->bus->publish(said, {.topic = topic});
    }
}

}  // namespace baton::node

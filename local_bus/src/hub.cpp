#include "hub.hpp"

#include <algorithm>
#include <utility>

#include "baton/base/check.hpp"
#include "baton/base/error.hpp"

namespace baton::bus {
namespace {

// Topics may be made of ids; so what was found is not kept for ever.
constexpr std::size_t routes_max = 4096;
constexpr std::size_t retained_max = 10'000;

void add_to(SubscriptionStats& sum, const SubscriptionStats& stats) {
    sum.published += stats.published;
    sum.delivered += stats.delivered;
    sum.dropped += stats.dropped;
    sum.discarded += stats.discarded;
    sum.in_flight += stats.in_flight;
    sum.failed += stats.failed;
    sum.most_waiting = std::max(sum.most_waiting, stats.most_waiting);
}

void count(Published& published, Mailbox::Offer offer) {
    if (offer == Mailbox::Offer::accepted || offer == Mailbox::Offer::displaced) {
        ++published.accepted;
    }
    if (offer == Mailbox::Offer::displaced) ++published.displaced;
    if (offer == Mailbox::Offer::refused) ++published.refused;
}

void count(Published& published, Lane::Wait wait) {
    if (wait == Lane::Wait::accepted) ++published.accepted;
    if (wait == Lane::Wait::timed_out) ++published.timed_out;
    if (wait == Lane::Wait::circular) ++published.circular;
}

// A message of another process for each of those who want it: made once for each of their types.
class ReadableMessages {
public:
    explicit ReadableMessages(MessagePtr raw) : raw_(std::move(raw)) {}

    /// Throws Error(decode_failed) where it is not what the lane's type has.
    [[nodiscard]] MessagePtr for_lane(const Lane& lane) {
        const Decoder decoder = lane.decoder_for(*raw_);
        if (decoder == nullptr) return raw_;
        MessagePtr& made = made_[decoder];
        if (!made) {
            const auto& raw = static_cast<const RawMessage&>(*raw_);
            const std::shared_ptr<Message> message = decoder(raw.topic(), raw.bytes());
            Hub::number(*message, raw.sequence());
            made = message;
        }
        return made;
    }

private:
    const MessagePtr raw_;
    std::map<Decoder, MessagePtr> made_;
};

void show(const std::vector<std::shared_ptr<Tap>>& taps, const MessagePtr& message) {
    for (const std::shared_ptr<Tap>& tap : taps) {
        if (tap->wants(*message)) tap->note(message);
    }
}

}  // namespace

Published Hub::publish(std::shared_ptr<Message> message, bool retain) {
    Published published;
    Taps taps;
    if (const Route route = take_in(message, retain, published, taps)) {
        if (taps) show(*taps, message);
        give(*route, std::move(message), published);
    }
    return published;
}

// Gives it its number, and finds who wants it. Null: the bus has ended.
Hub::Route Hub::take_in(const std::shared_ptr<Message>& message, bool retain, Published& published,
                        Taps& taps) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) {
        published.closed = true;
        return nullptr;
    }
    Route route = route_of(*message);
    message->sequence_ = sequence_ + 1;
    // Together with the route: who subscribes later gets it from here, and only from here.
    if (retain) keep(message);
    published.sequence = ++sequence_;
    ++published_;
    if (route->empty()) ++unheard_;
    taps = taps_;
    return route;
}

PublishedForeign Hub::publish(const std::shared_ptr<RawMessage>& message, bool retain,
                              const void* origin) {
    PublishedForeign result;
    Taps taps;
    const Route route = take_in(message, retain, result.published, taps);
    if (!route) return result;
    if (taps) show(*taps, message);
    ReadableMessages readable(message);
    std::vector<std::pair<Lane*, MessagePtr>> full;
    for (const std::shared_ptr<Lane>& lane : *route) {
        MessagePtr each;
        try {
            each = readable.for_lane(*lane);
        } catch (const Error& error) {
            result.unreadable = error.what();
            continue;
        }
        const Mailbox::Offer offer = lane->mailbox().offer(each, false);
        if (offer != Mailbox::Offer::full) {
            count(result.published, offer);
        } else if (lane->origin() == origin) {
            lane->mailbox().refuse();
            ++result.published.circular;
        } else {
            full.emplace_back(lane.get(), std::move(each));
        }
    }
    const Clock::time_point since = Clock::now();
    for (const auto& [lane, each] : full) {
        count(result.published, lane->offer_patiently(each, since));
    }
    return result;
}

void Hub::give(const std::vector<std::shared_ptr<Lane>>& lanes, MessagePtr message,
               Published& published) {
    std::vector<Lane*> full;
    for (const std::shared_ptr<Lane>& lane : lanes) {
        const bool is_last = lane == lanes.back() && full.empty();
        const Mailbox::Offer offer = lane->mailbox().offer(message, is_last);
        if (offer == Mailbox::Offer::full) {
            full.push_back(lane.get());
        } else {
            count(published, offer);
        }
    }
    if (full.empty()) return;
    // All others have been served by now; and no wait adds to another.
    const Clock::time_point since = Clock::now();
    for (Lane* const lane : full) count(published, lane->offer_patiently(message, since));
}

const Hub::Route& Hub::route_of(const Message& message) {
    RoutesOfType& of_type = routes_[message.type()];
    // Most messages have the topic of their type: that needs no look at the text.
    if (message.has_own_topic() && of_type.own) return of_type.own;
    const auto found = of_type.others.find(message.topic());
    if (found != of_type.others.end()) return found->second;
    require_topic(message.topic());
    if (++route_count_ > routes_max) {
        for (auto& [type, routes] : routes_) routes.others.clear();
        route_count_ = 1;
    }
    std::vector<std::shared_ptr<Lane>> lanes;
    trie_.find(message.topic(), lanes);
    std::erase_if(lanes, [&](const auto& lane) { return !lane->wants(message); });
    auto route = std::make_shared<const std::vector<std::shared_ptr<Lane>>>(std::move(lanes));
    if (message.has_own_topic()) return of_type.own = std::move(route);
    return of_type.others.emplace(message.topic(), std::move(route)).first->second;
}

void Hub::keep(const MessagePtr& message) {
    const auto found = retained_.find(message->topic());
    if (found != retained_.end()) {
        found->second = message;
        return;
    }
    if (retained_.size() >= retained_max) {
        throw Error(ErrorCode::bus_misused,
                    "10000 topics have a last value already: retain those of fewer topics");
    }
    retained_.emplace(message->topic(), message);
}

void Hub::add(const std::shared_ptr<Lane>& lane) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) throw Error(ErrorCode::bus_misused, "the bus has ended");
    forget_what_is_over();
    lane->start();
    lanes_.push_back(lane);
    offer_retained(*lane);
    trie_.add(lane->pattern(), lane);
    routes_.clear();
    route_count_ = 0;
}

// The last values, in the order in which they were published.
void Hub::offer_retained(Lane& lane) {
    std::vector<MessagePtr> wanted;
    for (const auto& [topic, message] : retained_) {
        if (lane.wants(*message) && matches(lane.pattern(), topic)) wanted.push_back(message);
    }
    std::ranges::sort(wanted, {}, [](const MessagePtr& message) { return message->sequence(); });
    for (const MessagePtr& message : wanted) {
        try {
            MessagePtr readable = ReadableMessages(message).for_lane(lane);
            // Nobody can wait here: what finds no room is dropped, and counted.
            if (lane.mailbox().offer(readable, true) == Mailbox::Offer::full) {
                lane.mailbox().refuse();
            }
        } catch (const Error&) {
            continue;  // of another process, and not of this type
        }
    }
}

void Hub::remove(const std::shared_ptr<Lane>& lane) {
    {
        const std::lock_guard lock(mutex_);
        trie_.remove(lane->pattern(), lane.get());
        const auto server = servers_.find(lane->pattern());
        if (server != servers_.end() && server->second == lane) servers_.erase(server);
        routes_.clear();
        route_count_ = 0;
    }
    lane->stop();
    const std::lock_guard lock(mutex_);
    forget_what_is_over();
}

void Hub::forget_what_is_over() {
    std::erase_if(lanes_, [&](const std::shared_ptr<Lane>& lane) {
        if (!lane->is_over()) return false;
        lane->join();  // its thread's last act is behind it
        add_to(ended_, lane->stats());
        return true;
    });
    std::erase_if(parts_, [](const std::weak_ptr<Part>& part) { return part.expired(); });
}

void Hub::add(const std::shared_ptr<Part>& part) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) throw Error(ErrorCode::bus_misused, "the bus has ended");
    forget_what_is_over();
    parts_.push_back(part);
}

void Hub::add_server(const std::shared_ptr<Lane>& lane) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) throw Error(ErrorCode::bus_misused, "the bus has ended");
    forget_what_is_over();
    if (servers_.contains(lane->pattern())) {
        throw Error(ErrorCode::bus_misused, "questions of topic \"" + lane->pattern() +
                                                "\" are answered by somebody already");
    }
    lane->start();
    lanes_.push_back(lane);
    servers_.emplace(lane->pattern(), lane);
}

std::shared_ptr<Lane> Hub::server(std::string_view topic) const {
    const std::lock_guard lock(mutex_);
    const auto found = servers_.find(topic);
    return found != servers_.end() ? found->second : nullptr;
}

void Hub::tap(std::shared_ptr<Tap> tap) {
    const std::lock_guard lock(mutex_);
    auto taps = taps_ ? *taps_ : std::vector<std::shared_ptr<Tap>>{};
    taps.push_back(std::move(tap));
    taps_ = std::make_shared<const std::vector<std::shared_ptr<Tap>>>(std::move(taps));
}

void Hub::untap(const std::shared_ptr<Tap>& tap) {
    const std::lock_guard lock(mutex_);
    if (!taps_) return;
    auto taps = *taps_;
    std::erase(taps, tap);
    taps_ = taps.empty() ? nullptr : std::make_shared<const decltype(taps)>(std::move(taps));
}

bool Hub::is_wanted(const Message& message) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return false;
    if (!route_of(message)->empty()) return true;
    return taps_ &&
           std::ranges::any_of(*taps_, [&](const auto& tap) { return tap->wants(message); });
}

void Hub::close() {
    std::vector<std::shared_ptr<Lane>> lanes;
    std::vector<std::weak_ptr<Part>> parts;
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        lanes = lanes_;
        parts.swap(parts_);
        trie_ = {};
        routes_.clear();
        servers_.clear();
        retained_.clear();
    }
    scope_.cancel();
    // First all of them, so that whoever waits goes on; then one after the other.
    for (const std::shared_ptr<Lane>& lane : lanes) {
        BATON_CHECK(!lane->is_current());  // a bus does not end from within its own subscriber
        lane->mailbox().close();
    }
    for (const std::weak_ptr<Part>& weak : parts) {
        if (const std::shared_ptr<Part> part = weak.lock()) part->end();
    }
    for (const std::shared_ptr<Lane>& lane : lanes) lane->join();
    const std::lock_guard lock(mutex_);
    forget_what_is_over();
}

BusStats Hub::stats() const {
    const std::lock_guard lock(mutex_);
    BusStats stats{.published = published_,
                   .unheard = unheard_,
                   .retained = retained_.size(),
                   .ended = ended_};
    for (const std::shared_ptr<Lane>& lane : lanes_) {
        // One that was left by its own callback may be over, and not yet forgotten.
        if (lane->mailbox().is_closed()) {
            add_to(stats.ended, lane->stats());
        } else {
            stats.subscriptions.push_back(lane->stats());
        }
    }
    return stats;
}

std::uint64_t Hub::next_sequence() {
    const std::lock_guard lock(mutex_);
    return ++sequence_;
}

}  // namespace baton::bus

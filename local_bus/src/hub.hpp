// Hub: what a bus is behind its door: who subscribed to what, and where each message goes.
//
// A message finds its subscribers without a lock held while they are served: the list that it goes
// to was made when its topic was first seen, and is never changed, only replaced.
//
// Threads: everything may be called from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "baton/local_bus/cancel.hpp"
#include "baton/local_bus/part.hpp"
#include "baton/local_bus/policy.hpp"
#include "baton/local_bus/tap.hpp"
#include "lane.hpp"
#include "raw_message.hpp"
#include "topics.hpp"

namespace baton::bus {

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
    }
};

/// What became of a message of another process.
struct PublishedForeign {
    Published published{};
    std::string unreadable{};  ///< Why a subscriber did not get it: it is not of its type.
};

class Hub {
public:
    explicit Hub(std::function<bool()> is_cancelled) : scope_(std::move(is_cancelled)) {}

    [[nodiscard]] Published publish(std::shared_ptr<Message> message, bool retain);
    /// The same of a process, whose own full subscriptions it does not wait for. Throws
    /// Error(bus_misused) for a topic that is none.
    [[nodiscard]] PublishedForeign publish(const std::shared_ptr<RawMessage>& message, bool retain,
                                           const void* origin);
    /// Throws Error(bus_misused).
    void add(const std::shared_ptr<Lane>& lane);
    /// Ends it; waits for its callback as Lane::stop() does.
    void remove(const std::shared_ptr<Lane>& lane);
    void add(const std::shared_ptr<Part>& part);

    /// Who answers questions of `topic`. Throws Error(bus_misused) if somebody does already.
    void add_server(const std::shared_ptr<Lane>& lane);
    [[nodiscard]] std::shared_ptr<Lane> server(std::string_view topic) const;

    void tap(std::shared_ptr<Tap> tap);
    void untap(const std::shared_ptr<Tap>& tap);
    /// Whether anybody would get such a message now.
    [[nodiscard]] bool is_wanted(const Message& message);

    void close();
    [[nodiscard]] BusStats stats() const;
    [[nodiscard]] const CancelScope& scope() const noexcept { return scope_; }
    [[nodiscard]] std::uint64_t next_sequence();
    /// Gives a message its number, while nobody else has it.
    static void number(Message& message, std::uint64_t sequence) noexcept {
        message.sequence_ = sequence;
    }

private:
    using Taps = std::shared_ptr<const std::vector<std::shared_ptr<Tap>>>;
    using Route = std::shared_ptr<const std::vector<std::shared_ptr<Lane>>>;

    struct RoutesOfType {
        Route own{};  // of the type's own topic
        std::unordered_map<std::string, Route, TextHash, std::equal_to<>> others{};
    };

    [[nodiscard]] const Route& route_of(const Message& message);
    [[nodiscard]] Route take_in(const std::shared_ptr<Message>& message, bool retain,
                                Published& published, Taps& taps);
    static void give(const std::vector<std::shared_ptr<Lane>>& lanes, MessagePtr message,
                     Published& published);
    void keep(const MessagePtr& message);
    void offer_retained(Lane& lane);
    void forget_what_is_over();

    CancelScope scope_;
    mutable std::mutex mutex_;

    // Guarded by mutex_.
    bool is_closed_ = false;
    std::uint64_t sequence_ = 0;
    std::uint64_t published_ = 0;
    std::uint64_t unheard_ = 0;
    Taps taps_;  // null: there is none
    TopicTrie trie_;
    std::unordered_map<Type, RoutesOfType> routes_;  // found so far
    std::size_t route_count_ = 0;
    std::map<std::string, MessagePtr, std::less<>> retained_;
    std::vector<std::shared_ptr<Lane>> lanes_;  // also those that are about to end
    std::map<std::string, std::shared_ptr<Lane>, std::less<>> servers_;
    std::vector<std::weak_ptr<Part>> parts_;
    SubscriptionStats ended_;
};

}  // namespace baton::bus

// How much may wait for a subscriber, what happens beyond that, and how it is told.
//
// Threads: values only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace baton {

/// The publisher waits for room, at most this long, and only after all other subscribers have been
/// served. Then the message is dropped for this one.
struct Block {
    std::chrono::milliseconds deadline{};
};
/// What waits longest makes room.
struct DropOldest {};
/// What waits stays, and the new message is dropped.
struct DropNewest {};
/// Of each topic only the newest waits, in the place of the one before; with a field (its name in
/// BATON_FIELDS), of each topic and value of that field. Where `depth` of them wait already, what
/// waits longest makes room for another.
struct Conflate {
    std::string_view field{};
};

using WhenFull = std::variant<Block, DropOldest, DropNewest, Conflate>;

struct SubscribeOptions {
    /// Which topics: "region/done", "region/*" (one level), "region/**" (it and all below it). If
    /// empty, the topic of the type.
    std::string_view topic{};
    /// How many messages may wait, 1 to 1,048,576.
    std::size_t depth = 256;
    WhenFull when_full = Block{std::chrono::milliseconds(1000)};
};

struct PublishOptions {
    std::string_view topic{};  ///< If empty, the topic of the type.
    /// Keeps the message as its topic's last value: whoever subscribes later gets it first.
    bool retain = false;
};

/// What became of a message when publish() returned, in numbers of subscriptions.
struct Published {
    std::uint64_t sequence = 0;   ///< The message's number on this bus: 1, 2, 3, …
    std::uint32_t accepted = 0;   ///< It waits there, or is there already.
    std::uint32_t displaced = 0;  ///< Of those: where an older message was dropped for it.
    std::uint32_t refused = 0;    ///< Dropped at once: DropNewest.
    std::uint32_t timed_out = 0;  ///< Dropped: Block, and no room came.
    /// Dropped: Block, and to wait for room would have been to wait for the caller itself, which
    /// delivers to that subscription, or is waited for by one that does.
    std::uint32_t circular = 0;
    bool closed = false;  ///< The bus has ended: nobody got it.

    /// Every subscription that it was for has it, and no older one was dropped.
    [[nodiscard]] bool is_whole() const noexcept {
        return !closed && displaced + refused + timed_out + circular == 0;
    }
};

/// At every instant published = delivered + dropped + discarded + in_flight.
struct SubscriptionStats {
    std::string topic{};          ///< Its pattern.
    std::uint64_t published = 0;  ///< Messages that were for it, and whose fate is known.
    std::uint64_t delivered = 0;  ///< The callback returned or threw, or take() gave it.
    std::uint64_t dropped = 0;    ///< By what the subscription declared.
    std::uint64_t discarded = 0;  ///< They waited when it ended.
    std::uint64_t in_flight = 0;  ///< They wait, or are in the callback's hands.
    std::uint64_t failed = 0;     ///< Of the delivered: the callback threw.
    std::uint64_t most_waiting = 0;
};

struct BusStats {
    std::uint64_t published = 0;   ///< Messages, however many subscriptions they were for.
    std::uint64_t unheard = 0;     ///< Of those: for no subscription.
    std::uint64_t retained = 0;    ///< Topics with a last value.
    SubscriptionStats ended = {};  ///< The sum over those that are no more.
    std::vector<SubscriptionStats> subscriptions = {};
};

}  // namespace baton

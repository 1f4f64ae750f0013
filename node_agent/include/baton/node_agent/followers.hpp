// Followers: what a program does with the events of the log, one after the other, in the log's
// order; docs/following.md.
//
//   struct WarmPrices {                              // in memory: from now on, as long as it runs
//       using Event = PriceChanged;
//       static constexpr std::string_view name = "warm_prices";
//       void follow(const PriceChanged& price, const baton::FollowContext& at) const { … }
//   };
//
// Threads: add() while no other thread uses it; everything else is const and may be called from
// any thread. follow() is called by one thread for each follower and node agent.
// Errors: what follow() throws is logged, and the event comes again after a pause; other followers
// do not wait for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/node_agent/check_follower.hpp"
#include "baton/node_agent/follow_context.hpp"
#include "baton/node_agent/payload.hpp"

namespace baton {

/// What is to be known of a follower.
struct FollowerInfo {
    std::string name;
    std::string bookmark = {};                ///< Empty: none.
    std::vector<std::string> types = {};      ///< None: all.
    std::int64_t from = 0;                    ///< Its first event; 0: the log's next one.
    std::chrono::milliseconds lag_longest{};  ///< Of the bookmark; 0: as it is.
};

/// What a follower class must have (check_follower.hpp says what is missing):
///   using Event = …;       a struct with BATON_FIELDS and event_type, or
///   using Events = baton::EventTypes<…>;  several of them, each with its follow(); or
///   using Event = RawPayload;  any, as it is stored; of `types`, if it has them
///   static constexpr std::string_view name = "…";  for people to read
///   void follow(const E&, baton::FollowContext&);  it may do without the context
/// and may have:
///   static constexpr std::string_view bookmark = "…";  durable: it goes on where whoever had this
///                          bookmark last has come to, and one node follows from it at a time.
///                          What follow() writes in tx() is there exactly once; else it may get an
///                          event again after a crash. Without a bookmark it begins anew with each
///                          start of the process
///   static constexpr std::int64_t from = 1;  the first event that it gets, where a bookmark is
///   made
///                          now, or at each start without one; without it, what comes from now on
///   static constexpr std::chrono::hours lag_longest{24};  until its bookmark is cut
///   static constexpr std::array types{…};  of RawPayload: std::string_view
class Followers {
public:
    /// Calls a follower. Throws what that throws; and Error(decode_failed), or
    /// (event_version_unknown), for an event that it cannot read.
    using Run = std::function<void(const StoredPayload& event, FollowContext& context)>;

    /// Throws Error(handler_invalid) where the name or bookmark is none, or is there already.
    template <class F>
    void add(F follower = {}) {
        if constexpr (node::check_follower<F>()) add_sound(std::move(follower));
    }
    /// Adds a follower that is no class. Throws as the other one.
    void add(FollowerInfo info, Run run);

    [[nodiscard]] std::span<const FollowerInfo> infos() const noexcept { return infos_; }
    /// What runs infos()[index]. It does not refer to this object.
    [[nodiscard]] const Run& run(std::size_t index) const { return runs_[index]; }

private:
    template <class F>
    void add_sound(F follower);

    std::vector<FollowerInfo> infos_;
    std::vector<Run> runs_;
};

namespace node {

template <class F, class E>
void follow_one(F& follower, const StoredPayload& event, FollowContext& context) {
    const E content = payload_of<E>(event, context.of().type);
    if constexpr (FollowsWithContext<F, E>) {
        follower.follow(content, context);
    } else {
        follower.follow(content);
    }
}

template <class F, class... E>
void follow_any(F& follower, const StoredPayload& event, FollowContext& context,
                EventTypes<E...> /*types*/) {
    if constexpr ((std::same_as<E, RawPayload> && ...)) {
        (follow_one<F, E>(follower, event, context), ...);
    } else {
        static_cast<void>(((context.of().type == E::event_type &&
                            (follow_one<F, E>(follower, event, context), true)) ||
                           ...));
    }
}

template <class... E>
std::vector<std::string> types_of(EventTypes<E...> /*types*/) {
    return {std::string(E::event_type)...};
}

}  // namespace node

template <class F>
void Followers::add_sound(F follower) {
    using Types = typename node::FollowedBy<F>::type;
    FollowerInfo info{.name = std::string(F::name)};
    if constexpr (!node::FollowsRaw<F>) {
        info.types = node::types_of(Types());
    } else if constexpr (requires { F::types; }) {
        info.types.assign(std::begin(F::types), std::end(F::types));
    }
    if constexpr (requires { F::bookmark; }) info.bookmark = F::bookmark;
    if constexpr (requires { F::from; }) info.from = F::from;
    if constexpr (requires { F::lag_longest; }) info.lag_longest = F::lag_longest;
    add(std::move(info), [shared = std::make_shared<F>(std::move(follower))](
                             const StoredPayload& event, FollowContext& context) {
        node::follow_any(*shared, event, context, Types());
    });
}

}  // namespace baton

// What is wrong with a follower class, said when it is compiled: one line each, with what to do, as
// check_handler.hpp does it for handlers.
//
// Threads: nothing happens when the program runs.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "baton/node_agent/check_handler.hpp"
#include "baton/node_agent/follow_context.hpp"
#include "baton/reducers/fold_of.hpp"

namespace baton::node {

template <class F>
concept HasEvents = requires {
    typename F::Events;
};

template <class F>
struct FollowedBy {
    using type = EventTypes<>;
};
template <HasEvent F>
struct FollowedBy<F> {
    using type = EventTypes<typename F::Event>;
};
template <HasEvents F>
struct FollowedBy<F> {
    using type = typename F::Events;
};

template <class F, class E>
concept FollowsAlone = requires(F& follower, const E& event) {
    follower.follow(event);
};
template <class F, class E>
concept FollowsWithContext = requires(F& follower, const E& event, FollowContext& context) {
    follower.follow(event, context);
};
template <class F>
concept FollowsRaw = std::same_as<typename FollowedBy<F>::type, EventTypes<RawPayload>>;

template <class F, class... E>
constexpr bool follows_some(EventTypes<E...> /*types*/) {
    return ((FollowsAlone<F, E> || FollowsWithContext<F, E>) || ...);
}
template <class F, class... E>
constexpr bool follows_all(EventTypes<E...> /*types*/) {
    return ((FollowsAlone<F, E> || FollowsWithContext<F, E>)&&...);
}
template <class... E>
constexpr bool check_followed(EventTypes<E...> /*types*/) {
    static_assert(((std::same_as<E, RawPayload> || HasEventType<E>)&&...),
                  "the struct of a follower's Event needs: static constexpr std::string_view "
                  "event_type = \"...\";");
    return (check_payload<E>() && ...);
}

/// What is meant as a follower, sound or not.
template <class F>
concept LooksLikeFollower = requires {
    &F::follow;
}
|| follows_some<F>(typename FollowedBy<F>::type());

/// Whether `F` is a follower; if not, it is refused with what to do.
// NOLINTBEGIN(bugprone-branch-clone)
template <class F>
constexpr bool check_follower() {
    static_assert(HasEvent<F> != HasEvents<F>,
                  "a follower needs one of: using Event = ...; the struct of the events that it "
                  "follows, or using Events = baton::EventTypes<...>;");
    if constexpr (HasEvent<F> == HasEvents<F>) {
        return false;
    } else if constexpr (!check_followed(typename FollowedBy<F>::type())) {
        return false;
    } else {
        constexpr bool follows = follows_all<F>(typename FollowedBy<F>::type());
        static_assert(follows,
                      "the follower has no follow() for one of its events (E): it needs "
                      "void follow(const E&, baton::FollowContext&), which may do without the "
                      "context");
        static_assert(HasName<F>,
                      "a follower needs: static constexpr std::string_view name = \"...\";");
        static_assert(std::move_constructible<F>, "a follower must be movable");
        if constexpr (requires { F::from; }) {
            static_assert(F::from >= 1, "from of a follower is a position of the log: 1 or more");
        }
        return follows && HasName<F> && std::move_constructible<F>;
    }
}
// NOLINTEND(bugprone-branch-clone)

}  // namespace baton::node

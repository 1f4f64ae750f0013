// What is wrong with a reducer class, said when it is compiled: one line each, with what to do.
//
// The compiler's line above it names the class ([with R = BalanceReducer]) or the event. What is
// not sound is not compiled any further, so that nothing else is said about it.
//
// Threads: nothing happens when the program runs.
#pragma once

#include <concepts>
#include <string_view>
#include <type_traits>

#include "baton/reducers/fold_of.hpp"
#include "baton/types/upcast.hpp"

namespace baton {
namespace reducers {

template <class T>
inline constexpr bool is_event_types = false;
template <class... E>
inline constexpr bool is_event_types<EventTypes<E...>> = true;

template <class R>
concept HasName = requires {
    {std::string_view{R::name}};
};
template <class R>
concept HasVersion = requires {
    {static_cast<int>(R::version)};
};
template <class R>
concept HasEvents = requires {
    typename R::Events;
    requires is_event_types<typename R::Events>;
};
template <class E>
concept HasEventType = requires {
    {std::string_view{E::event_type}};
};

template <class R>
constexpr bool check_members() {
    static_assert(HasName<R>, "a reducer needs: static constexpr std::string_view name = \"...\";");
    static_assert(HasVersion<R>, "a reducer needs: static constexpr int version = 1;");
    static_assert(HasEvents<R>,
                  "a reducer needs: using Events = baton::EventTypes<...>; with the structs of its "
                  "events");
    static_assert(std::copy_constructible<R>, "a reducer must be copyable");
    return HasName<R> && HasVersion<R> && HasEvents<R> && std::copy_constructible<R>;
}

template <class Row>
constexpr bool check_row() {
    if constexpr (!RowType<Row>) {
        return sizeof(Rows<Row>) == 0;  // which says what is missing, if it did not yet
    } else {
        static_cast<void>(sizeof(KeyTypes<Row>));
        return types::check_struct<Row>() && is_sound_key<Row>;
    }
}

template <class E>
constexpr bool check_event() {
    if constexpr (!HasEventType<E>) {
        static_assert(HasEventType<E>,
                      "the struct of an event (E) needs: static constexpr std::string_view "
                      "event_type = \"...\";");
        return false;
    } else if constexpr (!types::check_struct<E>()) {
        return false;
    } else {
        types::check_versions<E>();
        return types::versions_fit<E>();
    }
}

template <class R, class E>
constexpr bool check_reduces() {
    static_assert(Reduces<R, E>,
                  "the reducer has no reduce() for an event of its Events (E): it needs "
                  "void reduce(const E&, baton::Rows<Row>&) const, which may take a const "
                  "baton::Event& too");
    return Reduces<R, E>;
}

template <class R, class E>
constexpr bool check_event_of() {
    if constexpr (check_event<E>()) return check_reduces<R, E>();
    return false;
}

// A name that two bases have is nobody's: so it can be told that R has the member, whatever it is.
struct HasNameEffects {
    int effects;
};
template <class R>
struct WithEffects : R, HasNameEffects {};
template <class R>
concept NamesEffects = !requires {
    &WithEffects<R>::effects;
};

template <class R, class... E>
constexpr bool check_effects() {
    if constexpr (!std::is_final_v<R>) {
        constexpr bool fits = !NamesEffects<R> || (HasEffects<R, E> || ...);
        static_assert(fits,
                      "the reducer's effects() fits no event of its Events: it needs void "
                      "effects(const E&, const baton::Rows<Row>&, baton::Effects&) const, which "
                      "may take a const baton::Event& too");
        return fits;
    }
    return true;
}

template <class R, class... E>
constexpr bool check_events(EventTypes<E...> /*types*/) {
    if constexpr ((check_event_of<R, E>() && ...)) return check_effects<R, E...>();
    return false;
}

/// Whether `R` is a reducer; if not, it is refused with what to do. What is looked at only makes
/// sense where what stands before it is well, and each would add lines of its own.
// NOLINTBEGIN(bugprone-branch-clone)
template <class R>
constexpr bool check_reducer() {
    if constexpr (!requires { typename R::Row; }) {
        static_assert(
            requires { typename R::Row; },
            "a reducer needs: using Row = ...; the struct of its view's rows");
        return false;
    } else if constexpr (!check_row<typename R::Row>()) {
        return false;
    } else if constexpr (!check_members<R>()) {
        return false;
    } else {
        return check_events<R>(typename R::Events{});
    }
}
// NOLINTEND(bugprone-branch-clone)

/// The same, for who must not say it again.
template <class R>
concept HasAll = requires {
    typename R::Row;
}
&&RowType<typename R::Row>&& HasName<R>&& HasVersion<R>&& HasEvents<R>;

}  // namespace reducers

/// A reducer class: registry.hpp says what it must have.
template <class R>
concept Reducer = reducers::HasAll<R>;

}  // namespace baton

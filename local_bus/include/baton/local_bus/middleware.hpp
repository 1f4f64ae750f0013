// Middleware of a LocalStore: what happens with each message on its way to the reducer.
//
//   store.use(baton::least_level(baton::Level::info));         // lines below stay away
//   store.use(baton::one_in<Heartbeat>(100));                  // the first of each hundred
//   store.use(baton::log_messages(baton::Level::debug));       // into the process's log
//   store.use(baton::promoting<MonthComputed>([&](const MonthComputed& event) {
//       task.promote(event);                                   // the door out of the node
//   }));
//
// Threads: the store's. One object is for one store: it may count.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "baton/local_bus/log_line.hpp"
#include "baton/local_bus/store.hpp"

namespace baton {

/// Logs topic and number of each message; their content is not logged.
[[nodiscard]] Middleware log_messages(Level level);

/// Keeps LogLines below `least` back; all other messages pass.
[[nodiscard]] Middleware least_level(Level least);

/// Of the messages of type E, passes the first of each `count`; all of another type.
template <class E>
[[nodiscard]] Middleware one_in(std::uint64_t count) {
    if (count == 0) throw Error(ErrorCode::bus_misused, "one_in(0): count from 1");
    return [count, seen = std::uint64_t{0}](const Message& message, const Next& next) mutable {
        if (message.type() != bus::type_of<E> || seen++ % count == 0) next();
    };
}

/// Once a message of type E has been folded, `promote(message)` is called.
template <class E, class Promote>
[[nodiscard]] Middleware promoting(Promote promote) {
    return [promote = std::move(promote)](const Message& message, const Next& next) mutable {
        next();
        if (const E* const content = message.as<E>()) promote(*content);
    };
}

}  // namespace baton

// The same as the local bus does, by hand: libzmq between threads, Boost.Signals2 within one.
// Without what a bus promises: no bound, no account, no outcome.
//
// Threads: each function starts and ends its own.
#pragma once

#include <cstdint>

namespace baton::bench {

/// What each of the messages is: 64 bytes.
struct Payload {
    std::int64_t words[8] = {};
};

/// Each returns seconds, for `count` messages of 64 bytes.
[[nodiscard]] double raw_publish(std::int64_t count, int subscribers);
[[nodiscard]] double raw_fan_out(std::int64_t count, int workers);
[[nodiscard]] double raw_emit(std::int64_t count, int slots);
/// The median round trip, in seconds.
[[nodiscard]] double raw_round_trip(std::int64_t count);

}  // namespace baton::bench

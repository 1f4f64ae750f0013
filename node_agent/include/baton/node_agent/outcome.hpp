// Outcome: what a handler says of its task.
//
//   return baton::done(InvoiceSent{.number = 17});
//   return baton::retry("the printer is busy", 5min);
//   return baton::snooze(1h);
//   return baton::dead_letter("there is no such customer");
//
// Threads: values only.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "baton/types/codec.hpp"

namespace baton {

class Outcome {
public:
    enum class Kind : std::uint8_t {
        done,    ///< It is done, with a result.
        retry,   ///< It failed, and is tried again, unless this was its last attempt.
        dead,    ///< It failed, and there is no use in trying again.
        later,   ///< It cannot be done now, which is no failure: it comes back after a pause.
        called,  ///< Whoever was asked says later what came of it: call_back().
    };

    Kind kind = Kind::done;
    std::string result = "{}";  ///< JSON text, of what is done.
    std::string reason = {};    ///< Why it failed.
    /// The pause until it comes again; unset: what the handler's policy says.
    std::optional<std::chrono::milliseconds> pause = std::nullopt;
    std::string callback = {};  ///< Of what is called: its token. `pause` is how long it may take.
};

/// The task is done.
[[nodiscard]] inline Outcome done() { return {}; }
/// The task is done, and this came of it: a struct with BATON_FIELDS, kept as JSON. Throws as
/// encode_json().
template <class Result>
[[nodiscard]] Outcome done(const Result& result) {
    return {.kind = Outcome::Kind::done, .result = encode_json(result)};
}
/// This attempt failed; so it does where a handler throws.
[[nodiscard]] inline Outcome retry(std::string reason,
                                   std::optional<std::chrono::milliseconds> pause = std::nullopt) {
    return {.kind = Outcome::Kind::retry, .reason = std::move(reason), .pause = pause};
}
/// The task failed for good: it is dead at once, and kept for people to look at.
[[nodiscard]] inline Outcome dead_letter(std::string reason) {
    return {.kind = Outcome::Kind::dead, .reason = std::move(reason)};
}

/// The task cannot be done yet. It comes back after the pause, and no attempt is counted.
[[nodiscard]] inline Outcome snooze(std::chrono::milliseconds pause) {
    return {.kind = Outcome::Kind::later, .pause = pause};
}

/// Somebody outside has taken the task over, and says by call_back() what came of it, with this
/// token: the task's id, a point, and 64 hex digits that nobody can guess. If that does not come in
/// time, the attempt has failed. Not for members of task sets.
[[nodiscard]] inline Outcome called_back(std::string token, std::chrono::milliseconds within) {
    return {.kind = Outcome::Kind::called, .pause = within, .callback = std::move(token)};
}

}  // namespace baton

// EndpointGate: whether anything is sent to an endpoint now. It is shut for a while by an answer
// that asks for that (429, 503), by failures in a row (a circuit breaker), and until an operator
// says otherwise by a 410. After a while one request goes through; what comes of it decides.
//
// The environment's other nodes hear of it through the database: see sync_endpoints().
//
// Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "live_session.hpp"

namespace baton::node {

class EndpointGate {
public:
    enum class State : std::uint8_t { open, slowed, broken, disabled };
    /// What the database is to hear of it.
    struct News {
        State state = State::open;
        std::chrono::milliseconds left{};  ///< Until it is tried again.
        std::string reason = {};
    };
    /// So many failures in a row break it.
    static constexpr int failures_max = 5;

    /// How many requests may be under way: any number, one, or none.
    [[nodiscard]] int room() const;

    void succeeded();
    void failed(const std::string& reason);
    void slow_down(std::chrono::milliseconds pause, const std::string& reason);
    void disable(const std::string& reason);

    /// What came since the last call.
    [[nodiscard]] std::optional<News> take_news();
    /// The same again, where it could not be told.
    void tell_again();
    /// What the environment has of it. Nothing, where there is news of this node's own.
    void learn(State state, std::chrono::milliseconds left);

private:
    void shut(State state, std::chrono::milliseconds pause, const std::string& reason);

    mutable std::mutex mutex_;
    State state_ = State::open;
    Clock::time_point until_{};
    std::string reason_;
    int failures_ = 0;  // in a row
    std::chrono::milliseconds pause_{};
    bool is_new_ = false;
};

[[nodiscard]] std::string_view name_of(EndpointGate::State state);
[[nodiscard]] EndpointGate::State gate_state_named(std::string_view name);

}  // namespace baton::node

// CancelScope: whether there is still a use in going on. Scopes are inside each other: a bus's is
// in its task's, that of a pool of workers is in its bus's. What cancels a scope cancels all
// inside.
//
// Threads: may be used from any.
// Cost: cancelled() is a load for each level, and what the outermost one asks. Nothing is told;
// whoever waits on a bus looks every 20 ms.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace baton {

class CancelScope {
public:
    /// An outermost one. `outside` is asked until it says yes, or the scope is cancelled; from any
    /// thread, so it must be callable from any, and throw nothing.
    explicit CancelScope(std::function<bool()> outside = {})
        : state_(std::make_shared<State>(nullptr, std::move(outside))) {}

    /// A scope inside of this one, which also asks `also`. (A copy is the same scope once more.)
    [[nodiscard]] CancelScope inside(std::function<bool()> also = {}) const {
        return CancelScope(std::make_shared<State>(state_, std::move(also)));
    }
    void cancel() noexcept { state_->is_cancelled = true; }
    [[nodiscard]] bool cancelled() const {
        for (const State* state = state_.get(); state != nullptr; state = state->outer.get()) {
            if (state->is_cancelled) return true;
            if (state->outside && state->outside()) {
                state->is_cancelled = true;
                return true;
            }
        }
        return false;
    }

private:
    struct State {
        State(std::shared_ptr<const State> outer_scope, std::function<bool()> asked)
            : outer(std::move(outer_scope)), outside(std::move(asked)) {}
        mutable std::atomic<bool> is_cancelled{false};
        const std::shared_ptr<const State> outer;
        const std::function<bool()> outside;
    };
    explicit CancelScope(std::shared_ptr<State> state) : state_(std::move(state)) {}

    std::shared_ptr<State> state_;
};

}  // namespace baton

// A range of events in the log's order.
//
// Threads: a value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "baton/types/event.hpp"

namespace baton::orchestrator {

/// Positions after `from`, up to and with `to`.
struct EventRange {
    Position from;
    Position to;

    [[nodiscard]] std::size_t events() const {
        return static_cast<std::size_t>(static_cast<std::int64_t>(to) -
                                        static_cast<std::int64_t>(from));
    }
};

}  // namespace baton::orchestrator

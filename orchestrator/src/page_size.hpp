// How many events to read at once: more and more while pages are full, fewer where events are
// large, so that the process stays small whatever they are.
//
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>

#include "baton/sql/log_reader.hpp"

namespace baton::orchestrator {

class PageSize {
public:
    explicit PageSize(std::size_t events_max) : events_max_(events_max) {}

    /// How many events the next page may have. It goes by the size of the former page's events, so
    /// a page holds more than bytes_max only if its events are suddenly larger.
    [[nodiscard]] std::size_t limit() const {
        return std::clamp<std::size_t>(std::min(grown_, bytes_max / bytes_per_event_), 1,
                                       events_max_);
    }

    /// Takes note of a page that was read with limit().
    void read(const sql::LogPage& page) {
        // Full pages mean a backlog. Without one, pages are small by themselves.
        if (page.events.size() == limit()) grown_ = std::min(grown_ * 4, events_max_);
        bytes_per_event_ = page.bytes / page.events.size() + 1;
    }

private:
    // Two pages are in memory at most, each as the server's text and as typed values.
    static constexpr std::size_t bytes_max = 8UL * 1024 * 1024;

    std::size_t events_max_;
    std::size_t grown_ = 64;
    std::size_t bytes_per_event_ = 512;
};

}  // namespace baton::orchestrator

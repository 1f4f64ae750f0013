// How many events to read at once: fewer where events are large, so that a page is not much larger
// than it may be, and most of what is read is used.
//
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>

#include "baton/sql/log_reader.hpp"

namespace baton::orchestrator {

class PageSize {
public:
    // Four pages are in memory at most, each as the server's text and as typed values: the one that
    // is folded, one that is ready, one in the reader's hand, and a spare one's buffers.
    static constexpr std::size_t bytes_max = 8UL * 1024 * 1024;

    explicit PageSize(std::size_t events_max) : events_max_(events_max) {}

    /// How many events the next page may have, of at most `fold_limit` that may be folded at once.
    /// It goes by the size of the former page's events; what large ones among them may take besides
    /// is for the reader of the log to heed (bytes_max).
    [[nodiscard]] std::size_t limit(std::size_t fold_limit) const {
        return std::clamp<std::size_t>(std::min(fold_limit, bytes_max / bytes_per_event_), 1,
                                       events_max_);
    }

    /// Takes note of a page.
    void read(const sql::LogPage& page) { bytes_per_event_ = page.bytes / page.events.size() + 1; }

private:
    std::size_t events_max_;
    std::size_t bytes_per_event_ = 256;
};

}  // namespace baton::orchestrator

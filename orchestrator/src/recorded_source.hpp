// Reads and decodes recorded pages, for views that are far behind, while the former ones are folded
// and committed.
//
// Threads: everything between the constructor and the destructor happens on a thread of its own,
// with a connection of its own, which ends once all was read; pages() is how the folding one gets
// at it. Lifetime: options and registry must outlive it; the thread has ended when the destructor
// returns.
#pragma once

#include <atomic>
#include <thread>

#include "baton/orchestrator/options.hpp"
#include "page_queue.hpp"
#include "page_size.hpp"

namespace baton::orchestrator {

/// A part of the log: positions after `from`, up to and with `to`.
struct EventRange {
    Position from;
    Position to;

    [[nodiscard]] std::size_t events() const {
        return static_cast<std::size_t>(static_cast<std::int64_t>(to) -
                                        static_cast<std::int64_t>(from));
    }
};

class RecordedAhead {
public:
    /// Pages have at most `count` events, until limit_events().
    RecordedAhead(const OrchestratorOptions& options, const Registry& registry, EventRange range,
                  std::size_t count);
    ~RecordedAhead();
    RecordedAhead(const RecordedAhead&) = delete;
    RecordedAhead& operator=(const RecordedAhead&) = delete;

    /// What was read, for the folding thread: without a gap from the range's beginning to its
    /// end.
    [[nodiscard]] PageQueue& pages() { return pages_; }
    void limit_events(std::size_t count) { fold_limit_ = count; }

private:
    void run(EventRange range);

    // Constant after construction.
    const OrchestratorOptions& options_;
    const Registry& registry_;

    std::atomic<std::size_t> fold_limit_;
    PageQueue pages_{registry_};

    std::thread thread_;
};

}  // namespace baton::orchestrator

// Reads and decodes the next page of the log while the former one is folded and committed, and
// waits for the doorbell when there is none.
//
// Threads: everything between the constructor and the destructor happens on a thread of its own;
// pages() is how the leader's gets at what that reads. Lifetime: the registry must outlive it; the
// thread has ended when the destructor returns.
#pragma once

#include <atomic>
#include <thread>

#include "baton/orchestrator/options.hpp"
#include "baton/sql/listener.hpp"
#include "page_queue.hpp"
#include "page_size.hpp"

namespace baton::orchestrator {

class ReadAhead {
public:
    /// Goes on at `checkpoint`; reads whole events only if `registry` has reducers.
    ReadAhead(const OrchestratorOptions& options, const Registry& registry,
              sql::Checkpoint checkpoint);
    ~ReadAhead();
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    /// What was read, for the folding thread.
    [[nodiscard]] PageQueue& pages() { return pages_; }
    /// From here on pages have at most `count` events; it begins with one.
    void limit_events(std::size_t count) { fold_limit_ = count; }

private:
    void run(sql::Checkpoint checkpoint);
    void read_all(sql::Connection& connection, sql::LogReader& reader);
    bool read_page(sql::LogReader& reader);
    void wait_for_events(sql::Connection& connection, sql::LogReader& reader);

    // Constant after construction.
    const OrchestratorOptions& options_;
    const Registry& registry_;
    sql::Listener listener_;

    // Touched by the reading thread only.
    PageSize page_size_{options_.batch_max};

    std::atomic<std::size_t> fold_limit_{1};
    PageQueue pages_{registry_};

    std::thread thread_;
};

}  // namespace baton::orchestrator

// One leadership: from the moment the database gave the epoch until it is lost or given back.
//
// Threads: the caller's; reading ahead happens on another.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "baton/base/backoff.hpp"
#include "baton/orchestrator/options.hpp"
#include "catch_up.hpp"
#include "chore.hpp"
#include "declarations.hpp"
#include "lease.hpp"
#include "manifest.hpp"
#include "page_loop.hpp"
#include "view.hpp"

namespace baton::orchestrator {

class Leader {
public:
    /// `connection` holds the leadership of `epoch`. Registers the reducers. Throws Error:
    /// build_mismatch, reducer_invalid, and what a Transaction throws.
    Leader(const OrchestratorOptions& options, const Registry& registry, const Manifest& manifest,
           sql::Connection& connection, sql::Epoch epoch, SlowEvents& slow,
           std::function<bool()> stopping);

    /// Reduces until `stopping` says true. Throws Error(deposed), and what a Transaction throws.
    void work();

private:
    void register_reducers(const Manifest& manifest);
    void add_partitions();
    /// Takes what the reader has, or waits a little; not where views are behind and go on: then
    /// each page is a transaction of its own.
    void reduce_next(bool is_behind);
    void start_reader();
    /// Whether one was due; on the session of the chore.
    bool take_snapshot(sql::Connection& session) const;
    /// Takes `step` again and again until nothing is in its way; false if `stopping` came first.
    bool with_retries(const std::function<void()>& step);
    /// Brings the sets that are behind one step further; false if there are none that can go on.
    bool catch_up();
    void housekeep();
    /// Gives up versions that were kept warm for long enough, and drops what they left.
    void retire_versions();
    void name_unread_types();
    /// Drops snapshots that are not kept any more.
    void drop_snapshots();
    /// In the maintenance chore's thread.
    void take_bases(sql::Connection& session);
    /// Looks whether a person has resolved what halted a view.
    void resume_views();
    /// Tells the reader what the slowest view may fold at once.
    void pace_reader();
    [[nodiscard]] FoldContext context() { return {connection_, options_, lease_, slow_}; }
    [[nodiscard]] std::vector<View*> followers() const;

    const OrchestratorOptions& options_;
    const Registry& registry_;
    sql::Connection& connection_;
    const sql::Epoch epoch_;
    const std::function<bool()> stopping_;
    SlowEvents& slow_;
    LeaderLease lease_{connection_, epoch_, options_.lease};

    std::vector<std::unique_ptr<View>> views_;  // those of one set next to each other
    std::vector<std::vector<View*>> sets_;
    Position head_{0};  // the last recorded position
    std::optional<PageReader> reader_;
    Position apart_until_{0};  // until there, each page is a transaction of its own
    CatchUp catch_up_;
    std::chrono::steady_clock::time_point views_checked_;
    std::chrono::steady_clock::time_point partitions_checked_;
    std::chrono::steady_clock::time_point versions_checked_;
    std::chrono::steady_clock::time_point types_checked_;
    std::set<std::string> unread_named_;  // types, in this leadership
    bool is_troubled_ = false;            // status() is told what holds it up
    std::string not_dropped_;             // why, as it was last told
    std::string snapshot_not_dropped_;    // likewise
    std::optional<Chore> snapshots_;
    // The next one's:
    Declarations declarations_;
    std::chrono::steady_clock::time_point bases_taken_;
    Chore maintenance_;
};

}  // namespace baton::orchestrator

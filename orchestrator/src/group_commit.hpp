// Folds pages that follow each other, and commits them together: the one transaction in which rows
// of views are written, with what is recorded of the events. Each row that the pages changed is
// written once, at the end. A row that is written for each page leaves a dead version each time,
// and as long as somebody holds an old snapshot, whoever looks the row up passes by all of them.
//
// Threads: that of its connection: the leader's, or a builder's.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "baton/orchestrator/options.hpp"
#include "baton/sql/leadership.hpp"
#include "baton/sql/view_store.hpp"
#include "lease.hpp"
#include "unfoldable_event.hpp"
#include "view.hpp"

namespace baton::orchestrator {

/// The events that took longer than the lease when they were folded alone. A process that was
/// stopped meanwhile finds that, too, so twice tells. It outlives the leaderships that this costs,
/// until what came of it is on record: a person who puts the event before the view again may do so
/// while another process leads, or none.
class SlowEvents {
public:
    void add(const View& view, EventId event) { ++times_[{view.name(), view.version(), event}]; }
    /// What is too slow is not folded again.
    [[nodiscard]] bool is_too_slow(const View& view, EventId event) const;
    /// The view's are on record as dead.
    void forget(const View& view);

private:
    std::map<std::tuple<std::string, int, EventId>, int> times_;
};

/// What folding needs of the leader, or of a builder.
struct FoldContext {
    sql::Connection& connection;
    const OrchestratorOptions& options;
    Lease& lease;
    SlowEvents& slow;
};

/// What came of folding a part of a page into a view.
struct FoldedPart {
    std::optional<UnfoldableEvent> unfoldable;
    std::chrono::steady_clock::duration took;
};
/// On top of the parts before it. An event that is known to take longer than the lease is one that
/// cannot be folded. Throws Refusal, what refuse() throws for trying again, and what
/// the connection throws.
[[nodiscard]] FoldedPart fold_part(const FoldContext& context, View& view, const PageRange& range);

/// What came of one view in one attempt to fold pages.
struct FoldOutcome {
    struct Dead {
        sql::DeadEvent event;
        std::string loggable_reason;
    };

    View* view = nullptr;
    std::vector<Dead> dead;
    std::optional<sql::ViewStanding> stopped;  ///< it is halted, or waits for one of its set
    std::string why_stopped;

    [[nodiscard]] bool is_halted() const {
        return stopped && stopped->state == sql::ViewState::halted;
    }
};

/// A page that was folded.
struct FoldedPage {
    sql::BatchRange range;
    std::chrono::steady_clock::time_point started;
};

/// What is written of folded events beside the views' rows, in the transaction that writes those:
/// how far the views are, the batches of the log, and what follows from the events.
class EventLedger {
public:
    EventLedger() = default;
    virtual ~EventLedger() = default;
    EventLedger(const EventLedger&) = delete;
    EventLedger& operator=(const EventLedger&) = delete;

    /// Whether the events were recorded before, by who folded them first.
    [[nodiscard]] virtual bool is_recorded() const = 0;
    /// Last in the transaction: writes it for the pages, which follow each other, and for the views
    /// of the outcomes. Throws Error(deposed) unless all of it may be written.
    virtual void record(sql::Transaction& transaction, std::span<const FoldedPage> pages,
                        std::span<const FoldOutcome> outcomes) = 0;
    /// Where a view stands that was folded to the end of the pages.
    [[nodiscard]] virtual sql::ViewStanding standing_after(Position last) const = 0;
};

/// New events, which become batches of the log. What follows from an event, and happens once
/// however often it is folded again, is written here.
class NewEvents final : public EventLedger {
public:
    NewEvents(Lease& lease, sql::Epoch epoch) : lease_(lease), epoch_(epoch) {}

    [[nodiscard]] bool is_recorded() const override { return false; }
    void record(sql::Transaction& transaction, std::span<const FoldedPage> pages,
                std::span<const FoldOutcome> outcomes) override;
    [[nodiscard]] sql::ViewStanding standing_after(Position last) const override {
        return {sql::ViewState::following, last};
    }

private:
    Lease& lease_;
    const sql::Epoch epoch_;
};

/// Events that are in the log already, for views that are behind. `head` is the log's end: the
/// views follow once they are there.
class RecordedEvents final : public EventLedger {
public:
    RecordedEvents(Lease& lease, Position head) : lease_(lease), head_(head) {}

    [[nodiscard]] bool is_recorded() const override { return true; }
    void record(sql::Transaction& transaction, std::span<const FoldedPage> pages,
                std::span<const FoldOutcome> outcomes) override;
    [[nodiscard]] sql::ViewStanding standing_after(Position last) const override {
        return {last == head_ ? sql::ViewState::following : sql::ViewState::behind, last};
    }

private:
    Lease& lease_;
    const Position head_;
};

class GroupCommit {
public:
    /// `views` are those that follow, or, for recorded pages, those of one set that are behind, all
    /// at one position. Whatever is not committed when it ends is rolled back.
    GroupCommit(const FoldContext& context, std::span<View* const> views, EventLedger& ledger);
    ~GroupCommit();
    GroupCommit(const GroupCommit&) = delete;
    GroupCommit& operator=(const GroupCommit&) = delete;

    /// Folds a page into every view, on top of those before it. False if that cannot be done
    /// without setting an event apart, or not now, or took too long: then it is as if it had not
    /// been tried, and the page has to be reduced apart after commit(). A SQL reducer needs its
    /// pages until then. Throws Error: deposed, and what a Transaction throws.
    [[nodiscard]] bool fold(const Page& page);
    /// Takes a page as the only one, and what came of it for each view in `fold`.
    /// `checks_constraints`: those that are deferred are checked in each view's step.
    void take(const Page& page, const std::function<std::vector<FoldOutcome>()>& fold,
              bool checks_constraints);

    [[nodiscard]] std::size_t pages() const { return pages_.size(); }
    /// How long it may still grow: until a quarter of the lease is over, or two seconds (readers
    /// see nothing of it yet), or a view has more rows to write than a page may touch.
    [[nodiscard]] std::chrono::milliseconds time_left() const;

    /// Writes all pages in one transaction, and what the ledger records of them; the views'
    /// standings are as that says then. Throws Refusal; CommitRefusal, unless constraints were
    /// checked before; Error as fold() does, and that may be passing (blame.hpp). Nothing of it has
    /// happened then.
    void commit();

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] bool fold(View& view, const Page& page);
    void write(sql::Transaction& transaction);
    void write_effects(sql::Transaction& transaction);
    void end_transaction(sql::Transaction& transaction);
    void committed();

    const FoldContext context_;
    const std::vector<View*> views_;
    EventLedger& ledger_;
    const Clock::time_point started_ = Clock::now();
    std::vector<FoldedPage> pages_;
    std::vector<FoldOutcome> outcomes_;
    bool checks_constraints_ = false;
    bool has_uncommitted_ = false;  // in views
};

}  // namespace baton::orchestrator

// A view at work: one reducer version, its rows, and where it stands. The leader owns one for each
// reducer of the process, a builder one for each build that it keeps.
//
// Threads: the leader's.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "baton/orchestrator/options.hpp"
#include "baton/reducers/fold.hpp"
#include "baton/sql/view_store.hpp"
#include "page.hpp"
#include "unfoldable_event.hpp"

namespace baton::orchestrator {

/// The part of a page that is folded at once, and how SQL finds it.
struct PageRange {
    const Page& page;
    std::size_t first;
    std::size_t count;
    bool is_recorded;  ///< Its events have been recorded; else they are of the batch at hand.
};

/// How many events may be folded at once, so that no fold comes near the lease, within which the
/// leader cannot ask for more time. It begins with one event and goes by what folds took.
class FoldPace {
public:
    explicit FoldPace(std::chrono::milliseconds lease) : share_(lease / 8) {}

    [[nodiscard]] std::size_t limit() const { return limit_; }

    /// Takes note of a fold of `events` events, at least one.
    void folded(std::size_t events, std::chrono::duration<double> took) {
        const double each = std::max(took.count() / static_cast<double>(events), 1e-9);
        const double affordable = std::min(share_.count() / each, 1e9);
        // Step by step: the events to come may be other ones.
        limit_ = std::clamp<std::size_t>(static_cast<std::size_t>(affordable), 1, limit_ * 8);
    }

private:
    std::chrono::duration<double> share_;
    std::size_t limit_ = 1;
};

class View {
public:
    View(std::string name, int version, std::chrono::milliseconds lease)
        : pace(lease), name_(std::move(name)), version_(version) {}
    virtual ~View() = default;
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int version() const { return version_; }

    /// Folds the range's events, on top of the ranges before it, and keeps what is to be
    /// written. Not to be called within a transaction, which would stand idle meanwhile. Returns
    /// the event that cannot be folded, if the reducer itself said so; nothing of the range is
    /// kept then. Throws sql::SqlError where the database did not give the rows.
    [[nodiscard]] virtual std::optional<UnfoldableEvent> fold(const PageRange& range) = 0;
    /// As if the last fold() had not been; it must have been kept.
    virtual void forget_last_fold() = 0;
    /// How many rows and effects are in memory that are to be written, or a few more.
    [[nodiscard]] virtual std::size_t unwritten_rows() const { return 0; }
    /// Whether write() needs the pages of the ranges that were folded.
    [[nodiscard]] virtual bool needs_pages() const { return false; }
    /// Writes what fold() kept since the last commit, each row once. Throws sql::SqlError where the
    /// database refused it: the transaction is over.
    virtual void write(sql::Transaction& transaction) = 0;
    /// Lets happen what follows from the events that fold() kept since the last commit, if
    /// effects_after says so. After write(), and after the leader's row was locked. Throws as
    /// write().
    virtual void write_effects(sql::Transaction& transaction) = 0;
    /// What was folded is durable.
    virtual void committed() = 0;
    /// It is not, and must be folded again.
    virtual void rolled_back() = 0;

    /// The effects of events behind it are wanted: this version is live. Without it, none are.
    virtual void run_effects_after(Position position) = 0;

    std::string set;  ///< The view set that it belongs to.
    sql::ViewStanding standing;
    FoldPace pace;
    /// How often in a row it was refused for what may go away by itself.
    int refusals = 0;
    /// A lock has set it aside, and it is not tried again before then.
    std::optional<std::chrono::steady_clock::time_point> aside_until;

private:
    std::string name_;
    int version_;
};

/// A view that a C++ reducer keeps. `info` must be registered and outlive it, as `connection` must.
[[nodiscard]] std::unique_ptr<View> make_cpp_view(sql::Connection& connection,
                                                  const ReducerInfo& info,
                                                  std::unique_ptr<Fold> fold,
                                                  std::chrono::milliseconds lease);
/// A view that a SQL function keeps.
[[nodiscard]] std::unique_ptr<View> make_sql_view(const sql::SqlReducer& reducer,
                                                  std::chrono::milliseconds lease);

}  // namespace baton::orchestrator

// A view at work: one reducer version, its rows, and where it stands. The leader owns one for each
// reducer of the process.
//
// Threads: the leader's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "baton/orchestrator/orchestrator.hpp"
#include "baton/reducers/fold.hpp"
#include "baton/sql/view_store.hpp"
#include "read_ahead.hpp"

namespace baton::orchestrator {

/// The part of a page that is folded at once, and how SQL finds it.
struct Segment {
    const Page& page;
    std::size_t first;
    std::size_t count;
    bool is_recorded;  ///< Its events have been recorded; else they are of the batch at hand.
};

/// An event that a reducer could not fold, by its index in the page.
struct Poison {
    std::size_t index;
    std::string error;
};

class View {
public:
    View(std::string name, int version) : name_(std::move(name)), version_(version) {}
    virtual ~View() = default;
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] int version() const { return version_; }

    /// Folds the segment's events and writes the rows, in `transaction`. Returns the event that
    /// cannot be folded, if the reducer itself said so; nothing was written then. Throws
    /// sql::SqlError where the database refused: the transaction is over.
    [[nodiscard]] virtual std::optional<Poison> apply(sql::Transaction& transaction,
                                                      const Segment& segment) = 0;
    /// The transaction of the last apply() was committed.
    virtual void committed() = 0;
    /// It was not.
    virtual void rolled_back() = 0;

    sql::ViewStanding standing;

private:
    std::string name_;
    int version_;
};

/// A view that a C++ reducer keeps. `info` must be registered and outlive it.
[[nodiscard]] std::unique_ptr<View> make_cpp_view(sql::Connection& connection,
                                                  const ReducerInfo& info,
                                                  std::unique_ptr<Fold> fold);
/// A view that a SQL function keeps.
[[nodiscard]] std::unique_ptr<View> make_sql_view(const sql::SqlReducer& reducer);

}  // namespace baton::orchestrator

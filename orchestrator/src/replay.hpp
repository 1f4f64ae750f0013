// One reducer at work on recorded events, for a table of the session's own: see past_view.hpp.
//
// Threads: that of its connection.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "baton/reducers/registry.hpp"
#include "baton/sql/connection.hpp"
#include "baton/sql/view_store.hpp"

namespace baton::orchestrator {

class Replay {
public:
    struct Unfoldable {
        Position position;
        std::string reason;
        /// What to throw unless a person said that the event is to be left out: it is not wrong in
        /// itself, but this program is too old for it, say.
        std::exception_ptr set_up = nullptr;
    };

    /// Whether what is looked for came about with the events that were folded, and with which of
    /// them for the last time (0: that is not known): asked in the transaction of a fold, before it
    /// commits.
    using Watch = std::function<std::optional<Position>(sql::Transaction&)>;

    Replay() = default;
    virtual ~Replay() = default;
    Replay(const Replay&) = delete;
    Replay& operator=(const Replay&) = delete;

    /// Folds at most `limit` events after `at`, which it moves on, but for those that are to be
    /// left out. Returns the event that cannot be folded, if there is one; then `at` is as it was.
    /// Throws Error: event_version_unknown, and what the statements throw.
    [[nodiscard]] virtual std::optional<Unfoldable> fold(Position& at, std::size_t limit,
                                                         const std::set<Position>& left_out) = 0;

    /// From here on a fold with which it came about is undone, and done again with fewer events: so
    /// it only ever comes about with an event that is folded alone.
    void watch(Watch watch) { watch_ = std::move(watch); }

protected:
    /// How many of `limit` events after `at` are to be folded at once. Where it is known to have
    /// come about among some: all but the last one of them; and if that was undone, too, half of
    /// them.
    [[nodiscard]] std::size_t narrowed(Position at, std::size_t limit) const;
    /// Whether the fold of these `count` events after `at`, which is about to commit, is to be
    /// undone.
    [[nodiscard]] bool is_seen(sql::Transaction& transaction, Position at, std::size_t count);

private:
    Watch watch_;
    Position seen_by_{0};  // it came about after the position before, and not later than here
    int undone_ = 0;       // folds since it last came about
};

/// With reducers()[index] of the registry, which must outlive it as `connection` must.
[[nodiscard]] std::unique_ptr<Replay> make_cpp_replay(sql::Connection& connection,
                                                      const Registry& registry, std::size_t index);
/// With a SQL function, "schema"."name" or a name; `file` says which schema versions it knows,
/// where this program has it, and must outlive it.
[[nodiscard]] std::unique_ptr<Replay> make_sql_replay(sql::Connection& connection,
                                                      const std::string& function,
                                                      const sql::SqlReducer* file);

}  // namespace baton::orchestrator

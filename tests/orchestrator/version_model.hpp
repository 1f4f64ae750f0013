// What is known of three versions of the view set "books" from outside, and what must hold of them
// at any time. The model knows only what was asked for and what became of it; what the system
// decides by itself (when a promotion is done, when a version is known) it takes from a snapshot of
// the database, and fails the test where no way leads there.
//
// Version N of the set has account_totals@N; versions 1 and 2 share mark_totals@1, version 3 has
// mark_totals@2. So one promotion changes a member and keeps another, and one changes both.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "baton/sql/connection.hpp"

namespace baton::testing {

/// The version of mark_totals in a version of the set.
[[nodiscard]] inline int marks_of(int version) { return version == 3 ? 2 : 1; }

struct Promotion {
    int version = 0;
    std::string state;
};

class Model {
public:
    std::map<int, std::string> states;             ///< Of set_version.
    std::map<std::int64_t, Promotion> promotions;  ///< By id.
    std::set<int> started;                         ///< Versions of which there ever was a process.
    int retired = 0;  ///< What the command at hand retired; 0: nothing.
    std::int64_t epoch = 0;

    /// 0 if there is none.
    [[nodiscard]] int live() const;
    [[nodiscard]] bool is_promoting() const;
    /// That a rollback goes to; 0 if there is none.
    [[nodiscard]] int former() const;

    /// Brings the model up to what the database says by now.
    void observe(sql::Transaction& snapshot);

private:
    // Returns the lowest version that was live since the last observation.
    int observe_promotions(sql::Transaction& snapshot);
    void observe_versions(sql::Transaction& snapshot, int lowest_live);
    void switch_to(int version);

    std::map<int, int> warm_since_;  // in the order in which they were superseded
    int switches_ = 0;
};

/// All of what must hold of the log, the epochs and the views at one snapshot; `model` has
/// observed it.
void expect_promises(sql::Transaction& snapshot, Model& model);

/// A transaction that took its snapshot at some step, and has not looked at the views yet.
class Reader {
public:
    explicit Reader(const std::string& url);

    /// What a reader at this snapshot sees; `expect_unchanged()` is to see the same. `looks`: so it
    /// has, and holds its locks from then on.
    sql::Transaction& begin(bool looks);
    /// Ends what begin() gave. The reader waits from here on, if there is anything to see.
    void wait(const Model& model);
    [[nodiscard]] bool is_waiting() const { return rows_.has_value(); }

    /// The same snapshot, after whatever has happened since. The reader is done then.
    void expect_unchanged(const Model& model);

private:
    void forget();

    sql::Connection first_;
    sql::Connection second_;
    std::optional<sql::Transaction> now_;
    std::optional<sql::Transaction> later_;
    std::optional<std::string> rows_;
    int version_ = 0;
    bool looks_ = false;
};

}  // namespace baton::testing

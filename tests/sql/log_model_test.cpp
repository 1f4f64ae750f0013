// The algorithm of open_window() and log_slice(), in a model where every read is a step of its own,
// against what the log promises.
//
// In the model time stands still between any two steps, so a schedule can put a commit, an id or a
// transaction id into each gap between the reads of a window. What must hold at the end of each
// schedule: every committed event was read once and no other; if a transaction had committed before
// an event was dispatched, that transaction's events come first. Then the same schedules find each
// of the mistakes that one can make in open_window(): a model that finds none would prove nothing.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "support/seed.hpp"

namespace baton::sql {
namespace {

using Xid = std::int64_t;
using Id = std::int64_t;
using Random = std::mt19937_64;

int up_to(Random& random, int most) { return std::uniform_int_distribution<int>(0, most)(random); }

struct Snapshot {
    Xid xmax = 1;
    std::set<Xid> running = {};
    [[nodiscard]] bool sees(Xid xid) const { return xid < xmax && !running.contains(xid); }
};

struct ModelEvent {
    Xid xid = 0;
    Id id = 0;
    std::set<Id> causes = {};  // every id that was committed when this one was dispatched
};

// What Postgres does: transaction ids, a sequence, snapshots, commits.
class Database {
public:
    Xid begin() {
        running_.insert(++last_xid_);
        return last_xid_;
    }
    // Draws an id for an event of `xid`: what was committed by now may be its cause.
    Id draw_id(Xid xid) {
        drawn_.push_back({xid, ++last_id_, committed_});
        return last_id_;
    }
    void insert(Id id) { rows_.push_back(drawn_[static_cast<std::size_t>(id) - 1]); }
    void end(Xid xid, bool commits) {
        running_.erase(xid);
        latest_completed_ = std::max(latest_completed_, xid);
        for (const ModelEvent& row : rows_) {
            if (row.xid == xid && commits) committed_.insert(row.id);
        }
    }
    // As GetSnapshotData(): what is between the last completed transaction and the next counts as
    // running, and a transaction is not in the list of its own snapshot.
    [[nodiscard]] Snapshot snapshot(std::optional<Xid> own) const {
        Snapshot snapshot{latest_completed_ + 1, running_};
        std::erase_if(snapshot.running,
                      [&](Xid xid) { return xid == own || xid >= snapshot.xmax; });
        return snapshot;
    }
    [[nodiscard]] Id id_value() const { return last_id_; }
    [[nodiscard]] const std::set<Id>& committed() const { return committed_; }
    // Rows that a statement reads now.
    [[nodiscard]] std::vector<ModelEvent> visible() const {
        std::vector<ModelEvent> rows;
        for (const ModelEvent& row : rows_) {
            if (committed_.contains(row.id)) rows.push_back(row);
        }
        return rows;
    }

private:
    Xid last_xid_ = 0;
    Xid latest_completed_ = 0;
    Id last_id_ = 0;
    std::set<Xid> running_;
    std::set<Id> committed_;
    std::vector<ModelEvent> drawn_;  // by id - 1
    std::vector<ModelEvent> rows_;
};

enum class Mistake {
    none,
    xid_before_id_value,
    drops_stragglers,
    drops_listed_stragglers,
    drops_stragglers_after_xmax,
    own_xid_is_seen,
    ceiling_before_snapshot,
    orders_by_xid,
    id_cursor,
};

struct ModelWindow {
    Id id_value = 0;
    Xid xid = 0;
    Snapshot seen;
    Id ceiling = 0;
    std::set<Xid> stragglers = {};
};

// Opens windows step by step, and pages through them. The transaction that opens a window also
// dispatches now and then, before it commits.
class ModelReader {
public:
    ModelReader(Database& database, Mistake mistake, Random& random)
        : database_(database), mistake_(mistake), random_(random) {}

    void step() {
        switch (step_++) {
            case 0:
                return mistake_ == Mistake::xid_before_id_value ? read_xid() : read_id_value();
            case 1:
                return mistake_ == Mistake::xid_before_id_value ? read_id_value() : read_xid();
            case 2:
                if (mistake_ == Mistake::ceiling_before_snapshot) return read_ceiling();
                return read_snapshot();
            case 3:
                if (mistake_ == Mistake::ceiling_before_snapshot) return read_snapshot();
                return read_ceiling();
            case 4:
                next_.stragglers = window_stragglers();
                return;
            case 5:
                if (up_to(random_, 1) == 0) own_id_ = database_.draw_id(next_.xid);
                return;
            case 6:
                if (own_id_) database_.insert(*own_id_);
                return;
            case 7:
                database_.end(next_.xid, true);
                own_id_.reset();
                return;
            default:
                page();
        }
    }

    // Rounds off the window that is under way.
    void finish() {
        while (step_ != 0) step();
    }
    [[nodiscard]] const std::vector<ModelEvent>& log() const { return log_; }

private:
    void read_id_value() { next_.id_value = database_.id_value(); }
    void read_xid() { next_.xid = database_.begin(); }
    void read_ceiling() { next_.ceiling = database_.id_value(); }
    void read_snapshot() {
        next_.seen = database_.snapshot(next_.xid);
        if (mistake_ != Mistake::own_xid_is_seen) next_.seen.running.insert(next_.xid);
    }

    // Up to the former window's xid, unseen by its snapshot, seen by this one's.
    [[nodiscard]] std::set<Xid> window_stragglers() const {
        std::set<Xid> late;
        if (mistake_ == Mistake::drops_stragglers) return late;
        for (const ModelEvent& row : database_.visible()) {
            const bool listed = at_.seen.running.contains(row.xid);
            const bool after = row.xid >= at_.seen.xmax;
            if (row.xid > at_.xid || !next_.seen.sees(row.xid)) continue;
            if (listed && mistake_ != Mistake::drops_listed_stragglers) late.insert(row.xid);
            if (after && mistake_ != Mistake::drops_stragglers_after_xmax) late.insert(row.xid);
        }
        return late;
    }

    [[nodiscard]] bool in_slice(const ModelEvent& row) const {
        if (row.id <= after_ || row.id > next_.ceiling) return false;
        if (mistake_ == Mistake::id_cursor) return row.id > cursor_;
        if (next_.stragglers.contains(row.xid)) return true;
        return row.xid > at_.xid && row.id > at_.id_value && next_.seen.sees(row.xid) &&
               !at_.seen.sees(row.xid);
    }

    void page() {
        std::vector<ModelEvent> rows = database_.visible();
        std::erase_if(rows, [&](const ModelEvent& row) { return !in_slice(row); });
        const bool by_xid = mistake_ == Mistake::orders_by_xid;
        std::ranges::sort(rows, {}, [&](const ModelEvent& row) {
            return std::pair{by_xid ? row.xid : 0, row.id};
        });
        const auto limit = by_xid ? rows.size() : static_cast<std::size_t>(1 + up_to(random_, 2));
        const bool exhausted = rows.size() < limit || by_xid;
        if (rows.size() > limit) rows.resize(limit);
        for (const ModelEvent& row : rows) {
            log_.push_back(row);
            after_ = row.id;
            cursor_ = std::max(cursor_, row.id);
        }
        if (!exhausted) return;
        at_ = next_;
        next_ = {};
        after_ = 0;
        step_ = 0;
    }

    Database& database_;
    Mistake mistake_;
    Random& random_;
    ModelWindow at_;
    ModelWindow next_;
    std::optional<Id> own_id_;
    Id after_ = 0;
    Id cursor_ = 0;
    int step_ = 0;
    std::vector<ModelEvent> log_;
};

// A writer that takes its transaction id, then draws and inserts up to three ids, then ends.
class ModelWriter {
public:
    void step(Database& database, Random& random) {
        if (!xid_) {
            xid_ = database.begin();
            left_ = up_to(random, 3);
        } else if (id_) {
            database.insert(*id_);
            id_.reset();
        } else if (left_-- > 0) {
            id_ = database.draw_id(*xid_);
        } else {
            end(database, up_to(random, 4) != 0);
        }
    }
    void end(Database& database, bool commits) {
        if (!xid_) return;
        if (id_ && commits) database.insert(*id_);
        database.end(*xid_, commits);
        xid_.reset();
        id_.reset();
    }

private:
    std::optional<Xid> xid_;
    std::optional<Id> id_;
    int left_ = 0;
};

// Whether the log that one random schedule led to is right.
bool holds(Random& random, Mistake mistake) {
    Database database;
    ModelReader reader(database, mistake, random);
    std::vector<ModelWriter> writers(3);
    const int steps = 20 + up_to(random, 60);
    for (int i = 0; i < steps; ++i) {
        const auto who = static_cast<std::size_t>(up_to(random, 4));
        if (who < writers.size()) {
            writers[who].step(database, random);
        } else {
            reader.step();
        }
    }
    for (ModelWriter& writer : writers) writer.end(database, true);
    // The window that is under way; all that came since; what that one's opener dispatched, and so
    // on: an opener dispatches every other time only.
    for (int i = 0; i < 3 || reader.log().size() < database.committed().size(); ++i) {
        if (i == 50) return false;
        reader.finish();
        reader.step();
    }
    reader.finish();

    std::set<Id> read;
    for (const ModelEvent& event : reader.log()) {
        const bool causes_read = std::ranges::includes(read, event.causes);
        if (!causes_read || !read.insert(event.id).second) return false;
    }
    return std::ranges::includes(database.committed(), read);
}

TEST(LogModelTest, AHundredThousandSchedulesKeepThePromise) {
    Random random(testing::seed());
    int wrong = 0;
    for (int i = 0; i < 100'000; ++i) wrong += holds(random, Mistake::none) ? 0 : 1;
    EXPECT_EQ(wrong, 0);
}

class LogModelMistakeTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(LogModelMistakeTest, IsFound) {
    Random random(testing::seed());
    int schedules = 0;
    while (schedules < 100'000 && holds(random, GetParam())) ++schedules;
    EXPECT_LT(schedules, 100'000) << "no schedule shows the mistake";
}

INSTANTIATE_TEST_SUITE_P(Every, LogModelMistakeTest,
                         ::testing::Values(Mistake::xid_before_id_value, Mistake::drops_stragglers,
                                           Mistake::drops_listed_stragglers,
                                           Mistake::drops_stragglers_after_xmax,
                                           Mistake::own_xid_is_seen,
                                           Mistake::ceiling_before_snapshot, Mistake::orders_by_xid,
                                           Mistake::id_cursor));

}  // namespace
}  // namespace baton::sql

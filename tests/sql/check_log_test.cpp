// doctor() finds a log whose rows are not those that were recorded, and an event that stands at two
// positions; mend_log() makes the latter whole.

#include <gtest/gtest.h>

#include "restore_fixture.hpp"

namespace baton::sql {
namespace {

class CheckLogTest : public ::testing::Test {
protected:
    struct Finding {
        std::string state;
        std::string found;
    };

    Finding finding(const std::string& check, bool whole_log = false) {
        const Result rows = connection_.exec("select state, found from doctor(" +
                                             std::string(whole_log ? "true" : "false") +
                                             ") where check_name = '" + check + "'");
        return {std::string(rows.only().text(0)), std::string(rows.only().text(1))};
    }

    void expect(const std::string& check, const std::string& state, const std::string& words,
                bool whole_log = false) {
        const Finding found = finding(check, whole_log);
        EXPECT_EQ(found.state, state) << found.found;
        EXPECT_NE(found.found.find(words), std::string::npos) << found.found;
    }

    void dispatch(int count) {
        for (int i = 0; i < count; ++i) dispatch_number(connection_, i);
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
};

TEST_F(CheckLogTest, LogAsItWasRecordedIsWell) {
    expect("positions", "ok", "looked at all 0 events");
    expect("log_rows", "ok", "looked at all 0 events");
    LogFollower follower(database_.url());
    Connection other(database_.url(), testing::in_test_schema());
    Transaction late(other);
    late.exec("select dispatch('late')");
    connection_.exec(
        "begin; select dispatch('a'); savepoint a; select dispatch('in a savepoint');"
        "savepoint b; select dispatch('in another'); rollback to b; commit");
    dispatch(10);
    // Nobody has read it: so it is what it is.
    connection_.exec("update event set payload = '{\"n\": 11}' where payload = '{\"n\": 9}'");
    follower.take(5);
    follower.drain(4);
    dispatch(3);
    late.commit();
    follower.drain();
    expect("positions", "ok", "each event stands at one position; looked at all 16 events");
    expect("log_rows", "ok", "the rows are those that were recorded; looked at all 16 events");
}

TEST_F(CheckLogTest, EventsThatWereDeletedAreFound) {
    LogFollower follower(database_.url());
    dispatch(20);
    follower.drain(5);
    connection_.exec("delete from event where id in (8, 9, 17)");
    expect("log_rows", "problem",
           "3 events are gone, the first of them from the batch at position 6");
    expect("positions", "ok", "");
}

TEST_F(CheckLogTest, EventsThatWereChangedAreFound) {
    LogFollower follower(database_.url());
    dispatch(10);
    connection_.exec("begin; savepoint a; select dispatch('in a savepoint'); commit");
    follower.drain(5);
    expect("log_rows", "ok", "");
    connection_.exec("update event set payload = '{}' where id in (7, 11)");
    expect("log_rows", "warning",
           "2 events were changed after views had read them, the first of them is event 7");
}

// By a transaction that was open when the window was.
TEST_F(CheckLogTest, EventsThatWereChangedByAnOldTransactionAreFound) {
    LogFollower follower(database_.url());
    Connection other(database_.url(), testing::in_test_schema());
    Transaction old(other);
    old.exec("select pg_current_xact_id()");
    dispatch(10);
    follower.drain(5);
    old.exec("update event set key = 'changed' where id = 3");
    old.commit();
    expect("log_rows", "warning", "1 events were changed");
}

TEST_F(CheckLogTest, EventsThatWerePutInAreFound) {
    LogFollower follower(database_.url());
    dispatch(5);
    connection_.exec("begin; select dispatch('never'); rollback");
    dispatch(5);
    follower.drain(4);
    connection_.exec(
        "insert into event (xid, id, type) overriding system value"
        " select xid, 6, 'forged' from event where id = 7");
    expect("log_rows", "problem",
           "1 events were put in afterwards, the first of them into the batch at position 5");
}

TEST_F(CheckLogTest, BatchesThatWereDeletedAreFound) {
    LogFollower follower(database_.url());
    dispatch(20);
    follower.drain(5);
    connection_.exec("delete from batch where first_position = 6");
    expect("log_rows", "problem", "the batch at position 11 does not follow the one before it");
}

TEST_F(CheckLogTest, LooksAtTheNewestOfALongLogUnlessItIsToldOtherwise) {
    LogFollower follower(database_.url());
    dispatch(10);
    follower.drain(5);
    connection_.exec("select dispatch('n') from generate_series(1, 1001)");
    follower.drain(1);
    connection_.exec("delete from event where id = 3");
    expect("log_rows", "ok", "looked at the newest 1000 events, in 1000 batches: --whole-log");
    expect("log_rows", "problem",
           "1 events are gone, the first of them from the batch at position 1; looked at all",
           true);
}

TEST_F(CheckLogTest, LooksAtNoMoreEventsThanItSays) {
    LogFollower follower(database_.url());
    connection_.exec("select dispatch('n') from generate_series(1, 130000)");
    follower.drain(20'000);
    expect("log_rows", "ok", "looked at the newest 50000 events, in 3 batches");
}

// A copy in which restored events were taken for late ones, as by a former release: it did as if no
// event had come from elsewhere.
class DoubledLogTest : public CheckLogTest {
protected:
    void SetUp() override {
        connection_.exec(
            "insert into event (xid, type, payload)"
            " select (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 20 + n)"
            "::text::xid8, 'restored', to_jsonb(n) from generate_series(1, 1000) as n");
        connection_.exec("update log_origin set system_identifier = 1");
        LogFollower follower(database_.url());
        follower.take(400);
        follower.drain(100);
        const std::string after_id(
            connection_.exec("select max(after_id) from log_origin").only().text(0));
        connection_.exec("update log_origin set after_id = 0");
        for (int i = 0; i < 100; ++i) {
            dispatch(1 + i % 2);
            follower.take(4);
        }
        // The last window is read by half, up to a restored event.
        dispatch(2);
        std::vector<LoggedEvent> taken;
        for (int i = 0; i < 200 && (taken.empty() || taken.back().id > 1000); ++i) {
            taken = follower.take(1);
        }
        ASSERT_FALSE(taken.empty());
        ASSERT_LE(taken.back().id, 1000);
        connection_.exec("update log_origin set after_id = " + after_id +
                         " where window_number > 0");
        // Once by each batch that has it.
        doubled_ = whole_log(connection_);
        std::set<std::int64_t> known;
        for (const LoggedEvent& event : doubled_) {
            if (!known.insert(event.id).second) continue;
            right_.push_back(event);
            right_.back().position = static_cast<std::int64_t>(right_.size());
        }
        ASSERT_GT(doubled_.size(), right_.size() + 20);
    }

    std::vector<LoggedEvent> doubled_;
    std::vector<LoggedEvent> right_;
};

TEST_F(DoubledLogTest, EventsAtTwoPositionsAreFound) {
    expect("positions", "problem",
           std::to_string(doubled_.size() - right_.size()) + " events stand at two positions");
    expect("log_rows", "ok", "up to id 1000, which came from another cluster");
}

TEST_F(DoubledLogTest, ItsPositionsAreForEverTheSameUntilItIsMended) {
    LogFollower follower(database_.url());
    const std::int64_t left = count_of(connection_, "waiting_events(1000)");
    EXPECT_EQ(left, static_cast<std::int64_t>(event_ids(connection_).size() - right_.size()));
    dispatch(10);
    EXPECT_EQ(follower.drain(3).size(), static_cast<std::size_t>(left) + 10);
    const std::vector<LoggedEvent> log = whole_log(connection_);
    EXPECT_TRUE(std::equal(doubled_.begin(), doubled_.end(), log.begin()));
    EXPECT_EQ(log.size() - doubled_.size(), static_cast<std::size_t>(left) + 10);
}

TEST_F(DoubledLogTest, MendedItHasEachEventOnceInTheSameOrder) {
    EXPECT_EQ(connection_.exec("select mend_log()").only().integer(0),
              static_cast<std::int64_t>(doubled_.size() - right_.size()));
    EXPECT_EQ(whole_log(connection_), right_);
    expect("positions", "ok", "each event stands at one position");
    expect("log_rows", "ok", "");
    EXPECT_EQ(connection_.exec("select mend_log()").only().integer(0), 0);

    LogFollower follower(database_.url());
    dispatch(10);
    EXPECT_GE(follower.drain(3).size(), 10U);
    expect_whole(connection_);
}

TEST_F(DoubledLogTest, WhoLedCanWriteNoMoreOnceItIsMended) {
    LogFollower follower(database_.url());
    dispatch(1);
    LogReader reader = follower.reader();
    LogPage page;
    ASSERT_TRUE(reader.next(10, page));
    connection_.exec("select mend_log()");
    EXPECT_THROW(follower.record(page), Error);
}

TEST_F(DoubledLogTest, DeadEventsMoveWithTheirPositions) {
    const auto position_of = [](const std::vector<LoggedEvent>& log, std::int64_t id, bool last) {
        std::int64_t position = 0;
        for (const LoggedEvent& event : log) {
            if (event.id == id && (position == 0 || last)) position = event.position;
        }
        return position;
    };
    const LoggedEvent newest = right_.back();
    const LoggedEvent* twice = nullptr;
    for (const LoggedEvent& event : right_) {
        if (position_of(doubled_, event.id, true) != position_of(doubled_, event.id, false)) {
            twice = &event;
        }
    }
    ASSERT_NE(twice, nullptr);
    connection_.exec(
        "insert into dead_event (view, version, position, event_id, event_type, error, state)"
        " values ('v', 1, " +
        std::to_string(position_of(doubled_, newest.id, false)) + ", " + std::to_string(newest.id) +
        ", 'n', 'e', 'skipped'), ('v', 1, " + std::to_string(twice->position) + ", " +
        std::to_string(twice->id) + ", 'n', 'e', 'skipped'), ('v', 1, " +
        std::to_string(position_of(doubled_, twice->id, true)) + ", " + std::to_string(twice->id) +
        ", 'n', 'e', 'skipped')");
    connection_.exec("insert into skipped_event (position, event_id) values (" +
                     std::to_string(position_of(doubled_, newest.id, false)) + ", " +
                     std::to_string(newest.id) + ")");
    connection_.exec("select mend_log()");
    EXPECT_EQ(connection_.exec("select position from skipped_event").only().integer(0),
              newest.position)
        << "what a person skipped would be another event";
    EXPECT_EQ(
        connection_
            .exec(
                "select string_agg(position::text || ' ' || event_id::text, ', ' order by position)"
                " from dead_event where state = 'skipped'")
            .only()
            .text(0),
        std::to_string(twice->position) + " " + std::to_string(twice->id) + ", " +
            std::to_string(newest.position) + " " + std::to_string(newest.id));
}

}  // namespace
}  // namespace baton::sql

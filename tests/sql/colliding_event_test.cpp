// A copy whose id sequence did not come with it, or whose writers did not stop: nothing that was
// dispatched there is lost silently.

#include <gtest/gtest.h>

#include <optional>

#include "outcome.hpp"
#include "restore_fixture.hpp"

namespace baton::sql {
namespace {

class RestoreCollidingEventTest : public RestoreTest {};

// An event whose id is drawn when the log is re-based, and which commits after, would be lost.
TEST_F(RestoreCollidingEventTest, FirstLeadershipWaitsForOpenWriters) {
    for (const std::string dispatch :
         {"select dispatch('open')", "select dispatch('open', dispatch_id => gen_random_uuid())"}) {
        const std::string there = database_elsewhere();
        copy_database(database_.url(), there, Form::sql);
        Connection connection(there, testing::in_test_schema());
        Transaction open(connection);
        open.exec(dispatch);
        Connection impatient(there, testing::in_test_schema());
        impatient.exec("set lock_timeout = '50ms'");
        prepare_leadership(impatient);
        const Outcome outcome = outcome_of([&] {
            (void)lead(impatient,
                       {"impatient", {}, {}, std::chrono::seconds(5), testing::test_credentials()});
        });
        EXPECT_EQ(outcome.code, "lock_unavailable") << outcome.text;
        open.commit();
        EXPECT_TRUE(
            lead(impatient,
                 {"impatient", {}, {}, std::chrono::seconds(5), testing::test_credentials()})
                .epoch);
    }
}

TEST_F(RestoreCollidingEventTest, EventsUnderTheIdsOfRemovedOnesAreRefused) {
    dispatch(20);
    {
        LogFollower follower(database_.url());
        follower.drain();
    }
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql);
    Connection connection(there, testing::in_test_schema());
    connection.exec("select setval('event_id_seq', 1, false)");
    // As retention leaves it: the first ids are gone, but not those of the first batch.
    connection.exec("delete from event where id <= 3");
    dispatch_number(connection, 1);
    const Outcome outcome = outcome_of([&] { const LogFollower follower(there); });
    EXPECT_EQ(outcome.sqlstate, "BT009") << outcome.text;
}

// The sequence stands where doctor() says, or the restored events end, while the last window of the
// other cluster reaches further: ids are drawn in vain.
class RestoreCeilingTest : public RestoreCollidingEventTest {
protected:
    void SetUp() override {
        RestoreCollidingEventTest::SetUp();
        if (IsSkipped()) return;
        dispatch(20);
        {
            Transaction in_vain(connection_);
            for (int i = 0; i < 12; ++i) in_vain.exec("select dispatch('in vain')");
        }
        LogFollower follower(database_.url());
        follower.drain();
        there_ = database_elsewhere();
        copy_database(database_.url(), there_, Form::sql);
        copy_.emplace(there_, testing::in_test_schema());
        copy_->exec("select setval('event_id_seq', 1, false)");
        // Beyond what the last window saw: below that, it takes new events for its own.
        advance_xid_to(*copy_, copy_
                                   ->exec("select pg_snapshot_xmax(seen)::text::bigint + 5 "
                                          "from log_window order by number desc limit 1")
                                   .only()
                                   .integer(0));
    }

    std::string fix_of_doctor() {
        const Result rows =
            copy_->exec("select fix from doctor() where check_name = 'id_sequence'");
        const std::string fix(rows.only().text(0));
        return fix.substr(fix.find("select setval"));
    }

    std::string there_;
    std::optional<Connection> copy_;
};

TEST_F(RestoreCeilingTest, SequenceSetAsDoctorSaysLosesNothing) {
    copy_->exec(fix_of_doctor());
    for (int i = 0; i < 50; ++i) dispatch_number(*copy_, i);
    LogFollower follower(there_);
    EXPECT_EQ(follower.drain(7).size(), 50U);
    expect_whole(*copy_);
}

TEST_F(RestoreCeilingTest, EventsUnderIdsThatWereDrawnInVainAreRefused) {
    for (const std::string dispatch :
         {"select dispatch('stray')", "begin; savepoint a; select dispatch('stray'); commit"}) {
        copy_->exec("select setval('event_id_seq', 20)");
        for (int i = 0; i < 50; ++i) copy_->exec(dispatch);
        prepare_leadership(*copy_);
        const Outcome outcome = outcome_of([&] {
            (void)lead(*copy_,
                       {"first", {}, {}, std::chrono::seconds(5), testing::test_credentials()});
        });
        EXPECT_EQ(outcome.sqlstate, "BT009") << outcome.text;
        EXPECT_NE(outcome.text.find("event 21, "), std::string::npos) << outcome.text;
        EXPECT_NE(outcome.text.find("setval('event_id_seq', 70)"), std::string::npos)
            << outcome.text;
        copy_->exec("delete from event where id > 20");
    }
}

// What looks like an event of this cluster, by its transaction ids, and was recorded elsewhere.
TEST_F(RestoreCeilingTest, RestoredEventsThatLookNativeAreNotColliding) {
    copy_->exec(fix_of_doctor());
    copy_->exec("create table saved as select * from event where id in (3, 4)");
    copy_->exec("delete from event where id in (3, 4)");
    for (const std::string id : {"3", "4"}) {
        copy_->exec("insert into event overriding system value select * from saved where id = " +
                    id);
    }
    ASSERT_EQ(count_of(*copy_,
                       "event where id in (3, 4) and xmin::text::bigint > "
                       "xid::text::bigint"),
              2)
        << "they do not look native";
    LogFollower follower(there_);
    go_on(*copy_, follower);
}

// Rows come one transaction at a time, and sequences do not come at all.
TEST_F(RestoreCollidingEventTest, LogicalReplicaGoesOn) {
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql, {"-s"});
    dispatch(10);
    Connection replica(there, testing::in_test_schema());
    subscribe(replica);
    {
        LogFollower follower(database_.url());
        dispatch(20);
        follower.drain(7);
        dispatch(20);
        follower.take(5);
        dispatch(5);
    }
    unsubscribe(replica);
    EXPECT_EQ(whole_log(replica), whole_log(connection_));
    LogFollower follower(there);
    go_on(replica, follower);
}

}  // namespace
}  // namespace baton::sql

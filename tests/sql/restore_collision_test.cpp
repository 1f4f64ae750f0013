// A log that came to another cluster, whose transactions get the very ids that the restored events
// have, by the thousand: whichever way it is read, each event is in it once.
//
// The past is one of many small transactions, so that every id in a long range is one of a restored
// event. Then the other cluster's counter is brought to where that range begins, and the log goes
// on there, with every kind of late transaction, until the range is used up.

#include <gtest/gtest.h>

#include <optional>

#include "baton/sql/view_store.hpp"
#include "outcome.hpp"
#include "restore_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

// A third cluster, as young as the second.
postgres::PrivatePostgres& farther() {
    static postgres::PrivatePostgres server(
        {.settings = {"fsync=off", "full_page_writes=off", "autovacuum=off"}});
    return server;
}

std::int64_t next_xid(Connection& connection) {
    return connection.exec("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        .only()
        .integer(0);
}

// Each in a transaction of its own.
void dispatch_each(Connection& connection, int count) {
    connection.exec("do $$ begin for i in 1.." + std::to_string(count) +
                    " loop perform dispatch('each'); commit; end loop; end $$");
}

// The ids of the transactions that dispatched what is in the table.
struct XidRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

XidRange xids_of_events(Connection& connection) {
    const Result rows =
        connection.exec("select min(xid)::text::bigint, max(xid)::text::bigint from event");
    return {rows.only().integer(0), rows.only().integer(1)};
}

class RestoreCollisionTest : public RestoreTest {
protected:
    // Windows with late transactions, one that is read by half, and events that nobody read.
    void make_past(int count) {
        advance_xid_to(connection_, next_xid_elsewhere() + 1500);
        make_past(connection_, count);
    }

    static void make_past(Connection& connection, int count) {
        LogFollower follower(connection_url_of(connection));
        Connection other(connection_url_of(connection), testing::in_test_schema());
        Transaction open(other);
        open.exec("select dispatch('open') from generate_series(1, 5)");
        dispatch_each(connection, count / 2);
        follower.drain(100);
        open.commit();
        dispatch_each(connection, count / 2);
        follower.take(20);
    }

    // Reads one page, and how many events are waiting before and after.
    void take(LogFollower& follower, std::size_t limit) {
        const std::int64_t before = waiting(follower.writing());
        LogReader reader = follower.reader();
        LogPage page;
        if (reader.next(limit, page)) {
            {
                Transaction transaction(follower.writing());
                enter_slice(transaction, page, 0, page.events.size());
                parts_.emplace(
                    transaction.exec("select current_setting('baton.part')").only().text(0));
            }
            follower.record(page);
        }
        EXPECT_EQ(waiting(follower.writing()),
                  before - static_cast<std::int64_t>(page.events.size()));
    }

    void drain(LogFollower& follower, std::size_t limit) {
        while (waiting(follower.writing()) > 0 && !HasFailure()) take(follower, limit);
    }

    // What can be late: by a transaction that dispatched before the window, by one that only took
    // its id, by one behind the end of the window's snapshot, from a savepoint, by the reader.
    void live_through_a_round(Connection& connection, LogFollower& follower) {
        const std::string url = connection_url_of(connection);
        Connection first(url, testing::in_test_schema());
        Connection second(url, testing::in_test_schema());
        Connection third(url, testing::in_test_schema());
        Transaction early(first);
        early.exec("select dispatch('early')");
        Transaction late(second);
        late.exec("select pg_current_xact_id()");
        dispatch_each(connection, 3);
        connection.exec("begin; select dispatch('before the end')");
        third.exec("begin; select dispatch('behind the end')");
        third.exec("savepoint a; select dispatch('in a savepoint')");
        connection.exec("commit");
        take(follower, 2);
        take(follower, 100);
        late.exec("select dispatch('late') from generate_series(1, 2)");
        early.exec("select dispatch('early')");
        late.commit();
        third.exec("commit");
        connection.exec("select dispatch('many') from generate_series(1, 12)");
        connection.exec("begin; select dispatch('in vain'); rollback");
        take(follower, 4);
        early.commit();
        drain(follower, 5);
    }

    void expect_longer(Connection& connection, const std::vector<LoggedEvent>& former) {
        expect_whole(connection);
        const std::vector<LoggedEvent> log = whole_log(connection);
        ASSERT_GE(log.size(), former.size());
        EXPECT_TRUE(std::equal(former.begin(), former.end(), log.begin()));
    }

    // Goes on in a copy, through all ids that its events have or some of them.
    void collide(const std::string& url, std::int64_t most_rounds = 1000) {
        Connection connection(url, testing::in_test_schema());
        const XidRange past = xids_of_events(connection);
        const std::vector<LoggedEvent> former = whole_log(connection);
        ASSERT_LT(next_xid(connection), past.first) << "the counter is ahead";
        advance_xid_to(connection, past.first);
        LogFollower follower(url);
        Connection other(url, testing::in_test_schema());
        Transaction far(other);
        far.exec("select dispatch('far') from generate_series(1, 3)");
        drain(follower, 100);
        for (std::int64_t round = 0; round < most_rounds && next_xid(connection) <= past.last;
             ++round) {
            live_through_a_round(connection, follower);
            ASSERT_FALSE(HasFailure()) << "in round " << round;
        }
        connection.exec("select dispatch('many') from generate_series(1, 2000)");
        far.commit();
        drain(follower, 500);
        connection.exec("select dispatch('many') from generate_series(1, 3)");
        drain(follower, 500);
        expect_longer(connection, former);
    }

    std::set<std::string> parts_;
};

TEST_F(RestoreCollisionTest, DumpGoesOnThroughTheIdsOfItsEvents) {
    make_past(1000);
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::custom);
    collide(there);
    EXPECT_EQ(parts_, (std::set<std::string>{"dense", "gaps", "far"}));
}

TEST_F(RestoreCollisionTest, DumpThatNobodyHadReadGoesOnThroughTheIdsOfItsEvents) {
    advance_xid_to(connection_, next_xid_elsewhere() + 1500);
    dispatch_each(connection_, 200);
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql);
    collide(there);
}

// The third cluster has the ids of both, and the windows of both are read there.
TEST_F(RestoreCollisionTest, DumpOfADumpGoesOnThroughTheIdsOfBoth) {
    make_past(300);
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::custom);
    collide(there);
    {
        Connection away(there, testing::in_test_schema());
        make_past(away, 60);
    }
    Connection(farther().url()).exec("create database restored template template0");
    copy_database(there, farther().url("restored"), Form::custom);
    collide(farther().url("restored"));
}

// Its counter is ahead of all that the events have, and the newest windows come from a cluster
// where it was behind.
TEST_F(RestoreCollisionTest, DumpOfADumpGoesOnWhereItCameFrom) {
    make_past(200);
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::custom);
    collide(there, 3);
    const testing::TestDatabase back;
    copy_database(there, back.url(), Form::custom);
    Connection connection(back.url(), testing::in_test_schema());
    const std::vector<LoggedEvent> former = whole_log(connection);
    LogFollower follower(back.url());
    for (int round = 0; round < 5; ++round) live_through_a_round(connection, follower);
    expect_longer(connection, former);
}

TEST_F(RestoreCollisionTest, LogicalReplicaGoesOnThroughTheIdsOfItsEvents) {
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql, {"-s"});
    Connection replica(there, testing::in_test_schema());
    subscribe(replica);
    make_past(300);
    unsubscribe(replica);
    collide(there);
}

// A transaction whose id is that of a restored one, which dispatched 50 events.
class RestoreOwnXidTest : public RestoreCollisionTest {
protected:
    void SetUp() override {
        RestoreCollisionTest::SetUp();
        if (IsSkipped()) return;
        advance_xid_to(connection_, next_xid_elsewhere() + 1500);
        for (int i = 0; i < 100; ++i) {
            connection_.exec("select dispatch('old') from generate_series(1, 50)");
        }
        LogFollower(database_.url()).drain();
        there_ = database_elsewhere();
        copy_database(database_.url(), there_, Form::custom);
        copy_.emplace(there_, testing::in_test_schema());
        advance_xid_to(*copy_, xids_of_events(*copy_).first);
    }

    // Runs `action` in such a transaction, and tells it the last event that has its id.
    void in_colliding(const std::function<void(Transaction&, std::int64_t)>& action) {
        Transaction transaction(*copy_);
        const Result rows =
            transaction.exec("select max(id) from event where xid = pg_current_xact_id()");
        ASSERT_FALSE(rows.only().is_null(0)) << "no transaction id collided";
        action(transaction, rows.only().integer(0));
    }

    std::string there_;
    std::optional<Connection> copy_;
};

TEST_F(RestoreOwnXidTest, DispatchedIdsAreTheOwnOnes) {
    const auto dispatch_and_ask = [&] {
        in_colliding([](Transaction& transaction, std::int64_t restored) {
            const std::string dispatched =
                "(select array_agg(d order by d) from dispatched_ids(100) as d)";
            transaction.exec("select dispatch('own')");
            transaction.exec("savepoint a; select dispatch('own in a savepoint')");
            EXPECT_EQ(transaction
                          .exec("select " + dispatched +
                                " = (select array_agg(id order by id) "
                                "from event where type like 'own%' and xid = pg_current_xact_id())"
                                ", cardinality(" +
                                dispatched + ")")
                          .only()
                          .integer(1),
                      2)
                << "beside restored event " << restored;
            transaction.commit();
        });
    };
    dispatch_and_ask();
    const LogFollower follower(there_);
    dispatch_and_ask();
}

TEST_F(RestoreOwnXidTest, RestoredEventIsNotTheOwnOne) {
    LogFollower follower(there_);
    follower.drain();
    in_colliding([](Transaction& transaction, std::int64_t restored) {
        EXPECT_TRUE(transaction.exec("select is_reduced(" + std::to_string(restored) + ")")
                        .only()
                        .boolean(0));
        const std::string own(transaction.exec("select dispatch('own')").only().text(0));
        EXPECT_EQ(outcome_of([&] { transaction.exec("select is_reduced(" + own + ")"); }).sqlstate,
                  "BT006");
    });
}

// Ids that were drawn in vain are no lag, and restored events no dispatch of this transaction.
TEST_F(RestoreOwnXidTest, RestoredEventsDoNotCountAsLag) {
    LogFollower follower(there_);
    follower.drain();
    copy_->exec("select set_limit('max_lag', 20)");
    copy_->exec("select nextval('event_id_seq') from generate_series(1, 50)");
    in_colliding([](Transaction& transaction, std::int64_t restored) {
        EXPECT_EQ(outcome_of([&] { transaction.exec("select dispatch('own')"); }).text, "")
            << "beside restored event " << restored;
    });
}

}  // namespace
}  // namespace baton::sql

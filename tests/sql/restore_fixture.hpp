// A log to copy, the other cluster that it is copied to, and what must hold of the copy.
//
// Transaction ids and snapshots of the first cluster mean nothing in the second, and both clusters
// are young, so their ids are the same small numbers: the tests make them collide on purpose.
//
// Threads: one thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "log_follower.hpp"
#include "support/client_program.hpp"
#include "support/cluster.hpp"
#include "support/dump.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::sql {

// The second cluster, with a fresh database for each test.
inline postgres::PrivatePostgres& elsewhere() {
    static postgres::PrivatePostgres server(
        {.settings = {"fsync=off", "full_page_writes=off", "autovacuum=off"}});
    return server;
}

inline std::string database_elsewhere() {
    static int count = 0;
    const std::string name = "restored_" + std::to_string(++count);
    Connection(elsewhere().url()).exec("create database " + name + " template template0");
    return elsewhere().url(name);
}

using testing::advance_xid_to;
using testing::copy_database;
using testing::Form;

inline std::int64_t count_of(Connection& connection, const std::string& what) {
    return connection.exec("select count(*) from " + what).only().integer(0);
}

inline std::set<std::int64_t> event_ids(Connection& connection) {
    std::set<std::int64_t> ids;
    for (const Row row : connection.exec("select id from event")) ids.insert(row.integer(0));
    return ids;
}

// Everything that is in the table is in the log, once, and found there.
inline void expect_whole(Connection& connection) {
    const std::vector<LoggedEvent> log = whole_log(connection);
    std::set<std::int64_t> ids;
    for (std::size_t i = 0; i < log.size(); ++i) {
        EXPECT_EQ(log[i].position, static_cast<std::int64_t>(i) + 1);
        EXPECT_TRUE(ids.insert(log[i].id).second) << log[i] << " came twice";
    }
    EXPECT_EQ(ids, event_ids(connection));
    for (const Row row :
         connection.exec("select l.position, l.id, event_position(l.id), is_reduced(l.id) "
                         "from read_log(0, 1000000) as l")) {
        EXPECT_EQ(row.integer(0), row.integer_or_null(2)) << "id " << row.integer(1);
        EXPECT_TRUE(row.boolean(3)) << "id " << row.integer(1);
    }
}

class RestoreTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (!testing::has_pg_dump()) GTEST_SKIP() << testing::lacks_pg_dump;
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};

    void dispatch(int count) {
        for (int i = 0; i < count; ++i) dispatch_number(connection_, i);
    }

    // Recorded batches, a window that is read by half, late transactions of every kind.
    void make_history() {
        // Ahead of the other cluster, so that that one can catch up and collide.
        advance_xid_to(connection_, next_xid_elsewhere() + 1500);
        LogFollower follower(database_.url());
        dispatch(30);
        follower.drain(7);
        Connection early(database_.url(), testing::in_test_schema());
        Connection late(database_.url(), testing::in_test_schema());
        Connection never(database_.url(), testing::in_test_schema());
        Transaction early_transaction(early);
        early_transaction.exec("select dispatch('early')");
        Transaction late_transaction(late);
        late_transaction.exec("select pg_current_xact_id()");
        Transaction never_transaction(never);
        never_transaction.exec("select dispatch('never')");
        dispatch(40);
        follower.take(10);
        late_transaction.exec("select dispatch('late')");
        early_transaction.commit();
        late_transaction.commit();
        dispatch(20);
        connection_.exec("begin; savepoint a; select dispatch('in savepoint'); commit");
        original_ = whole_log(connection_);
        ASSERT_EQ(original_.size(), 40U);
        ASSERT_EQ(count_of(connection_, "event"), 93);
    }

    static std::int64_t next_xid_elsewhere() {
        Connection connection(elsewhere().url());
        return connection.exec("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
            .only()
            .integer(0);
    }

    // Dispatches before anybody leads here, in transactions with the ids of restored ones, plain
    // and inside of savepoints.
    static void dispatch_colliding(Connection& connection) {
        const std::int64_t first =
            connection.exec("select min(xid)::text::bigint from event where id > 40")
                .only()
                .integer(0);
        const std::int64_t ids = connection.exec("select max(id) from event").only().integer(0);
        advance_xid_to(connection, first);
        for (int i = 0; i < 80; ++i) {
            if (i % 3 == 0) {
                connection.exec("begin; savepoint a; select dispatch('native'); commit");
            } else {
                connection.exec("select dispatch('native')");
            }
        }
        connection.exec("begin; savepoint a; select dispatch('native'); commit");
        EXPECT_GT(
            count_of(connection, "event e join event f on e.xid = f.xid and e.id > " +
                                     std::to_string(ids) + " and f.id <= " + std::to_string(ids)),
            0)
            << "no transaction id collided";
    }

    // What must hold in a copy, before, in and after its first leadership.
    void check_copy(const std::string& url) {
        Connection connection(url, testing::in_test_schema());
        EXPECT_EQ(whole_log(connection), original_);
        const std::int64_t restored =
            connection.exec("select max(id) from event").only().integer(0);
        dispatch_colliding(connection);
        EXPECT_EQ(whole_log(connection), original_);
        for (const LoggedEvent& event : original_) {
            EXPECT_TRUE(is_reduced(connection, event.id)) << event;
        }
        EXPECT_FALSE(is_reduced(connection, restored));
        EXPECT_FALSE(is_reduced(connection, restored + 1));

        LogFollower follower(url);
        EXPECT_EQ(waiting(connection), count_of(connection, "event") - 40);
        for (const LoggedEvent& event : original_) {
            EXPECT_TRUE(is_reduced(connection, event.id)) << event;
        }
        EXPECT_EQ(follower.take(7).size(), 7U);
        EXPECT_EQ(waiting(connection), count_of(connection, "event") - 47);
        go_on(connection, follower);
        const std::vector<LoggedEvent> log = whole_log(connection);
        ASSERT_GE(log.size(), original_.size());
        EXPECT_TRUE(std::equal(original_.begin(), original_.end(), log.begin()));
    }

    static bool is_reduced(Connection& connection, std::int64_t id) {
        return connection.exec("select is_reduced(" + std::to_string(id) + ")").only().boolean(0);
    }

    static std::int64_t waiting(Connection& connection) {
        return count_of(connection, "waiting_events(1000000)");
    }

    static void go_on(Connection& connection, LogFollower& follower) {
        Connection other(connection_url_of(connection), testing::in_test_schema());
        Transaction open(other);
        open.exec("select dispatch('open')");
        for (int i = 0; i < 5; ++i) dispatch_number(connection, i);
        follower.drain(6);
        EXPECT_EQ(waiting(connection), 0);
        open.commit();
        EXPECT_EQ(waiting(connection), 1);
        EXPECT_EQ(follower.drain(6).size(), 1U);
        EXPECT_EQ(waiting(connection), 0);
        expect_whole(connection);
    }

    static std::string connection_url_of(Connection& connection) {
        const Result rows = connection.exec(
            "select format('host=%s port=%s user=baton dbname=%s', "
            "current_setting('unix_socket_directories'), current_setting('port'), "
            "current_database())");
        return std::string(rows.only().text(0));
    }

    // Lets a replica, which has the tables and no rows, follow by logical replication: rows come
    // one transaction at a time, and sequences do not come at all.
    void subscribe(Connection& replica) {
        connection_.exec("create publication all_of_it for tables in schema baton_test");
        connection_.exec("select pg_create_logical_replication_slot('to_replica', 'pgoutput')");
        replica.exec("create subscription from_first connection '" +
                     connection_url_of(connection_) +
                     "' publication all_of_it with (create_slot = false, slot_name = to_replica)");
    }

    // Ends that once the replica has everything.
    void unsubscribe(Connection& replica) {
        EXPECT_TRUE(testing::eventually(std::chrono::seconds(20), [&] {
            return count_of(replica, "pg_subscription_rel where srsubstate <> 'r'") == 0 &&
                   count_of(replica, "event") == count_of(connection_, "event") &&
                   count_of(replica, "batch") == count_of(connection_, "batch");
        }));
        replica.exec("alter subscription from_first disable");
        replica.exec("alter subscription from_first set (slot_name = none)");
        replica.exec("drop subscription from_first");
        EXPECT_TRUE(testing::eventually(std::chrono::seconds(10), [&] {
            return count_of(connection_, "pg_replication_slots where active") == 0;
        }));
        connection_.exec("select pg_drop_replication_slot('to_replica')");
    }

    std::vector<LoggedEvent> original_;
};

}  // namespace baton::sql

// Partitions come in time, beside writers, and do not mind ids that ran ahead of them.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "baton/sql/dispatch.hpp"
#include "log_follower.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

class LogPartitionTest : public ::testing::Test {
protected:
    std::int64_t number(const std::string& query) {
        return connection_.exec("select " + query).only().integer(0);
    }
    void dispatch(int count) {
        connection_.exec("select dispatch('n') from generate_series(1, " + std::to_string(count) +
                         ")");
    }
    // Without the partition of ten million that the template has.
    void SetUp() override { connection_.exec("drop table event_from_1"); }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
};

TEST_F(LogPartitionTest, OnePartitionIsAlwaysThereInAdvance) {
    EXPECT_EQ(number("add_event_partitions(100)"), 1);
    EXPECT_EQ(number("add_event_partitions(100)"), 0);
    dispatch(30);
    EXPECT_EQ(number("add_event_partitions(100)"), 1);
    EXPECT_EQ(number("add_event_partitions(100)"), 0);
    dispatch(71);
    EXPECT_EQ(number("add_event_partitions(100)"), 1);
    EXPECT_EQ(number("count(*) from event_default"), 0);
}

TEST_F(LogPartitionTest, IdsThatRanAheadStayInTheDefaultPartition) {
    number("add_event_partitions(100)");
    dispatch(1000);
    EXPECT_EQ(number("count(*) from event_default"), 900);
    EXPECT_GT(number("add_event_partitions(100)"), 0);
    dispatch(500);
    number("add_event_partitions(100)");
    LogFollower follower(database_.url());
    EXPECT_EQ(follower.drain(77).size(), 1500U);
    EXPECT_EQ(whole_log(connection_).size(), 1500U);
    EXPECT_GT(number("count(*) from pg_inherits where inhparent = 'event'::regclass"), 2);
}

// The second of two callers waits for the first, and finds its partition.
TEST_F(LogPartitionTest, TwoAtOnceAddOne) {
    connection_.exec("alter function add_event_partitions set lock_timeout = '10s'");
    Transaction first(connection_);
    EXPECT_EQ(first.exec("select add_event_partitions(100)").only().integer(0), 1);
    auto second = std::async(std::launch::async, [&] {
        Connection other(database_.url(), testing::in_test_schema("second"));
        return other.exec("select add_event_partitions(100)").only().integer(0);
    });
    Connection observer(database_.url());
    EXPECT_TRUE(testing::eventually(std::chrono::seconds(10), [&] {
        return !observer
                    .exec(
                        "select from pg_stat_activity where application_name = 'second' and "
                        "wait_event_type = 'Lock'")
                    .empty();
    }));
    first.commit();
    EXPECT_EQ(second.get(), 0);
    EXPECT_EQ(number("count(*) from event_partition"), 1);
}

// ATTACH keeps everybody out: it must not look through a default partition that is large.
TEST_F(LogPartitionTest, LargeDefaultPartitionIsNotReadUnderTheLock) {
    const auto rows_read = [&] {
        connection_.exec("select pg_stat_force_next_flush()");
        return number(
            "seq_tup_read from pg_stat_user_tables where relname = 'event_default' and "
            "schemaname = 'baton_test'");
    };
    dispatch(500);
    EXPECT_EQ(number("add_event_partitions(100, 10)"), 0) << "a constraint is added";
    EXPECT_EQ(number("add_event_partitions(100, 10)"), 0) << "it is checked";
    const std::int64_t before = rows_read();
    EXPECT_EQ(number("add_event_partitions(100, 10)"), 1);
    EXPECT_LT(rows_read() - before, 100) << "the partition was read";
    EXPECT_EQ(number("count(*) from pg_constraint where conname like 'apart%'"), 0);
    dispatch(150);
    EXPECT_EQ(number("count(*) from event_default"), 600);
    EXPECT_EQ(number("count(*) from event_from_601"), 50);
}

// Ids that were drawn by a transaction which is not committed yet are in nobody's max(id).
TEST_F(LogPartitionTest, IdsThatAreNotCommittedAreNotInTheWay) {
    dispatch(10);
    Connection other(database_.url(), testing::in_test_schema());
    {
        Transaction open(other);
        open.exec("select dispatch('n') from generate_series(1, 500)");
        const Outcome outcome =
            outcome_of([&] { connection_.exec("select add_event_partitions(100)"); });
        EXPECT_EQ(outcome.code, "lock_unavailable") << outcome.text;
        open.commit();
    }
    EXPECT_EQ(number("add_event_partitions(100)"), 1);
    dispatch(200);
    EXPECT_GT(number("count(*) from event where id > 611"), 0);
    LogFollower follower(database_.url());
    EXPECT_EQ(follower.drain().size(), 710U);
}

// The writer waits at its 20th event, until there is a partition for its last ones.
TEST_F(LogPartitionTest, WhatIsOneStatementDoesNotKnowThePartitionThatIsAddedMeanwhile) {
    number("add_event_partitions(100)");
    connection_.exec(
        "create function hold() returns trigger language plpgsql as $$"
        " begin perform pg_advisory_xact_lock(1); return new; end $$;"
        "create trigger hold before insert on event for each row when (new.key = '20')"
        " execute function hold()");
    std::vector<NewEvent> events(300, NewEvent{.type = "n"});
    for (std::size_t i = 0; i < events.size(); ++i) events[i].key = std::to_string(i);
    const std::string numbers = " from generate_series(1, 300) as i";
    using Way = std::function<void(Transaction&)>;
    const auto outcome_beside_a_partition = [&](const Way& way) {
        connection_.exec(
            "select setval('event_id_seq', (select max(upper_id) - 85 from event_partition))");
        connection_.exec("select pg_advisory_lock(1)");
        auto writing = std::async(std::launch::async, [&] {
            Connection writer(database_.url(), testing::in_test_schema("writer"));
            return outcome_of([&] {
                Transaction transaction(writer);
                way(transaction);
                transaction.commit();
            });
        });
        EXPECT_TRUE(testing::eventually(std::chrono::seconds(10), [&] {
            return number(
                       "count(*) from pg_stat_activity where application_name = 'writer' and "
                       "wait_event = 'advisory'") == 1;
        }));
        EXPECT_EQ(number("add_event_partitions(100)"), 1);
        connection_.exec("select pg_advisory_unlock(1)");
        return writing.get();
    };

    const Outcome insert = outcome_beside_a_partition([&](Transaction& transaction) {
        transaction.exec("insert into event (type, key) select 'n', i::text" + numbers);
    });
    EXPECT_EQ(insert.sqlstate, "23514") << insert.text;
    const Outcome copy = outcome_beside_a_partition(
        [&](Transaction& transaction) { dispatch_many(transaction.raw(), events); });
    EXPECT_EQ(copy.code, "transaction_retry") << copy.text;
    EXPECT_EQ(copy.text,
              "the log got a partition while so many events were written; nothing was written: do "
              "it again");
    EXPECT_EQ(number("count(*) from event"), 0);
    const Outcome calls = outcome_beside_a_partition([&](Transaction& transaction) {
        transaction.exec("select dispatch('n', key => i::text)" + numbers);
    });
    EXPECT_EQ(calls.text, "");
    EXPECT_EQ(number("count(*) from event"), 300);
}

TEST_F(LogPartitionTest, PartitionsAreAddedBesideWriters) {
    number("add_event_partitions(5000)");
    std::atomic<bool> stop{false};
    std::atomic<int> dispatched{0};
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) {
        writers.emplace_back([&] {
            const Outcome outcome = outcome_of([&] {
                Connection writer(database_.url(), testing::in_test_schema());
                while (!stop) {
                    writer.exec("select dispatch('n') from generate_series(1, 7)");
                    dispatched += 7;
                }
            });
            EXPECT_EQ(outcome.code, "no error") << outcome.text;
        });
    }
    LogFollower follower(database_.url());
    std::size_t read = 0;
    const bool added = testing::eventually(std::chrono::seconds(120), [&] {
        const Outcome outcome =
            outcome_of([&] { connection_.exec("select add_event_partitions(5000)"); });
        EXPECT_TRUE(outcome.code == "no error" || outcome.code == "lock_unavailable")
            << outcome.text;
        read += follower.take(100).size();
        return number("count(*) from event_partition") >= 4;
    });
    EXPECT_TRUE(added);
    stop = true;
    writers.clear();
    read += follower.drain().size();
    EXPECT_EQ(read, static_cast<std::size_t>(dispatched));
    EXPECT_EQ(whole_log(connection_).size(), read);
}

}  // namespace
}  // namespace baton::sql

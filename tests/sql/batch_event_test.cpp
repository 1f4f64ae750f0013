// A SQL reducer is shown the very events that the log has, whichever way they are read.

#include <gtest/gtest.h>

#include <set>

#include "baton/sql/view_store.hpp"
#include "log_follower.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

class BatchEventTest : public ::testing::Test {
protected:
    static void dispatch(Connection& connection, int count) {
        connection.exec(
            "select dispatch('n', jsonb_build_object('n', i), schema_version => 1 + i % 3) "
            "from generate_series(1, " +
            std::to_string(count) + ") as i");
    }

    // Records the next page; its parts, and the whole, must be what read_log() then says.
    void take_and_compare(std::size_t limit) {
        LogReader reader = follower_.reader();
        LogPage page;
        ASSERT_TRUE(reader.next(limit, page));
        follower_.record(page);
        const std::size_t count = page.events.size();
        compare(page, 0, count);
        if (count > 2) {
            compare(page, 0, count / 2);
            compare(page, count / 2, count - count / 2);
            compare(page, count / 3, 1);
        }
    }

    void compare(const LogPage& page, std::size_t first, std::size_t count) {
        Transaction transaction(connection_);
        enter_slice(transaction, page, first, count);
        parts_.emplace(transaction.exec("select current_setting('baton.part')").only().text(0));
        const std::string difference =
            "select count(*) from (select * from batch_event except all select * from read_log(" +
            std::to_string(static_cast<std::int64_t>(page.first_position) - 1 +
                           static_cast<std::int64_t>(first)) +
            ", " + std::to_string(count) + ")) as d";
        EXPECT_EQ(transaction.exec(difference).only().integer(0), 0);
        EXPECT_EQ(transaction.exec("select count(*) from batch_event").only().integer(0),
                  static_cast<std::int64_t>(count));
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
    LogFollower follower_{database_.url()};
    std::set<std::string> parts_;
};

TEST_F(BatchEventTest, ShowsWhatTheLogHas) {
    dispatch(connection_, 100);
    take_and_compare(100);
    EXPECT_EQ(parts_, std::set<std::string>{"dense"});

    // Ids that were rolled back, and those of a transaction that is still open.
    Connection near(database_.url(), testing::in_test_schema());
    Connection far(database_.url(), testing::in_test_schema());
    Transaction near_transaction(near);
    Transaction far_transaction(far);
    far_transaction.exec("select dispatch('far') from generate_series(1, 3)");
    dispatch(connection_, 50);
    connection_.exec("begin; select dispatch('never'); rollback");
    near_transaction.exec("select dispatch('near') from generate_series(1, 20)");
    dispatch(connection_, 50);
    parts_.clear();
    take_and_compare(1000);
    EXPECT_TRUE(parts_.contains("gaps"));

    // A window with stragglers among its own ids.
    dispatch(connection_, 30);
    near_transaction.commit();
    dispatch(connection_, 30);
    parts_.clear();
    take_and_compare(1000);
    EXPECT_EQ(parts_.count("far"), 0U);

    // A window whose stragglers are far below its own ids.
    dispatch(connection_, 5000);
    take_and_compare(10'000);
    far_transaction.commit();
    dispatch(connection_, 30);
    parts_.clear();
    take_and_compare(1000);
    EXPECT_TRUE(parts_.contains("far"));
}

// It would be paid for each slice.
TEST_F(BatchEventTest, ReducersAreNotCompiled) {
    connection_.exec(
        "set jit = on; set enable_seqscan = off;"
        "create table seen (jit text, enable_seqscan text);"
        "create function probe__v1() returns void language sql as $$ insert into seen values"
        " (current_setting('jit'), current_setting('enable_seqscan')) $$");
    Transaction transaction(connection_);
    call_sql_reducer(transaction, "probe", 1);
    const Row seen = transaction.exec("select * from seen").only();
    EXPECT_EQ(seen.text(0), "off");
    EXPECT_EQ(seen.text(1), "on");
}

}  // namespace
}  // namespace baton::sql

// What a window takes: late transactions of every kind, in an order that respects cause, and
// without waiting for any that is still open.

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "log_follower.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class LogOrderTest : public ::testing::Test {
protected:
    void dispatch(int count) {
        Transaction transaction(connection_);
        transaction.exec("select dispatch('number') from generate_series(1, " +
                         std::to_string(count) + ")");
        transaction.commit();
    }

    [[nodiscard]] std::unique_ptr<Connection> connect(const std::string& name = "writer") const {
        return std::make_unique<Connection>(database_.url(), testing::in_test_schema(name));
    }

    std::string status(const std::string& path) {
        return std::string(connection_.exec("select status() #>> '{" + path + "}'").only().text(0));
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
    LogFollower follower_{database_.url()};
};

TEST_F(LogOrderTest, EventCommittedAThousandLaterIsTakenOnce) {
    const auto other = connect();
    Transaction open(*other);
    open.exec("select dispatch('late')");
    for (int i = 0; i < 10; ++i) {
        dispatch(100);
        EXPECT_EQ(follower_.drain(70).size(), 100U);
    }
    open.commit();
    const std::vector<LoggedEvent> late = follower_.drain();
    ASSERT_EQ(late.size(), 1U);
    EXPECT_EQ(late[0].type, "late");
    EXPECT_EQ(late[0].position, 1001);
    EXPECT_EQ(late[0].id, 1);
    EXPECT_TRUE(follower_.drain().empty());
}

TEST_F(LogOrderTest, RolledBackEventDelaysNothingAndLeavesNoGap) {
    const auto other = connect();
    auto open = std::make_unique<Transaction>(*other);
    open->exec("select dispatch('never')");
    dispatch(1000);
    EXPECT_EQ(follower_.drain().size(), 1000U);
    open.reset();
    EXPECT_TRUE(follower_.drain().empty());
    dispatch(1);
    EXPECT_EQ(follower_.drain().at(0).position, 1001);
}

// Ordering by transaction id would put the effect first.
TEST_F(LogOrderTest, EffectOfAnEarlyTransactionComesAfterItsCause) {
    connection_.exec("create table note (text text)");
    const auto effect_session = connect();
    Transaction effect(*effect_session);
    effect.exec("insert into note values ('mine')");
    connection_.exec("begin; insert into note values ('cause'); select dispatch('cause'); commit");
    EXPECT_EQ(effect.exec("select * from note where text = 'cause'").size(), 1U);
    effect.exec("select dispatch('effect')");
    effect.commit();
    const std::vector<LoggedEvent> events = follower_.drain();
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].type, "cause");
    EXPECT_EQ(events[1].type, "effect");
}

// The same with a window between the two: the effect is a straggler then.
TEST_F(LogOrderTest, EffectInALaterWindowComesAfterItsCause) {
    const auto effect_session = connect();
    Transaction effect(*effect_session);
    effect.exec("select pg_current_xact_id()");
    connection_.exec("select dispatch('cause')");
    EXPECT_EQ(follower_.drain().size(), 1U);
    effect.exec("select dispatch('effect')");
    effect.commit();
    EXPECT_EQ(follower_.drain().at(0).position, 2);
}

// The snapshot of a transaction says of the transaction itself that it is visible, as soon as a
// later one has ended.
TEST_F(LogOrderTest, EventsOfTheTransactionThatOpenedTheWindowAreTaken) {
    dispatch(1);
    Transaction open(follower_.writing());
    open.exec("select pg_current_xact_id()");
    dispatch(1);
    open.exec("create temp table w on commit drop as select * from open_window(0, '0', '1:1:')");
    open.exec("select dispatch('of the opener')");
    open.exec("select record_batch(" + std::to_string(static_cast<int>(follower_.epoch())) +
              ", 1, 2, 1, 0, 2, clock_timestamp(), w.id_value, w.xid, w.seen, w.id_ceiling, "
              "w.stragglers) from w");
    open.commit();
    const std::vector<LoggedEvent> events = follower_.drain();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].type, "of the opener");
}

// A window is recorded with its first batch; one without events would leave a hole before the next.
TEST_F(LogOrderTest, WindowThatTurnsOutEmptyIsForgotten) {
    dispatch(3);
    LogReader reader = follower_.reader();
    LogPage page;
    replace_in_function(connection_, "open_window", "seen       := pg_current_snapshot();",
                        "seen := '1:1:';");
    EXPECT_FALSE(reader.next(10, page));
    replace_in_function(connection_, "open_window", "seen := '1:1:';",
                        "seen       := pg_current_snapshot();");
    ASSERT_TRUE(reader.next(10, page));
    EXPECT_EQ(page.window.number, 1);
    follower_.record(page);
    EXPECT_TRUE(follower_.drain().empty());
    EXPECT_EQ(whole_log(connection_).size(), 3U);
}

// Each of these holds a snapshot or a transaction id for as long as it likes.
TEST_F(LogOrderTest, NobodyElsesTransactionDelaysAnEvent) {
    const auto idle = connect("idle writer");
    Transaction idle_writer(*idle);
    idle_writer.exec("select dispatch('late')");
    const auto reads = connect("reader");
    Transaction reader(*reads);
    reader.exec("select count(*) from event");
    const auto fixed = connect("fixed snapshot");
    Transaction fixed_snapshot(*fixed, Isolation::repeatable_read);
    fixed_snapshot.exec("select count(*) from event");
    const auto two_phase = connect("two phases");
    two_phase->exec("begin; select dispatch('prepared'); prepare transaction 'dispatched'");
    two_phase->exec("begin; create table unrelated (); prepare transaction 'unrelated'");
    const testing::TestDatabase elsewhere;
    Connection far(elsewhere.url());
    Transaction far_writer(far);
    far_writer.exec("create table t as select pg_current_xact_id()");

    for (int i = 0; i < 20; ++i) {
        dispatch(1);
        EXPECT_EQ(follower_.drain().size(), 1U);
    }
    // The leader's sessions hold nothing themselves.
    EXPECT_TRUE(connection_
                    .exec("select from pg_stat_activity where application_name in ('reading', "
                          "'writing') and (xact_start is not null or backend_xmin is not null)")
                    .empty());

    const std::string pid = std::to_string(idle->backend_pid());
    EXPECT_TRUE(testing::eventually(60s, [&] { return status("writers,0,pid") == pid; }));
    EXPECT_EQ(status("writers,0,application"), "idle writer");
    EXPECT_TRUE(testing::eventually(60s, [&] {
        return status("writers,1,application") == "prepared transaction dispatched";
    })) << status("writers");
    EXPECT_EQ(status("writers,2,pid"), "") << status("writers");
    EXPECT_NE(status("problems").find("process " + pid + " (idle writer)"), std::string::npos)
        << status("problems");
    EXPECT_NE(status("problems").find("prepared transaction dispatched"), std::string::npos);
    EXPECT_EQ(status("problems").find("unrelated"), std::string::npos) << status("problems");

    idle_writer.commit();
    two_phase->exec("commit prepared 'dispatched'");
    two_phase->exec("rollback prepared 'unrelated'");
    EXPECT_EQ(follower_.drain().size(), 2U);
    EXPECT_EQ(whole_log(connection_).size(), 22U);
}

TEST_F(LogOrderTest, WritersInOtherEnvironmentsAreNotNamed) {
    const testing::TestDatabase other_database{testing::environment_template()};
    Connection other(other_database.url(), testing::in_test_schema());
    Transaction open(other);
    open.exec("select dispatch('elsewhere')");
    EXPECT_TRUE(connection_.exec("select * from open_writers('0')").empty());
    const auto writer = connect();
    Transaction here(*writer);
    here.exec("select dispatch('here')");
    EXPECT_EQ(connection_.exec("select * from open_writers('0')").only().integer(0),
              writer->backend_pid());
}

}  // namespace
}  // namespace baton::sql

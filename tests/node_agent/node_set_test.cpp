// Members of task sets in C++: what they read, what they make, and when that is seen.
#include <pqxx/dbtransaction>

#include "baton/node_agent/set_member.hpp"
#include "baton/sql/task_set.hpp"
#include "node_agent/running_agent.hpp"
#include "sql/log_follower.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

struct OrderPlaced {
    static constexpr std::string_view event_type = "order/placed";
    std::string month;
    baton::Decimal amount;
    BATON_FIELDS(month, amount)
};

struct MonthReport {
    std::string month;
    std::int64_t orders = 0;
    baton::Decimal sales;
    std::optional<baton::Date> first;
    BATON_FIELDS(month, orders, sales, first)
    BATON_KEY(month)
};

struct Month {
    std::string month;
    BATON_FIELDS(month)
};

struct MonthComputed {
    static constexpr std::string_view event_type = "month/computed";
    std::string month;
    BATON_FIELDS(month)
};

struct ComputeMonth {
    using Payload = Month;
    using Row = MonthReport;
    static constexpr std::string_view name = "compute_month";
    static constexpr std::string_view view = "year_report";
    static constexpr int version = 1;

    std::function<void(TaskContext&)> before = [](TaskContext&) {};
    Outcome handle(const Month& payload, TaskContext& task) const {
        MonthReport report;
        report.month = payload.month;
        report.first = Date::from_text("2014-01-02");
        task.set().read<OrderPlaced>([&](const OrderPlaced& order) {
            if (order.month != payload.month) return;
            report.orders += 1;
            report.sales += order.amount;
        });
        task.set().add(report);
        task.set().dispatch(MonthComputed{payload.month}, {.key = payload.month});
        task.set().enqueue("work", Job{.number = 1, .note = payload.month});
        before(task);
        return done();
    }
};

class NodeSetTest : public NodeAgentFixture {
protected:
    void order(const std::string& month, int amount) {
        connection_.exec("select dispatch('order/placed', jsonb_build_object('month', '" + month +
                         "', 'amount', " + std::to_string(amount) + "))");
    }
    TaskSetId open(const TaskSetOptions& options = {}) {
        sql::Transaction transaction(connection_);
        const TaskSetId set = open_task_set(
            transaction.raw(), "compute_month", "2014",
            std::map<std::string, Month>{{"01", {"2014-01"}}, {"02", {"2014-02"}}}, options);
        transaction.commit();
        return set;
    }
    std::string report() {
        return text(
            "select coalesce(string_agg(concat_ws(':', month, orders, sales, first), ' '"
            " order by month), '') from year_report");
    }
    static Handlers computing(std::function<void(TaskContext&)> before = [](TaskContext&) {}) {
        Handlers made;
        made.add(ComputeMonth{std::move(before)});
        return made;
    }
};

TEST_F(NodeSetTest, MembersReadTheLogAndTheirRowsAppearAtOnce) {
    sql::LogFollower follower(url_);
    order("2014-01", 5);
    order("2014-02", 7);
    order("2014-01", 6);
    follower.drain();
    Gate gate;
    RunningAgent agent(options(), computing([&](TaskContext& task) {
                           EXPECT_EQ(task.set().of().key, "2014");
                           if (task.set().of().member == "02") gate.pass();
                       }));
    ASSERT_TRUE(eventually(10s, [&] { return agent.is_registered(); }));
    open();
    order("2014-01", 100);
    follower.drain();
    ASSERT_TRUE(has_ended(1));
    ASSERT_TRUE(eventually(10s, [&] { return gate.came() == 1; }));
    EXPECT_EQ(report(), "");
    gate.open();
    ASSERT_TRUE(has_ended(2));
    EXPECT_EQ(report(), "2014-01:2:11:2014-01-02 2014-02:1:7:2014-01-02");
    EXPECT_EQ(text("select string_agg(concat_ws(' ', type, key), ', ' order by id) from event "
                   "where type <> 'order/placed'"),
              "set/published compute_month/2014, month/computed 2014-01, month/computed 2014-02");
    EXPECT_EQ(number("select count(*) from task t join requirement r on r.id = t.requirement "
                     "where r.handler = 'work'"),
              2);
}

TEST_F(NodeSetTest, WhatFailsMakesNothingAndIsTriedAgain) {
    RunningAgent agent(options(), computing([](TaskContext& task) {
                           if (task.task().attempt == 1) throw std::runtime_error("on purpose");
                       }));
    ASSERT_TRUE(eventually(10s, [&] { return agent.is_registered(); }));
    connection_.exec("update handler set retry_after = '0'");
    open();
    ASSERT_TRUE(has_ended(2));
    EXPECT_EQ(number("select count(*) from task_failure"), 2);
    EXPECT_EQ(report(), "2014-01:0:0:2014-01-02 2014-02:0:0:2014-01-02");
    EXPECT_EQ(number("select count(*) from event where type = 'month/computed'"), 2);
}

TEST_F(NodeSetTest, WhatWouldLeaveBeforeTheSetIsRefused) {
    std::atomic<int> refused{0};
    RunningAgent agent(options(), computing([&](TaskContext& task) {
                           try {
                               task.dispatch(MonthComputed{"2014-01"});
                           } catch (const Error& error) {
                               EXPECT_EQ(error.code(), ErrorCode::task_invalid);
                               ++refused;
                           }
                           EXPECT_THROW(task.enqueue("work", Job{}), Error);
                       }));
    ASSERT_TRUE(eventually(10s, [&] { return agent.is_registered(); }));
    open();
    ASSERT_TRUE(has_ended(2));
    EXPECT_EQ(refused, 2);
    EXPECT_EQ(number("select count(*) from event where type = 'month/computed'"), 2);
}

TEST_F(NodeSetTest, AMemberWhoseSetIsOverStopsWithoutAFailure) {
    Gate gate;
    RunningAgent agent(options(), computing([&](TaskContext&) { gate.pass(); }));
    ASSERT_TRUE(eventually(10s, [&] { return agent.is_registered(); }));
    const TaskSetId set = open();
    ASSERT_TRUE(eventually(10s, [&] { return gate.came() == 2; }));
    connection_.exec("select abandon_task_set(" + std::to_string(static_cast<std::int64_t>(set)) +
                     ")");
    gate.open();
    ASSERT_TRUE(has_ended(2, "cancelled"));
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(report(), "");
    EXPECT_EQ(number("select count(*) from event"), 0);
}

TEST_F(NodeSetTest, ATaskThatIsNoMemberIsToldSo) {
    RunningAgent agent(options(), computing());
    ASSERT_TRUE(eventually(10s, [&] { return agent.is_registered(); }));
    connection_.exec("update handler set max_attempts = 1");
    connection_.exec(R"(select enqueue('compute_month', '{"month": "2014-01"}'))");
    ASSERT_TRUE(has_ended(1, "dead"));
    EXPECT_EQ(text("select error from task_failure"),
              "the task is no member of a task set: open_task_set() makes some");
}

}  // namespace
}  // namespace baton::testing

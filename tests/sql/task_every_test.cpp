// Of the tasks of a unique key one begins in so much time, whoever makes them and how often.

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskEveryTest : public testing::TaskFixture {
protected:
    std::int64_t make(const std::string& more = "", const std::string& payload = "{}") {
        return enqueue("'send', '" + payload + "', unique_key => 'k', every => '10 min'" + more);
    }
    std::int64_t fold(const std::string& payload = "{}") {
        return make(", on_conflict => 'replace'", payload);
    }
    // As if so much time had gone by.
    void pass(const std::string& time) {
        connection_.exec("update task_key set free_at = free_at - interval '" + time +
                         "', former_free_at = former_free_at - interval '" + time + "'");
        connection_.exec("update task_due set due_at = due_at - interval '" + time + "'");
        maintain();
    }
    std::int64_t due_in(std::int64_t task) {
        return number(
            "select round(extract(epoch from due_at - clock_timestamp())) from task_due "
            "where task = " +
            std::to_string(task));
    }
    static void finish(TestNode& node) { node.complete(node.claim().at(0).token); }
};

TEST_F(TaskEveryTest, WhoComesTooSoonIsSkipped) {
    TestNode one = node();
    const std::int64_t first = make();
    EXPECT_EQ(make(), first);
    finish(one);
    EXPECT_EQ(make(), first) << "it is not ten minutes ago";
    pass("9 min");
    EXPECT_EQ(make(), first) << "the key is not cleared away before";
    const std::int64_t later = make(", run_at => clock_timestamp() + interval '2 min'");
    EXPECT_NE(later, first) << "by then there is room";
    EXPECT_EQ(due_in(later), 120);
    connection_.exec("select cancel(" + std::to_string(later) + ")");
    pass("12 min");
    EXPECT_NE(make(), first);
    finish(one);
    pass("1 hour");
    EXPECT_EQ(number("select count(*) from task_key"), 0);
}

TEST_F(TaskEveryTest, WhoReplacesIsPutOffAndOneWithAllOthersMeanwhile) {
    TestNode one = node();
    const std::int64_t first = fold(R"({"n": 1})");
    const std::int64_t second = fold(R"({"n": 2})");
    EXPECT_EQ(state_of(first), "replaced");
    EXPECT_EQ(state_of(second), "waiting") << "none has begun yet";
    finish(one);
    const std::int64_t third = fold(R"({"n": 3})");
    EXPECT_EQ(state_of(third), "due");
    EXPECT_NEAR(static_cast<double>(due_in(third)), 600, 2);
    const std::int64_t fourth = fold(R"({"n": 4})");
    EXPECT_EQ(state_of(third), "replaced");
    EXPECT_NEAR(static_cast<double>(due_in(fourth)), 600, 2) << "it is not put off once more";
    pass("10 min");
    const ClaimedTask claimed = one.claim(5).at(0);
    EXPECT_EQ(claimed.payload, R"({"n": 4})");
    const std::int64_t fifth = fold();
    EXPECT_EQ(state_of(fifth), "following");
    one.complete(claimed.token);
    maintain();
    EXPECT_EQ(state_of(fifth), "due");
    EXPECT_NEAR(static_cast<double>(due_in(fifth)), 600, 2);

    pass("10 min");
    one.fail(one.claim().at(0).token, "x", "1 min");
    const std::int64_t sixth = fold();
    EXPECT_NEAR(static_cast<double>(due_in(sixth)), 600, 2) << "the one that failed has begun";
}

TEST_F(TaskEveryTest, ManyAtOnceMakeOne) {
    TestNode one = node();
    constexpr int callers = 16;
    std::vector<std::int64_t> made(callers);
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i) {
        threads.emplace_back([&, i] {
            sql::Connection session(url_, testing::in_test_schema());
            made[static_cast<std::size_t>(i)] =
                session
                    .exec(
                        "select enqueue('send', unique_key => 'k', every => '10 min', "
                        "on_conflict => case when " +
                        std::to_string(i % 2) + " = 0 then 'skip' else 'replace' end)")
                    .only()
                    .integer(0);
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(one.claim(100).size(), 1U);
    EXPECT_EQ(number("select count(*) from task_ready"), 0);
}

TEST_F(TaskEveryTest, WhatIsNoRuleIsRefused) {
    const TestNode one = node();
    const auto refused = [&](const std::string& arguments) {
        return outcome_of([&] { enqueue("'send', " + arguments); }).sqlstate;
    };
    EXPECT_EQ(refused("every => '1 min'"), "BT042") << "of which tasks?";
    for (const std::string time : {"0", "-1 min", "31 days"}) {
        EXPECT_EQ(refused("unique_key => 'k', every => '" + time + "'"), "BT042") << time;
    }
    EXPECT_EQ(number("select count(*) from task"), 0);
}

}  // namespace
}  // namespace baton

// What waits can be changed, by its id or its unique key; what a node has cannot. A node that needs
// longer for a task says so.

#include <gtest/gtest.h>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskUpdateTest : public testing::TaskFixture {
protected:
    static std::string call(std::int64_t task, const std::string& more) {
        return "select update_task(" + std::to_string(task) + more + ")";
    }
    std::string update(std::int64_t task, const std::string& more) {
        return text(call(task, more));
    }
    std::string refused(const std::string& query) {
        return outcome_of([&] { connection_.exec(query); }).sqlstate;
    }
    static constexpr auto in_an_hour = ", run_at => clock_timestamp() + interval '1 hour'";
};

TEST_F(TaskUpdateTest, WhatWaitsIsChangedAndKeepsItsPlace) {
    TestNode one = node();
    const std::int64_t first = enqueue();
    const std::int64_t second = enqueue();
    EXPECT_EQ(update(second, R"(, payload => '{}')"), "waiting");
    EXPECT_EQ(update(first, R"(, payload => '{"new": 1}', schema_version => 3)"), "waiting");
    maintain();
    const std::vector<ClaimedTask> tasks = one.claim(2);
    ASSERT_EQ(tasks.size(), 2U);
    EXPECT_EQ(tasks[0].task, first);
    EXPECT_EQ(tasks[0].payload, R"({"new": 1})");
    EXPECT_EQ(tasks[1].payload, "{}");
    EXPECT_EQ(update(first, R"(, payload => '{"late": 1}')"), "claimed");
    one.complete(tasks[0].token);
    EXPECT_EQ(update(first, R"(, payload => '{"late": 1}')"), "done");
    EXPECT_EQ(text("select payload::text || schema_version from task where id = " +
                   std::to_string(first)),
              R"({"new": 1}3)");
    one.fail(tasks[1].token, "x", "1 hour");
    EXPECT_EQ(update(second, R"(, payload => '{"again": 1}')"), "due");
    EXPECT_EQ(update(second, ", run_at => '-infinity'"), "waiting");
    const ClaimedTask again = one.claim().at(0);
    EXPECT_EQ(again.payload, R"({"again": 1})");
    EXPECT_EQ(again.attempt, 2) << "what was counted stays";
}

TEST_F(TaskUpdateTest, BytesBecomeJsonAndTheTimeThePriorityAndTheLabelsFollow) {
    TestNode one = node();
    TestNode big = node({.name = "big", .labels = "{gpu}"});
    const std::int64_t bytes = number("select enqueue_bytes('send', 'b', 'x/y')");
    const std::int64_t other = enqueue();
    EXPECT_EQ(update(bytes, ", payload => '7'"), "waiting");
    EXPECT_EQ(number("select count(*) from task where body is null and content_type is null"), 2);
    EXPECT_EQ(update(other, ", priority => 5"), "waiting");
    EXPECT_EQ(one.claim().at(0).task, other);
    EXPECT_EQ(update(bytes, in_an_hour), "due");
    EXPECT_TRUE(one.claim().empty());
    EXPECT_EQ(update(bytes, ", run_at => now(), labels => array['gpu'], priority => -3"),
              "waiting");
    EXPECT_TRUE(one.claim().empty());
    EXPECT_EQ(big.claim().at(0).task, bytes);
}

TEST_F(TaskUpdateTest, LaneIsKeptAndItsHeadMayBePutOff) {
    TestNode one = node();
    const std::int64_t head = enqueue("'send', lane => 'l'");
    const std::int64_t second = enqueue("'send', lane => 'l'");
    const std::int64_t third = enqueue("'send', lane => 'l'");
    maintain();
    EXPECT_EQ(update(second, ", payload => '2', priority => 9"), "following");
    EXPECT_EQ(update(head, ", payload => '1'"), "waiting");
    EXPECT_EQ(update(head, in_an_hour), "due");
    EXPECT_TRUE(one.claim(5).empty()) << "it stays at the head";
    EXPECT_EQ(update(head, ", run_at => now()"), "waiting");
    for (const std::int64_t task : {head, second, third}) {
        const std::vector<ClaimedTask> tasks = one.claim(5);
        ASSERT_EQ(tasks.size(), 1U);
        EXPECT_EQ(tasks[0].task, task);
        one.complete(tasks[0].token);
    }
}

TEST_F(TaskUpdateTest, ByItsKeyTheOneThatFollowsIsMeant) {
    TestNode one = node();
    const std::string keyed = "'send', unique_key => 'k'";
    const std::int64_t held = enqueue(keyed);
    EXPECT_EQ(text("select update_key('send', 'k', payload => '1')"), "waiting");
    EXPECT_EQ(one.claim().at(0).payload, "1");
    EXPECT_EQ(text("select update_key('send', 'k', payload => '2')"), "claimed");
    const std::int64_t next = enqueue(keyed + ", on_conflict => 'replace'");
    EXPECT_EQ(text("select update_key('send', 'k', payload => '2')"), "following");
    EXPECT_EQ(text("select payload::text from task where id = " + std::to_string(next)), "2");
    EXPECT_EQ(number("select cancel_key('send', 'k', 'no more')"), 2);
    EXPECT_EQ(state_of(held) + " " + state_of(next), "cancelled cancelled");
    EXPECT_EQ(number("select cancel_key('send', 'k')"), 0);
    EXPECT_EQ(number("select cancel_key('send', 'unknown')"), 0);
    EXPECT_EQ(number("select count(*) from update_key('send', 'k', payload => '1') as u "
                     "where u is null"),
              1);
    EXPECT_EQ(refused("select cancel_key('sent', 'k')"), "BT037");
    EXPECT_EQ(refused("select update_key('send', null)"), "BT042");
}

TEST_F(TaskUpdateTest, WhatIsNoneIsRefused) {
    const TestNode one = node();
    const std::int64_t task = enqueue();
    EXPECT_EQ(refused(call(4711, ", priority => 1")), "BT042");
    EXPECT_EQ(refused("select update_task(null)"), "BT042");
    EXPECT_EQ(refused(call(task, ", priority => 1001")), "BT042");
    EXPECT_EQ(refused(call(task, ", schema_version => 0")), "BT042");
    EXPECT_EQ(refused(call(task, ", labels => array[null]")), "BT042");
    EXPECT_EQ(refused(call(task, ", payload => jsonb_build_object('a', repeat('x', 3000000))")),
              "BT002");
    EXPECT_EQ(refused("begin isolation level repeatable read; " + call(task, "")), "BT006");
    connection_.exec("rollback");
    EXPECT_EQ(state_of(task), "waiting");
}

TEST_F(TaskUpdateTest, ClaimAndUpdateAtOnceAreOneAfterTheOther) {
    TestNode one = node();
    const std::int64_t task = enqueue();
    sql::Transaction claiming(one.connection());
    claiming.exec("select from claim($1, 'send', 1)", {one.session});
    auto late = waiting(call(task, ", payload => '1'"));
    claiming.commit();
    EXPECT_EQ(late.get(), "claimed");

    const std::int64_t other = enqueue();
    connection_.exec("begin");
    EXPECT_EQ(update(other, ", payload => '1'"), "waiting");
    auto second = waiting(call(other, ", priority => 2"));
    EXPECT_TRUE(one.claim().empty());
    connection_.exec("commit");
    EXPECT_EQ(second.get(), "waiting");
    maintain();
    EXPECT_EQ(one.claim().at(0).payload, "1");
}

TEST_F(TaskUpdateTest, NodeThatNeedsLongerSaysSo) {
    TestNode one = node();
    enqueue();
    const ClaimedTask task = one.claim().at(0);
    const auto extend = [&](const std::string& by) {
        return call_of("extend($1, $2, '" + by + "')", one, task);
    };
    EXPECT_TRUE(connection_.exec(extend("1 min")).only().text_or_null(0) == std::nullopt);
    connection_.exec("select set_run_at_most('send', '1 min')");
    EXPECT_EQ(number("select round(extract(epoch from u - clock_timestamp())) from (" +
                     extend("5 min") + ") as u (u)"),
              300);
    EXPECT_EQ(number("select round(extract(epoch from u - clock_timestamp())) from (" +
                     extend("2 s") + ") as u (u)"),
              300)
        << "never less";
    connection_.exec("update task_claim set claimed_at = claimed_at - interval '2 min'");
    maintain();
    EXPECT_EQ(state_of(task.task), "claimed");
    connection_.exec("update task_extension set ends_at = clock_timestamp()");
    maintain();
    EXPECT_EQ(state_of(task.task), "waiting");
    EXPECT_EQ(refused(extend("1 min")), "BT039");
    EXPECT_EQ(number("select count(*) from task_extension"), 0);
    for (const std::string by : {"0", "-1 s", "31 days"}) EXPECT_EQ(refused(extend(by)), "BT042");
    EXPECT_EQ(refused("select extend('x', 'y', '1 min')"), "BT038");
}

}  // namespace
}  // namespace baton

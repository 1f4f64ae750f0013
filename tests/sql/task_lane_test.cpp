// Tasks of one lane are done one after the other, in their order, or so many at a time as the
// handler's lanes are wide: whoever makes, ends, retries and cancels them at once.

#include <gtest/gtest.h>

#include "sql/log_follower.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::LogFollower;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskLaneTest : public testing::TaskFixture {
protected:
    static std::string make_call(const std::string& lane = "a", const std::string& more = "") {
        return "select enqueue('send', lane => '" + lane + "'" + more + ")";
    }
    std::int64_t make(const std::string& lane = "a", const std::string& more = "") {
        return number(make_call(lane, more));
    }
    std::vector<std::int64_t> make_some(int count, const std::string& lane = "a") {
        std::vector<std::int64_t> tasks;
        for (int i = 0; i < count; ++i) tasks.push_back(make(lane));
        return tasks;
    }
    static std::vector<std::int64_t> tasks_of(const std::vector<ClaimedTask>& claimed) {
        std::vector<std::int64_t> tasks;
        for (const ClaimedTask& task : claimed) tasks.push_back(task.task);
        return tasks;
    }
    std::string retry(std::int64_t task) {
        return text("select retry_task(" + std::to_string(task) + ")");
    }
    static std::string cancel_call(std::int64_t task) {
        return "select cancel(" + std::to_string(task) + ")";
    }
    std::string why(std::int64_t task) {
        return text("select reason || ': ' || found || '; ' || fix from why(" +
                    std::to_string(task) + ")");
    }
    void set_lanes(const std::string& how) {
        connection_.exec("select set_lanes('send', " + how + ")");
    }
    void kill(TestNode& node, const ClaimedTask& task) {
        connection_.exec(call_of("fail($1, $2, 'no use', dead => true)", node, task));
    }
};

TEST_F(TaskLaneTest, OneAfterTheOtherAndLanesBesideEachOther) {
    TestNode one = node();
    const std::vector<std::int64_t> a = make_some(3);
    const std::int64_t b = make("b");
    const std::int64_t free = enqueue();
    EXPECT_EQ(tasks_of(one.claim(10)), std::vector{free}) << "who finds tasks looks no further";
    std::vector<ClaimedTask> claimed = one.claim(10);
    EXPECT_EQ(tasks_of(claimed), (std::vector{a[0], b}));
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_EQ(state_of(a[1]), "following");
    EXPECT_EQ(retry(a[1]), "following");

    EXPECT_TRUE(one.complete(claimed[0].token));
    claimed = one.claim(10);
    EXPECT_EQ(tasks_of(claimed), std::vector{a[1]}) << "ready with the end of the one before it";
    EXPECT_EQ(one.complete_many({claimed[0].token}), std::vector<std::string>{"done"});
    EXPECT_EQ(one.complete_many({claimed[0].token}), std::vector<std::string>{"done already"});
    claimed = one.claim(10);
    EXPECT_EQ(tasks_of(claimed), std::vector{a[2]});
    one.complete(claimed[0].token);
    EXPECT_EQ(number("select count(*) from task_in_lane"), 1) << "of b";
}

TEST_F(TaskLaneTest, WhatIsTriedAgainOrPutOffStaysAtTheHead) {
    TestNode one = node({.name = "one"});
    const std::vector<std::int64_t> a = make_some(2);
    ClaimedTask head = one.claim(10).at(0);
    one.fail(head.token, "x", "1 hour");
    maintain();
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_EQ(state_of(a[0]), "due");
    EXPECT_EQ(why(a[1]),
              "lane: 1 of its lane a is being done or to be done now, and 0 others go "
              "first; baton tasks why " +
                  std::to_string(a[0]));
    EXPECT_EQ(retry(a[0]), "waiting");
    head = one.claim(10).at(0);
    EXPECT_EQ(head.task, a[0]);
    EXPECT_EQ(head.attempt, 2);
    one.snooze(head.token, "1 hour");
    EXPECT_TRUE(one.claim(10).empty());
    retry(a[0]);
    head = one.claim(10).at(0);
    one.release(head.token);
    head = one.claim(10).at(0);
    EXPECT_EQ(head.task, a[0]);
    silence("one", "1 minute");
    maintain();
    TestNode other = node({.name = "other"});
    head = other.claim(10).at(0);
    EXPECT_EQ(head.task, a[0]) << "its node went away";
    other.complete(head.token);
    EXPECT_EQ(other.claim(10).at(0).task, a[1]);
}

TEST_F(TaskLaneTest, BehindADeadHeadTheLaneStandsStill) {
    TestNode one = node();
    const std::vector<std::int64_t> a = make_some(3);
    kill(one, one.claim(10).at(0));
    maintain();
    EXPECT_TRUE(one.claim(10).empty());
    const std::string dead = std::to_string(a[0]);
    EXPECT_EQ(why(a[1]), "lane_held: its lane a stands still: task " + dead +
                             " at its head is dead; baton tasks retry " + dead +
                             ", or baton tasks cancel " + dead);
    EXPECT_EQ(text("select p from pg_catalog.jsonb_array_elements_text(status() -> 'problems') p "
                   "where p like '%stands still%'"),
              "a lane of handler send stands still, as lane a behind task " + dead +
                  ", which is dead: baton tasks retry " + dead + ", or baton tasks cancel " + dead +
                  "; see set_lanes() for what lanes are to do then");
    EXPECT_EQ(number("select redrive('send')"), 1);
    kill(one, one.claim(10).at(0));
    EXPECT_EQ(retry(a[0]), "waiting");
    ClaimedTask head = one.claim(10).at(0);
    EXPECT_EQ(head.task, a[0]);
    kill(one, head);
    EXPECT_EQ(text(cancel_call(a[0])), "cancelled");
    EXPECT_EQ(state_of(a[0]), "cancelled");
    EXPECT_TRUE(one.heartbeat().empty()) << "nobody had it";
    head = one.claim(10).at(0);
    EXPECT_EQ(head.task, a[1]);

    kill(one, head);
    set_lanes("1, 'pass'");
    head = one.claim(10).at(0);
    EXPECT_EQ(head.task, a[2]) << "what is dead by then, too";
    const std::int64_t behind = make();
    kill(one, head);
    EXPECT_EQ(tasks_of(one.claim(10)), std::vector{behind});
    EXPECT_EQ(text(cancel_call(a[1])), "dead");
    EXPECT_EQ(retry(a[1]), "following") << "the lane has gone on";
    EXPECT_EQ(outcome_of([&] { set_lanes("0"); }).sqlstate, "BT042");
    EXPECT_EQ(outcome_of([&] { set_lanes("1, 'stop'"); }).sqlstate, "BT042");
}

TEST_F(TaskLaneTest, DeadHeadForWhichALaneStandsStillIsNotForgotten) {
    TestNode one = node();
    const std::vector<std::int64_t> a = make_some(2);
    kill(one, one.claim(10).at(0));
    const std::int64_t gone = enqueue();
    one.complete(one.claim(10).at(0).token);
    connection_.exec("select set_task_history('1 hour')");
    connection_.exec("update task set enqueued_at = enqueued_at - interval '2 hours'");
    connection_.exec("update task_end set ended_at = ended_at - interval '2 hours'");
    for (int pass = 0; pass < 3; ++pass) maintain();
    EXPECT_EQ(number("select count(*) from task where id = " + std::to_string(gone)), 0);
    EXPECT_EQ(retry(a[0]), "waiting");
    EXPECT_EQ(one.claim(10).at(0).task, a[0]);
}

TEST_F(TaskLaneTest, CancelledOnesAreLeftOutAndWhatReturnsGoesByItsId) {
    TestNode one = node();
    const std::vector<std::int64_t> a = make_some(4);
    EXPECT_EQ(text(cancel_call(a[1])), "cancelled");
    ClaimedTask head = one.claim(10).at(0);
    EXPECT_EQ(text(cancel_call(a[0])), "cancelled");
    EXPECT_EQ(one.heartbeat(), std::vector{head.token});
    EXPECT_EQ(outcome_of([&] { one.complete(head.token); }).sqlstate, "BT039");
    head = one.claim(10).at(0);
    EXPECT_EQ(head.task, a[2]);
    EXPECT_EQ(retry(a[1]), "following");
    one.complete(head.token);
    head = one.claim(10).at(0);
    EXPECT_EQ(head.task, a[1]);
    EXPECT_EQ(text(cancel_call(a[1])), "cancelled");
    EXPECT_EQ(one.claim(10).at(0).task, a[3]);
}

TEST_F(TaskLaneTest, TaskWithATimeEntersItsLaneThen) {
    TestNode one = node();
    const std::int64_t later = make("a", ", run_at => clock_timestamp() + interval '1 hour'");
    const std::int64_t now = make();
    ClaimedTask head = one.claim(10).at(0);
    EXPECT_EQ(head.task, now);
    EXPECT_EQ(retry(later), "following");
    one.complete(head.token);
    EXPECT_EQ(one.claim(10).at(0).task, later);
}

TEST_F(TaskLaneTest, KeyOfAnEventIsItsLane) {
    LogFollower follower(url_);
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1",
                                          "events": ["order/placed"], "lane": "key"}])"});
    for (const char* event : {"'1', key => 'a'", "'2', key => 'b'", "'3', key => 'a'", "'4'"}) {
        connection_.exec("select dispatch('order/placed', " + std::string(event) + ")");
    }
    sql::Connection other(url_, testing::in_test_schema());
    sql::Transaction making(other);
    making.exec(make_call());
    follower.drain();
    const auto payloads_of = [](const std::vector<ClaimedTask>& tasks) {
        std::string payloads;
        for (const ClaimedTask& task : tasks) payloads += task.payload + " ";
        return payloads;
    };
    EXPECT_EQ(payloads_of(one.claim(10)), "4 ");
    const std::vector<ClaimedTask> first = one.claim(10);
    EXPECT_EQ(payloads_of(first), "1 2 ");
    one.complete(first[0].token);
    const std::vector<ClaimedTask> second = one.claim(10);
    EXPECT_EQ(payloads_of(second), "3 ");
    making.commit();
    one.complete(second[0].token);
    EXPECT_EQ(payloads_of(one.claim(10)), "{} ") << "the same lane";
    EXPECT_EQ(outcome_of([&] {
                  node({.handlers = R"([{"name": "send", "version": 2, "build": "b2",
                                         "lane": "tenant"}])"});
              }).sqlstate,
              "BT042");
}

TEST_F(TaskLaneTest, WideOneHasSoManyAtATime) {
    TestNode one = node();
    set_lanes("3");
    const std::vector<std::int64_t> a = make_some(8);
    std::vector<ClaimedTask> heads = one.claim(10);
    EXPECT_EQ(tasks_of(heads), (std::vector{a[0], a[1], a[2]}));
    EXPECT_EQ(one.complete_many({heads[0].token, heads[2].token}).size(), 2U);
    EXPECT_EQ(tasks_of(one.claim(10)), (std::vector{a[3], a[4]}));
    one.fail(heads[1].token, "x", "1 hour");
    EXPECT_EQ(tasks_of(one.claim(10)), std::vector{a[5]})
        << "what waits for its time holds none up";
    EXPECT_EQ(retry(a[1]), "following");

    set_lanes("4");
    EXPECT_EQ(tasks_of(one.claim(10)), std::vector{a[1]});
    set_lanes("2");
    EXPECT_EQ(text(cancel_call(a[1])), "cancelled");
    EXPECT_EQ(text(cancel_call(a[3])), "cancelled");
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_EQ(text(cancel_call(a[4])), "cancelled");
    EXPECT_EQ(tasks_of(one.claim(10)), std::vector{a[6]});
    EXPECT_EQ(number("select count(*) from task_ready"), 0)
        << "a lane that is full costs claims none";
}

TEST_F(TaskLaneTest, TaskThatIsBeingMadeDelaysNobodyAndIsNotForgotten) {
    TestNode one = node();
    make();
    ClaimedTask head = one.claim(10).at(0);
    sql::Connection other(url_, testing::in_test_schema());
    {
        sql::Transaction making(other);
        const std::int64_t next = making.exec(make_call(), {}).only().integer(0);
        EXPECT_TRUE(one.complete(head.token));
        EXPECT_TRUE(one.claim(10).empty());
        maintain();
        making.commit();
        head = one.claim(10).at(0);
        EXPECT_EQ(head.task, next);
    }
    // The other way round: somebody looks while the end is not committed.
    TestNode beside = node({.name = "beside"});
    sql::Transaction completing(one.connection());
    completing.exec(call_of("complete($1, $2)", one, head));
    const std::int64_t next = make();
    EXPECT_TRUE(beside.claim(10).empty());
    maintain();
    completing.commit();
    EXPECT_EQ(tasks_of(beside.claim(10)), std::vector{next});
}

// What has come with a lower id meanwhile is locked by nobody.
TEST_F(TaskLaneTest, TwoWhoLookAtOnceFillNoPlaceTwice) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    const std::vector<std::int64_t> a = make_some(2);
    connection_.exec(cancel_call(a[0]));
    sql::Transaction claiming(one.connection());
    const std::string token(
        claiming.exec("select token from claim($1, 'send', 10)", {one.session}).only().text(0));
    EXPECT_EQ(retry(a[0]), "following");
    EXPECT_TRUE(other.claim(10).empty());
    maintain();
    claiming.commit();
    EXPECT_TRUE(other.claim(10).empty()) << "the other one is being done";
    one.complete(token);
    EXPECT_EQ(tasks_of(other.claim(10)), std::vector{a[0]});
}

TEST_F(TaskLaneTest, MakersOfALaneFollowEachOtherSoIdsCommitInOrder) {
    const TestNode one = node();
    make();
    sql::Connection other(url_, testing::in_test_schema());
    sql::Transaction making(other);
    const std::int64_t first = making.exec(make_call(), {}).only().integer(0);
    make("b");
    auto second = waiting(make_call());
    making.commit();
    EXPECT_GT(std::stoll(second.get()), first);
    set_lanes("2");
    sql::Transaction again(other);
    again.exec(make_call());
    make();
}

TEST_F(TaskLaneTest, OneThatIsBeingCancelledIsNotOvertaken) {
    TestNode one = node();
    const std::vector<std::int64_t> a = make_some(3);
    const ClaimedTask head = one.claim(10).at(0);
    sql::Connection other(url_, testing::in_test_schema());
    {
        sql::Transaction cancelling(other);
        cancelling.exec(cancel_call(a[1]));
        EXPECT_TRUE(one.complete(head.token)) << "it does not wait";
        EXPECT_TRUE(one.claim(10).empty());
    }
    EXPECT_EQ(tasks_of(one.claim(10)), std::vector{a[1]}) << "it was not cancelled after all";
}

TEST_F(TaskLaneTest, UniqueKeysAndManyAtOnce) {
    TestNode one = node();
    const std::string keyed = ", unique_key => 'k', on_conflict => 'replace'";
    const std::int64_t former = make("a", keyed);
    const std::int64_t next = make();
    const std::int64_t replacing = make("a", keyed);
    EXPECT_EQ(state_of(former), "replaced");
    ClaimedTask head = one.claim(10).at(0);
    EXPECT_EQ(head.task, next);
    one.complete(head.token);
    head = one.claim(10).at(0);
    EXPECT_EQ(head.task, replacing);
    const std::int64_t following = make("a", keyed);
    one.complete(head.token);
    maintain();
    EXPECT_EQ(one.claim(10).at(0).task, following);

    EXPECT_EQ(text("select enqueue_many('send', array['1', '2', '3']::jsonb[], lane => 'm')::text"),
              "{5,6,7}");
    EXPECT_EQ(one.claim(10).at(0).payload, "1");
    EXPECT_TRUE(one.claim(10).empty());
    for (const std::string& lane : {std::string(), std::string(513, 'x')}) {
        EXPECT_EQ(outcome_of([&] { make(lane); }).sqlstate, "BT042");
    }
}

TEST_F(TaskLaneTest, NothingIsLeftOfALaneThatIsEmpty) {
    TestNode one = node();
    connection_.exec("select enqueue('send', lane => i::text) from generate_series(1, 1500) i");
    std::vector<std::string> tokens;
    for (int round = 0; round < 10; ++round) {
        maintain();
        for (const ClaimedTask& task : one.claim(1000)) tokens.push_back(task.token);
    }
    ASSERT_EQ(tokens.size(), 1500U);
    EXPECT_EQ(number("select count(*) from lane_turn"), 1500);
    one.complete_many(tokens);
    for (int pass = 0; pass < 3; ++pass) maintain();
    EXPECT_EQ(number("select (select count(*) from lane_turn) + (select count(*) from lane_note) + "
                     "(select count(*) from task_in_lane)"),
              0);
}

}  // namespace
}  // namespace baton

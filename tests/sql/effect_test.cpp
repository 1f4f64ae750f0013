// write_effects(): what a reducer's effects come to, and what is refused, one clear line each.

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

class EffectTest : public testing::TaskFixture {
protected:
    EffectTest() {
        connection_.exec("select dispatch('order/placed')");
        follower_.drain();
    }

    // Each element of `effects` follows from the event at position 1.
    void write(const std::string& effects, const std::string& of = "totals', 2") {
        connection_.exec(
            "select write_effects('" + of +
            ", array(select jsonb_build_object('cause', 1, 'event_id', e.id, 'ordinal', o.n) || o.o"
            " from jsonb_array_elements('" +
            effects +
            "') with ordinality as o (o, n), event e"
            " where e.type = 'order/placed'))");
    }
    std::string refusal(const std::string& effects) {
        const sql::Outcome outcome = outcome_of([&] { write(effects); });
        return outcome.sqlstate + " " + outcome.text.substr(0, outcome.text.find(" (SQLSTATE"));
    }

    LogFollower follower_{url_};
};

TEST_F(EffectTest, TasksHaveAllThatCanBeSaidAndTheEventThatTheyFollowFrom) {
    TestNode one = node({.labels = "{gpu}"});
    write(R"([{"task": "send"},
              {"task": "send", "payload": {"n": 1}, "priority": 5, "labels": ["gpu"],
               "tenant": "t", "meta": {"m": 1}, "schema_version": 3, "lane": "l"},
              {"task": "send", "unique_key": "u", "run_at": "2100-01-01 00:00:00Z"},
              {"task": "send", "unique_key": "u", "run_at": "2100-01-01 00:00:00Z"}])");
    EXPECT_EQ(text("select string_agg(concat_ws(' ', payload, priority, tenant, meta, "
                   "schema_version, lane, unique_key), ', ' order by id) from task"),
              R"({} 0 1, {"n": 1} 5 t {"m": 1} 3 l, {} 0 1 u)");
    EXPECT_EQ(number("select count(*) from task t join event e on e.id = t.event_id"), 3);
    EXPECT_EQ(number("select count(*) from task_due"), 1);
    maintain();
    EXPECT_EQ(one.claim(10).size(), 2U);
}

TEST_F(EffectTest, ADerivedEventIsThereOnceAndSaysWhatItFollowsFrom) {
    const std::string two = R"([{"event": "order/large", "key": "k", "payload": {"n": 1},
                                 "meta": {"user": "u"}}, {"event": "order/large"}])";
    write(two);
    write(two);
    write(two, "others', 1");
    EXPECT_EQ(text("select string_agg(concat_ws(' ', key, payload, meta), ', ' order by id) "
                   "from event where type = 'order/large'"),
              R"(k {"n": 1} {"by": "totals@2", "user": "u", "cause": 1}, )"
              R"({} {"by": "totals@2", "cause": 1}, )"
              R"(k {"n": 1} {"by": "others@1", "user": "u", "cause": 1}, )"
              R"({} {"by": "others@1", "cause": 1})");
    EXPECT_EQ(follower_.drain().size(), 4U);
}

TEST_F(EffectTest, ATaskSetIsOpenedOrTouchedAndOneNextSetFollows) {
    TestNode one = node();
    write(R"([{"touch_task_set": "send", "key": "2016"},
              {"open_task_set": "send", "key": "2017", "members": {"a": {"n": 1}, "b": {}}}])");
    EXPECT_EQ(text("select string_agg(concat_ws(' ', key, input_position, is_sealed), ',') "
                   "from task_set"),
              "2017 1 t");
    write(R"([{"open_task_set": "send", "key": "2017", "members": {"c": {}}},
              {"touch_task_set": "send", "key": "2017"},
              {"touch_task_set": "send", "key": "2017"}])");
    EXPECT_LE(number("select count(*) from task_set_touch where key = '2017'"), 2);
    for (const ClaimedTask& member : one.claim(10)) EXPECT_TRUE(one.complete(member.token));
    follower_.drain();
    maintain();
    maintain();
    EXPECT_EQ(text("select string_agg(concat_ws(' ', s.key, s.state, (select count(*) from "
                   "task_set_member m where m.task_set = s.id)), ',' order by s.id) "
                   "from task_set s"),
              "2017 published 2,2017 open 2");
}

TEST_F(EffectTest, WhatIsNotAsItMustBeIsOneLineThatSaysOfWhichEvent) {
    const TestNode one = node();
    const std::string of = "an effect of totals@2 for the event at position 1: ";
    EXPECT_EQ(refusal(R"([{"task": "send"}, {"task": "sent"}])"),
              "BT037 " + of + "nobody registered a handler 'sent'; a node that carries it does");
    EXPECT_EQ(refusal(R"([{"touch_task_set": "sent", "key": "k"}])").substr(0, 6), "BT037 ");
    EXPECT_EQ(refusal("[{}]"),
              "BT055 " + of +
                  "it must name one of task, event, open_task_set and touch_task_set, and names 0");
    EXPECT_NE(refusal(R"([{"task": "send", "event": "a/b"}])").find("and names 2"),
              std::string::npos);
    EXPECT_EQ(refusal(R"([{"task": "send", "key": "k"}])"),
              "BT055 " + of + "a task has no key; is it the lane, or the unique_key?");
    EXPECT_EQ(refusal(R"([{"open_task_set": "send"}])"), "BT055 " + of + "a task set needs a key");
    EXPECT_EQ(refusal(R"([{"event": "a/b", "meta": [1]}])"),
              "BT055 " + of + "its meta is no JSON object");
    EXPECT_EQ(refusal(R"([{"task": "send", "priority": "high"}])"),
              "BT055 " + of + R"(invalid input syntax for type integer: "high")");
    EXPECT_EQ(refusal(R"([{"task": "send", "event_id": null}])"),
              "BT055 " + of + "its cause is the position of no event that the reducer was given");
    EXPECT_EQ(refusal(R"([{"task": "send", "run_at": "infinitely"}])").substr(0, 6), "BT055 ");
    EXPECT_EQ(refusal(R"([{"task": "send", "priority": 1001}])").substr(0, 6), "BT042 ");
    EXPECT_EQ(refusal(R"([{"event": ""}])").substr(0, 6), "BT001 ");
    EXPECT_EQ(number("select (select count(*) from task) + (select count(*) from event)"), 1);
}

// Who adopted a copy discarded what was to be done for what it has.
TEST_F(EffectTest, OfEventsThatWereDiscardedComeEventsOnly) {
    const TestNode one = node();
    connection_.exec("update environment_home set no_tasks_to = 1000000");
    write(R"([{"task": "send"}, {"event": "order/large"}, {"touch_task_set": "send", "key": "k"},
              {"open_task_set": "send", "key": "k", "members": {"a": {}}}])");
    EXPECT_EQ(
        text("select concat_ws(' ', (select count(*) from task), (select count(*) from "
             "task_set), (select count(*) from task_set_touch), (select count(*) from event))"),
        "0 0 0 2");
}

}  // namespace
}  // namespace baton

// A task of low priority is done though those of high priority never end, once it has waited.

#include <gtest/gtest.h>

#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class TaskAgeTest : public testing::TaskFixture {
protected:
    // So many rounds, in each of which more urgent tasks are made than are done; returns how many
    // others were done.
    int others_in(int rounds, int count = 1) {
        int others = 0;
        for (int round = 0; round < rounds; ++round) {
            connection_.exec("select enqueue_many('send', array_fill('\"urgent\"'::jsonb, array[" +
                             std::to_string(count + 1) + "]), priority => 10)");
            for (const ClaimedTask& task : one_.claim(count)) {
                if (task.payload != "\"urgent\"") ++others;
                EXPECT_TRUE(one_.complete(task.token));
            }
        }
        return others;
    }
    void make_low(int count, int priority) {
        connection_.exec("select enqueue_many('send', array_fill('\"" + std::to_string(priority) +
                         "\"'::jsonb, array[" + std::to_string(count) + "]), priority => " +
                         std::to_string(priority) + ")");
    }
    void age() {
        connection_.exec("update task set enqueued_at = enqueued_at - interval '2 minutes'");
        maintain();
    }

    TestNode one_ = node();
};

TEST_F(TaskAgeTest, TaskThatHasWaitedIsDoneThoughUrgentOnesNeverEnd) {
    one_.connection().exec("select setseed(0.5)");
    make_low(100, 0);
    maintain();
    EXPECT_EQ(others_in(30), 0) << "they have not waited yet";
    age();
    const int others = others_in(150);
    EXPECT_GE(others, 2);
    EXPECT_LE(others, 22) << "urgent ones are hardly held up: one claim in 16";
}

TEST_F(TaskAgeTest, EachPriorityThatHasWaitedHasItsShare) {
    one_.connection().exec("select setseed(0.25)");
    make_low(50, -1000);
    make_low(50, -5);
    make_low(50, 0);
    age();
    others_in(100, 4);
    for (const char* const priority : {"-1000", "-5", "0"}) {
        EXPECT_GT(number("select count(*) from task_end e join task t on t.id = e.task "
                         "where t.priority = " +
                         std::string(priority)),
                  0)
            << priority;
    }
}

TEST_F(TaskAgeTest, WhatIsNotOldAnyMoreGoesBehindAgain) {
    one_.connection().exec("select setseed(0.75)");
    make_low(3, 0);
    age();
    EXPECT_GE(others_in(150), 3);
    make_low(20, 0);
    maintain();
    EXPECT_EQ(others_in(30), 0);
}

}  // namespace
}  // namespace baton

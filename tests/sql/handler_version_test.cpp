// A new version of a handler: it goes live at one position of the log, and what waits is done by a
// version that says that it can do it, or waits for one.

#include <gtest/gtest.h>

#include <future>

#include "baton/sql/listener.hpp"
#include "sql/handler_fixture.hpp"

namespace baton {
namespace {

using namespace std::chrono_literals;

using testing::ClaimedTask;
using testing::TestNode;

class HandlerVersionTest : public testing::HandlerFixture {};

TEST_F(HandlerVersionTest, EventsFromTheSwitchOnAreTasksOfTheNewVersion) {
    follower_.emplace(url_);
    const TestNode one = carrier({{1}});
    const TestNode two = carrier({{2}});
    dispatch();
    follower_->drain();
    const std::int64_t promotion = promote(2);
    dispatch();
    dispatch();
    follower_->drain(1);
    EXPECT_EQ(made_for(), "1 2 2");
    EXPECT_EQ(text("select state || ' ' || position::text || ' ' || handlers::text || "
                   "handler_versions::text "
                   "from promotion_state(" +
                   std::to_string(promotion) + ")"),
              "done 1 {send}{2}");
    roll_back();
    dispatch();
    follower_->drain();
    EXPECT_EQ(made_for(), "1 2 2 1");
    EXPECT_EQ(text("select string_agg(former[1].name || former[1].version::text, ' ' order by id) "
                   "from promotion"),
              "send1 send2");
}

// Both lock the leader's row before they look: so each batch sees one version.
TEST_F(HandlerVersionTest, BatchThatIsBeingRecordedIsWaitedFor) {
    follower_.emplace(url_);
    const TestNode one = carrier({{1}});
    const TestNode two = carrier({{2}});
    dispatch();
    dispatch();
    sql::LogReader reader = follower_->reader();
    sql::LogPage page;
    ASSERT_TRUE(reader.next(10, page));
    std::future<std::string> promoted;
    {
        sql::Transaction batch(follower_->writing());
        record_batch(batch, follower_->epoch(), page, std::chrono::microseconds(1));
        promoted = waiting("select promote('send', 2)");
        batch.commit();
    }
    EXPECT_EQ(text("select position from promotion_state(" + promoted.get() + ")"), "2");
    dispatch();
    follower_->drain();
    EXPECT_EQ(made_for(), "1 1 2");
}

TEST_F(HandlerVersionTest, BatchThatComesLaterWaitsForThePromotion) {
    follower_.emplace(url_);
    const TestNode one = carrier({{1}});
    const TestNode two = carrier({{2}});
    dispatch();
    follower_->drain();
    dispatch();
    dispatch();
    const std::string pid = std::to_string(follower_->writing().backend_pid());
    std::promise<void> promoted;
    const std::future<void> committed = std::async(std::launch::async, [&] {
        sql::Connection session(url_, testing::in_test_schema());
        sql::Connection watch(url_, testing::in_test_schema());
        sql::Transaction promotion(session);
        promotion.exec("select promote('send', 2)");
        promoted.set_value();
        EXPECT_TRUE(testing::eventually(std::chrono::seconds(20), [&] {
            return !watch.exec("select from pg_locks where not granted and pid = " + pid).empty();
        })) << "the batch does not wait";
        promotion.commit();
    });
    promoted.get_future().wait();
    follower_->drain();
    EXPECT_EQ(made_for(), "1 2 2");
    EXPECT_EQ(text("select position from promotion"), "1");
}

// What was made for 1 is done by 2, as 2 says that it can, labels or not, now or later.
TEST_F(HandlerVersionTest, WhatWaitsIsDoneByTheNewVersionIfThatAcceptsIt) {
    TestNode one = carrier({{1}}, "one", "{gpu}");
    TestNode two = carrier({{2, "1"}}, "two", "{gpu}");
    const std::int64_t due = enqueue("'send', run_at => now() + interval '1 hour'");
    enqueue();
    enqueue("'send', priority => 7, labels => array['gpu']");
    EXPECT_EQ(gets(two), "");
    EXPECT_EQ(gets(one), "1 1");
    promote(2);
    connection_.exec("update task_due set due_at = now()");
    maintain();
    EXPECT_EQ(gets(one), "") << "they are its tasks no more";
    EXPECT_EQ(gets(two), "2 2 2");
    enqueue();
    EXPECT_EQ(gets(two), "2 2 2 2");
    EXPECT_EQ(made_for(), "1 1 1 2");

    roll_back();
    EXPECT_EQ(gets(one), "1 1 1");
    EXPECT_EQ(gets(two), "2") << "1 does not accept from 2";
    EXPECT_EQ(state_of(due), "waiting");
}

TEST_F(HandlerVersionTest, WhatTheNewVersionDoesNotAcceptWaitsForTheFormer) {
    TestNode two = carrier({{1}, {2}}, "both");
    enqueue();
    promote(2);
    enqueue();
    EXPECT_EQ(gets(two), "1 2") << "who carries both does each as what it was made for";
    two.deregister();
    TestNode next = carrier({{2}}, "two");
    EXPECT_EQ(gets(next), "2");
    TestNode late = carrier({{1}}, "one");
    EXPECT_EQ(gets(late), "1");
}

// A former version may say that it can read what is made for a later one.
TEST_F(HandlerVersionTest, RollbackStampsBackWhatTheFormerAccepts) {
    TestNode one = carrier({{1, "2"}}, "one");
    TestNode two = carrier({{2, "1"}}, "two");
    enqueue();
    promote(2);
    enqueue();
    roll_back();
    EXPECT_EQ(gets(one), "1 1");
    EXPECT_EQ(gets(two), "");
    roll_back();
    EXPECT_EQ(gets(one), "");
    EXPECT_EQ(gets(two), "2 2") << "a rollback of a rollback leads forward";
}

TEST_F(HandlerVersionTest, ChainIsNotFollowed) {
    TestNode one = carrier({{1}}, "one");
    TestNode two = carrier({{2, "1"}}, "two");
    TestNode three = carrier({{3, "2"}}, "three");
    TestNode four = carrier({{4, "1, 3"}}, "four");
    enqueue();
    promote(2);
    enqueue();
    promote(3);
    EXPECT_EQ(gets(one), "");
    EXPECT_EQ(gets(two), "2") << "3 does not say that it accepts from 1";
    EXPECT_EQ(gets(three), "3");
    promote(4);
    EXPECT_EQ(gets(two), "");
    EXPECT_EQ(gets(three), "3") << "4 does not accept from 2";
    EXPECT_EQ(gets(four), "4");
    promote(1);
    EXPECT_EQ(gets(one), "1");
    EXPECT_EQ(gets(three), "3");
}

// What is claimed stays with who has it; what comes back is decided anew.
TEST_F(HandlerVersionTest, ClaimedTasksGoOnAndThoseThatComeBackGoToTheNewVersion) {
    TestNode one = carrier({{1}}, "one");
    TestNode two = carrier({{2, "1"}}, "two");
    for (int i = 0; i < 4; ++i) enqueue();
    const std::vector<ClaimedTask> held = one.claim(4);
    ASSERT_EQ(held.size(), 4U);
    promote(2);
    EXPECT_EQ(gets(two), "");
    EXPECT_TRUE(one.complete(held[0].token));
    EXPECT_EQ(one.fail(held[1].token), "retry");
    EXPECT_EQ(one.release(held[2].token), 1);
    maintain();
    EXPECT_EQ(gets(one), "");
    EXPECT_EQ(gets(two), "2 2");
    silence("one", "1 minute");
    maintain();
    EXPECT_EQ(gets(two), "2 2 2") << "the third was lost with its node";
}

// Nodes of the new version that sleep are told: by the promotion, and of what comes back after it.
TEST_F(HandlerVersionTest, NodesThatSleepAreWokenForWhatTheyCanDoNow) {
    TestNode one = carrier({{1}}, "one");
    TestNode two = carrier({{2, "1"}}, "two");
    const std::vector<std::int64_t> tasks{enqueue(), enqueue()};
    const ClaimedTask held = one.claim().at(0);
    const std::string channel(two.connection()
                                  .exec("select await_tasks('" + two.session + "', '{send}')")
                                  .only()
                                  .text(0));
    sql::Listener listener(url_, testing::in_test_schema(), channel);
    EXPECT_FALSE(listener.wait(200ms));
    promote(2);
    EXPECT_TRUE(listener.wait(20s));
    while (listener.wait(200ms)) {
    }
    one.release(held.token);
    EXPECT_TRUE(listener.wait(20s));
    EXPECT_EQ(text("select reason || ': ' || found from why(" + std::to_string(tasks[0]) + ")")
                  .find("next: it goes first; whoever claims next has it: two"),
              0U);
    two.deregister();
    EXPECT_EQ(text("select reason || ': ' || found || '; ' || fix from why(" +
                   std::to_string(tasks[1]) + ")"),
              "other_version: no live node carries send@2, which does what was made for version 1, "
              "but send@1; start a node that carries send@2");
    EXPECT_EQ(text("select m ->> 'version' || ': ' || (m ->> 'waiting') from "
                   "jsonb_array_elements(status() -> 'tasks' -> 'missing') as m"),
              "1: 2");
    const TestNode late = carrier({{2, "1"}}, "late");
    EXPECT_EQ(text("select status() -> 'tasks' ->> 'missing'"), "[]");
}

// However many tasks wait, a promotion and a rollback change as many rows as there are versions.
TEST_F(HandlerVersionTest, PromotionCostsTheSameHoweverManyTasksWait) {
    const TestNode one = carrier({{1}}, "one");
    TestNode two = carrier({{2, "1"}}, "two");
    connection_.exec(
        "select enqueue_many('send', array_agg('{}'::jsonb)) from generate_series(1, 20000)");
    const auto changed = [&](const std::string& call) {
        sql::Transaction transaction(connection_);
        const std::string count =
            "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_xact_user_tables";
        const std::int64_t before = transaction.exec(count).only().integer(0);
        transaction.exec("select " + call);
        const std::int64_t after = transaction.exec(count).only().integer(0);
        transaction.commit();
        return after - before;
    };
    EXPECT_LE(changed("promote('send', 2)"), 10);
    EXPECT_EQ(two.claim(1000).size(), 1000U);
    EXPECT_LE(changed("roll_back('send')"), 10);
}

}  // namespace
}  // namespace baton

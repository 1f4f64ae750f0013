// Of a handler one task at a time has a unique key, whoever makes tasks with it at once: another
// one is not made, or takes its place, or follows it.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskUniqueTest : public testing::TaskFixture {
protected:
    void TearDown() override {
        TaskFixture::TearDown();
        expect_one_of_each_key();
    }

    // One that waits, is due or is claimed, and one that follows it, at most.
    void expect_one_of_each_key() {
        sql::Connection session(url_, testing::in_test_schema());
        const sql::Result doubled = session.exec(R"(
            select coalesce(pg_catalog.string_agg(l.unique_key, ', '), '')
              from (select t.unique_key
                      from task t
                     cross join lateral task_state(t.id) as s
                     where t.unique_key is not null
                       and s.state in ('waiting', 'due', 'claimed', 'following')
                     group by s.handler, t.unique_key
                    having count(*) filter (where s.state <> 'following') > 1
                        or count(*) filter (where s.state = 'following') > 1) as l)");
        EXPECT_EQ(doubled.only().text(0), "");
    }

    static std::string make_call(const std::string& mode, const std::string& key = "k",
                                 const std::string& more = "") {
        return "select enqueue('send', '{\"mode\": \"" + mode + "\"}', unique_key => '" + key +
               "', on_conflict => '" + mode + "'" + more + ")";
    }
    std::int64_t make(const std::string& mode = "skip", const std::string& key = "k",
                      const std::string& more = "") {
        return number(make_call(mode, key, more));
    }
    std::string retry(std::int64_t task) {
        return text("select retry_task(" + std::to_string(task) + ")");
    }
    std::string cancel(std::int64_t task) {
        return text("select cancel(" + std::to_string(task) + ")");
    }
    void kill(TestNode& node, const ClaimedTask& task) {
        connection_.exec(call_of("fail($1, $2, 'no use', dead => true)", node, task));
    }
};

TEST_F(TaskUniqueTest, WhileItWaitsNoOtherIsMadeOrItsPlaceIsTaken) {
    TestNode one = node();
    std::int64_t standing = make();
    EXPECT_EQ(make("skip"), standing);
    std::int64_t replacing = make("replace");
    EXPECT_NE(replacing, standing);
    EXPECT_EQ(state_of(standing), "replaced");
    EXPECT_EQ(cancel(standing), "replaced");
    EXPECT_EQ(retry(standing), "replaced");
    ClaimedTask claimed = one.claim(10).at(0);
    EXPECT_EQ(claimed.task, replacing);
    EXPECT_EQ(claimed.payload, R"({"mode": "replace"})");

    one.fail(claimed.token, "x", "1 hour");
    EXPECT_EQ(state_of(replacing), "due");
    EXPECT_EQ(make("skip"), replacing) << "it is to be tried again";
    standing = make("replace", "k", ", run_at => clock_timestamp() + interval '1 hour'");
    EXPECT_EQ(state_of(replacing), "replaced");
    EXPECT_EQ(state_of(standing), "due");
    replacing = make("replace");
    EXPECT_EQ(state_of(standing), "replaced");
    EXPECT_EQ(state_of(replacing), "waiting") << "the new one's time counts";
    EXPECT_EQ(number("select enqueue_bytes('send', 'b', 'x/y', unique_key => 'k')"), replacing);
}

TEST_F(TaskUniqueTest, WhatHasEndedStandsInNobodysWay) {
    TestNode one = node();
    std::set<std::int64_t> tasks;
    for (const std::string mode : {"skip", "replace"}) {
        tasks.insert(make(mode));
        one.complete(one.claim().at(0).token);
        tasks.insert(make(mode));
        kill(one, one.claim().at(0));
        tasks.insert(make(mode));
        EXPECT_EQ(cancel(*tasks.rbegin()), "cancelled");
    }
    EXPECT_EQ(tasks.size(), 6U);
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'replaced'"), 0);
}

TEST_F(TaskUniqueTest, PutOffUntilThereIsPeaceButNotForEver) {
    TestNode one = node();
    enqueue();
    const auto put_off = [&] {
        return make("replace", "k",
                    ", run_at => clock_timestamp() + interval '10 s', longest_wait => '1 min'");
    };
    const auto due_in = [&](std::int64_t task) {
        return number(
            "select round(extract(epoch from due_at - clock_timestamp())) from task_due "
            "where task = " +
            std::to_string(task));
    };
    put_off();
    connection_.exec("update task_key set since = since - interval '30 s'");
    EXPECT_GE(due_in(put_off()), 8);
    connection_.exec("update task_key set since = since - interval '25 s'");
    const std::int64_t last = put_off();
    EXPECT_LE(due_in(last), 5) << "a minute after the first one";
    connection_.exec("update task_key set since = since - interval '5 s'");
    const std::int64_t now = put_off();
    EXPECT_EQ(state_of(last), "replaced");
    EXPECT_EQ(state_of(now), "waiting");
    const ClaimedTask claimed = one.claim().at(0);
    EXPECT_EQ(claimed.task, now) << "it goes first";
    const std::int64_t next = put_off();
    EXPECT_EQ(state_of(next), "following");
    one.complete(claimed.token);
    EXPECT_GE(due_in(put_off()), 8) << "another row of them";
    EXPECT_EQ(outcome_of([&] { make("replace", "k", ", longest_wait => '-1 s'"); }).sqlstate,
              "BT042");
}

TEST_F(TaskUniqueTest, WhileItRunsTheNewOneFollows) {
    TestNode one = node();
    const std::int64_t running = make();
    ClaimedTask claimed = one.claim().at(0);
    EXPECT_EQ(make("skip"), running);
    const std::int64_t first = make("replace");
    EXPECT_EQ(make("skip"), first);
    EXPECT_EQ(state_of(first), "following");
    const std::int64_t next = make("replace");
    EXPECT_EQ(state_of(first), "replaced");
    EXPECT_EQ(state_of(next), "following");
    EXPECT_EQ(retry(next), "following");

    const auto listed = [&](const std::string& state) {
        return text("select string_agg(task::text, ' ' order by task) from list_tasks('" + state +
                    "') where handler is not null");
    };
    EXPECT_EQ(listed("following"), std::to_string(next));
    EXPECT_EQ(listed("replaced"), std::to_string(first));
    const auto why = [&](std::int64_t task) {
        return text("select reason || ': ' || found from why(" + std::to_string(task) + ")");
    };
    EXPECT_EQ(why(next), "following: task " + std::to_string(running) +
                             " has the same unique key, and has to end before; it is claimed");
    EXPECT_TRUE(why(first).starts_with("replaced: ")) << why(first);

    maintain();
    EXPECT_TRUE(one.claim().empty());
    EXPECT_EQ(one.fail(claimed.token), "retry");
    maintain();
    claimed = one.claim(10).at(0);
    EXPECT_EQ(claimed.task, running) << "it has not ended, and is tried again first";
    EXPECT_TRUE(one.complete(claimed.token));
    EXPECT_EQ(state_of(next), "due");
    maintain();
    claimed = one.claim(10).at(0);
    EXPECT_EQ(claimed.task, next);

    const std::int64_t last =
        make("replace", "k", ", run_at => clock_timestamp() + interval '1 hour'");
    EXPECT_EQ(state_of(last), "following");
    kill(one, claimed);
    maintain();
    EXPECT_EQ(state_of(last), "due") << "it has a time of its own";
    EXPECT_TRUE(one.claim().empty());
}

TEST_F(TaskUniqueTest, FollowerThatIsCancelledLeavesTheKeyWithWhatRuns) {
    TestNode one = node();
    const std::int64_t running = make();
    const ClaimedTask claimed = one.claim().at(0);
    EXPECT_EQ(cancel(make("replace")), "cancelled");
    EXPECT_EQ(make("skip"), running);
    const std::int64_t next = make("replace");
    EXPECT_EQ(state_of(next), "following");
    EXPECT_EQ(cancel(running), "cancelled");
    EXPECT_EQ(make("skip"), next);
    maintain();
    EXPECT_EQ(one.claim().at(0).task, next);
    EXPECT_EQ(make("skip"), next) << "maintain() leaves the key to it";
    EXPECT_EQ(outcome_of([&] { one.complete(claimed.token); }).sqlstate, "BT039");
}

TEST_F(TaskUniqueTest, KeysAreEachHandlersOwn) {
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "print", "version": 1, "build": "b1"}])"});
    const std::set<std::int64_t> tasks = {make(), make("skip", "K"),
                                          number("select enqueue('print', unique_key => 'k')")};
    EXPECT_EQ(tasks.size(), 3U);
    for (const std::string& call :
         {make_call("skip", ""), make_call("skip", std::string(513, 'k')), make_call("throttle"),
          std::string("select enqueue('send', unique_key => 'k', on_conflict => null)")}) {
        EXPECT_EQ(outcome_of([&] { number(call); }).sqlstate, "BT042") << call;
    }
    connection_.exec("begin isolation level repeatable read");
    EXPECT_EQ(outcome_of([&] { make(); }).sqlstate, "BT006");
    connection_.exec("rollback");
    EXPECT_EQ(one.claim(10).size(), 2U);
}

TEST_F(TaskUniqueTest, SixtyFourAtOnceLeaveOne) {
    const TestNode registrar = node();
    for (const std::string mode : {"skip", "replace"}) {
        std::vector<std::future<std::int64_t>> makers;
        for (int i = 0; i < 64; ++i) {
            makers.push_back(std::async(std::launch::async, [&] {
                sql::Connection session(url_, testing::in_test_schema());
                return session.exec(make_call(mode, mode)).only().integer(0);
            }));
        }
        std::set<std::int64_t> tasks;
        for (auto& maker : makers) tasks.insert(maker.get());
        EXPECT_EQ(tasks.size(), mode == "skip" ? 1U : 64U);
        EXPECT_EQ(number("select count(*) from task_ready q join task t on t.id = q.task "
                         "where t.unique_key = '" +
                         mode + "'"),
                  1);
    }
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'replaced'"), 63);
}

TEST_F(TaskUniqueTest, KeyGoesWithTheTransactionThatMadeTheTask) {
    const TestNode registrar = node();
    for (const bool is_committed : {false, true}) {
        auto making = std::make_unique<sql::Transaction>(connection_);
        const std::int64_t first = making->exec(make_call("skip")).only().integer(0);
        EXPECT_EQ(making->exec(make_call("skip")).only().integer(0), first);
        auto second = waiting(make_call("skip"));
        if (is_committed) making->commit();
        making.reset();
        EXPECT_EQ(second.get() == std::to_string(first), is_committed);
        cancel(make());
    }
}

TEST_F(TaskUniqueTest, BesideAClaimItFollowsAndBesideACompletionToo) {
    TestNode one = node();
    make();
    sql::Transaction claiming(one.connection());
    claiming.exec("select claim('" + one.session + "', 'send')");
    auto replaced = waiting(make_call("replace"));
    claiming.commit();
    const std::int64_t next = std::stoll(replaced.get());
    EXPECT_EQ(state_of(next), "following");

    const std::string token = text("select tasks[1]::text || '.' || id::text from task_claim");
    sql::Transaction completing(one.connection());
    completing.exec("select complete($1, $2)", {one.session, token});
    const std::int64_t last = make("replace");
    EXPECT_EQ(state_of(next), "replaced");
    completing.commit();
    EXPECT_EQ(state_of(last), "due") << "what it followed has ended";
    maintain();
    EXPECT_EQ(one.claim(10).at(0).task, last);
}

TEST_F(TaskUniqueTest, RetryGivesNoKeyToTwo) {
    TestNode one = node();
    const std::int64_t dead = make();
    kill(one, one.claim().at(0));
    const std::int64_t dead_too = make();
    kill(one, one.claim().at(0));
    const std::int64_t standing = make();
    EXPECT_EQ(retry(dead), "dead");
    EXPECT_EQ(number("select redrive('send')"), 0);
    one.complete(one.claim().at(0).token);
    EXPECT_EQ(state_of(standing), "done");
    EXPECT_EQ(number("select redrive('send')"), 1) << "one of the two";
    EXPECT_EQ(state_of(dead), "waiting");
    EXPECT_EQ(retry(dead_too), "dead");
    EXPECT_EQ(make(), dead) << "it has the key again";
    kill(one, one.claim().at(0));
    maintain();
    ASSERT_EQ(number("select count(*) from task_key"), 0);
    EXPECT_EQ(retry(dead_too), "waiting") << "the key was cleared away";
    EXPECT_EQ(make(), dead_too);
}

TEST_F(TaskUniqueTest, KeysThatNoTaskHasAreClearedAway) {
    TestNode one = node();
    connection_.exec(
        "select enqueue('send', unique_key => i::text) from generate_series(1, 2500) i");
    std::vector<std::string> tokens;
    for (int i = 0; i < 2; ++i) {
        for (const ClaimedTask& task : one.claim(1000)) tokens.push_back(task.token);
    }
    one.complete_many(tokens);
    for (int pass = 0; pass < 3; ++pass) maintain();
    EXPECT_EQ(number("select count(*) from task_key"), 500);
    while (!one.claim(1000).empty()) {
    }
    one.deregister();
    for (int pass = 0; pass < 3; ++pass) maintain();
    EXPECT_EQ(number("select count(*) from task_key"), 500) << "these wait yet";
}

// Few keys, and everybody at once.
class TaskUniqueTortureTest : public TaskUniqueTest {
protected:
    void make_some(unsigned seed) {
        std::mt19937 random(seed);
        sql::Connection session(url_, testing::in_test_schema());
        std::vector<std::int64_t> made;
        for (int round = 0; round < 300; ++round) {
            const std::string call =
                make_call(random() % 2 == 0 ? "skip" : "replace", std::to_string(random() % 3));
            made.push_back(session.exec(call).only().integer(0));
            const std::string older = std::to_string(made[random() % made.size()]);
            if (random() % 8 == 0) session.exec("select cancel(" + older + ")");
            if (random() % 8 == 0) session.exec("select retry_task(" + older + ")");
            if (random() % 30 == 0) session.exec("select redrive('send')");
        }
    }
    void work(unsigned seed) {
        std::mt19937 random(seed);
        TestNode worker(url_, {.name = "worker" + std::to_string(seed)});
        while (!is_over) {
            for (const ClaimedTask& task : worker.claim(2)) {
                const auto choice = random() % 4;
                if (choice == 0) worker.release(task.token);
                if (choice == 1) worker.snooze(task.token, "0");
                if (choice == 2) outcome_of([&] { kill_here(worker, task); });
                if (choice == 3) worker.complete_many({task.token});
            }
        }
        worker.deregister();
    }
    static void kill_here(TestNode& worker, const ClaimedTask& task) {
        sql::Transaction transaction(worker.connection());
        transaction.exec(call_of("fail($1, $2, 'no use', dead => true)", worker, task));
        transaction.commit();
    }

    std::atomic<bool> is_over{false};
};

TEST_F(TaskUniqueTortureTest, OneHasTheKeyWhoeverMeddles) {
    const TestNode registrar = node();
    std::vector<std::jthread> others;
    for (unsigned i = 0; i < 2; ++i) others.emplace_back([this, i] { work(i); });
    others.emplace_back([this] {
        sql::Connection session(url_, testing::in_test_schema());
        while (!is_over) session.exec("select maintain(at_once => true)");
    });
    {
        std::vector<std::jthread> makers;
        for (unsigned i = 0; i < 4; ++i) makers.emplace_back([this, i] { make_some(100 + i); });
        for (int look = 0; look < 20; ++look) expect_one_of_each_key();
    }
    is_over = true;
    others.clear();
    EXPECT_GT(number("select count(*) from task_end where outcome = 'replaced'"), 0);
    EXPECT_GT(number("select count(*) from task_end where outcome = 'done'"), 0);
}

}  // namespace
}  // namespace baton

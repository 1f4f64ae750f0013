// why() names the one thing that a task waits for; and where that is put right, the task runs.

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

#include "sql/task_fixture.hpp"
#include "support/seed.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::NodeOffer;
using testing::TestNode;

struct Why {
    std::string state;
    std::string reason;
    std::string found;
    std::string fix;
};

class TaskWhyTest : public testing::TaskFixture {
protected:
    Why why(std::int64_t task) {
        const sql::Row row =
            connection_
                .exec("select state, reason, found, fix from why(" + std::to_string(task) + ")")
                .only();
        return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
                std::string(row.text(3))};
    }
    // The reason, a blank, and what was found, with N for each number of seconds.
    std::string told(std::int64_t task) {
        const Why said = why(task);
        return said.reason + " " + testing::without_seconds(said.found);
    }
    void expect_told(std::int64_t task, const std::string& words) {
        const std::string said = told(task);
        EXPECT_NE(said.find(words), std::string::npos) << said;
    }
};

TEST_F(TaskWhyTest, NobodyCarriesIt) {
    {
        TestNode former = node({.name = "former"});
        former.deregister();
    }
    const std::int64_t task = enqueue();
    EXPECT_EQ(told(task), "no_node no live node carries send");
    EXPECT_EQ(why(task).fix, "start a node that carries send@1");
    TestNode one = node({.name = "one"});
    EXPECT_EQ(told(task), "next it goes first; whoever claims next has it: one");
    EXPECT_EQ(one.claim().size(), 1U);
}

TEST_F(TaskWhyTest, OthersCarryWhatIsNotIt) {
    TestNode former = node({.name = "former"});
    const std::int64_t task = enqueue();
    former.deregister();
    TestNode next = node({.handlers = R"([{"name": "send", "version": 2, "build": "b2"}])"});
    EXPECT_EQ(told(task), "other_version no live node carries send@1, but send@2");
    // In development another build comes to be the one on record.
    TestNode stale = node({.name = "stale"});
    TestNode newest = node({.handlers = R"([{"name": "send", "version": 1, "build": "b9"}])"});
    newest.deregister();
    EXPECT_EQ(told(task),
              "other_build no live node carries send@1 in the build on record, b9, but in b1");
    EXPECT_TRUE(stale.claim().empty());
    TestNode again = node({.handlers = R"([{"name": "send", "version": 1, "build": "b9"}])"});
    EXPECT_EQ(why(task).reason, "next");
    EXPECT_EQ(again.claim().size(), 1U);
}

TEST_F(TaskWhyTest, NobodyHasItsLabels) {
    const TestNode one = node({.labels = "{gpu}"});
    const std::int64_t task = enqueue("'send', labels => array['gpu', 'eu']");
    EXPECT_EQ(told(task), "labels no live node that carries send@1 has the labels eu, gpu");
    TestNode other = node({.labels = "{gpu,eu,big}"});
    EXPECT_EQ(why(task).reason, "next");
    EXPECT_EQ(other.claim().size(), 1U);
}

TEST_F(TaskWhyTest, OthersGoFirst) {
    TestNode one = node({.name = "one"});
    const TestNode two = node({.name = "two"});
    for (int i = 0; i < 3; ++i) enqueue();
    const std::int64_t task = enqueue();
    expect_told(task, "queued 3 others of send@1 go first; it can be taken by one, two");
    const std::int64_t urgent = enqueue("'send', priority => 5");
    expect_told(task, "queued 4 others");
    EXPECT_EQ(why(urgent).reason, "next");
    // What comes back goes before what never left.
    const ClaimedTask claimed = one.claim(2).back();
    EXPECT_EQ(one.release(claimed.token), 1);
    expect_told(task, "queued 3 others");
    EXPECT_EQ(why(claimed.task).reason, "next");
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[12000]))");
    expect_told(enqueue(), "queued 10000 or more others");
}

TEST_F(TaskWhyTest, ANodeHasIt) {
    TestNode one = node({.name = "one"});
    maintain();
    const std::int64_t task = enqueue();
    const ClaimedTask claimed = one.claim()[0];
    expect_told(task, "prefetched node one took it N s ago, and has not said yet that its handler");
    one.start(claimed.token);
    expect_told(task, "running node one took it N s ago, and its handler is at it");
    silence("one", "1 hour");
    expect_told(task,
                "node_ended node one took it N s ago, and has ended: it gave no sign of life "
                "for 00:00:30; a pass of maintain() hands it to others");
    EXPECT_EQ(told(task).find("nobody calls"), std::string::npos);
    connection_.exec("update maintenance set passed_at = passed_at - interval '95 seconds'");
    expect_told(task, "nobody calls maintain(): its last pass was N s ago");
    maintain();
    expect_told(task, "retry it is tried again at ");
    expect_told(task, "attempt 1 had failed: the node went away while the handler ran");
}

TEST_F(TaskWhyTest, ItsTimeHasNotComeOrNobodyMaintains) {
    const TestNode one = node({.name = "one"});
    const std::int64_t task = enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    EXPECT_EQ(why(task).reason, "time");
    EXPECT_EQ(why(task).fix, "wait for that time; or, to have it run now, baton tasks retry " +
                                 std::to_string(task));
    expect_told(task, ", in N s");
    connection_.exec("update task_due set due_at = clock_timestamp() - interval '7 seconds'");
    EXPECT_EQ(told(task), "unmaintained its time came N s ago; nobody ever called maintain()");
    EXPECT_EQ(why(task).fix, "call maintain(), as each node does once a second");
    maintain();
    EXPECT_EQ(why(task).reason, "next");
    // A pass takes so many at most.
    const std::int64_t late = enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    connection_.exec("update task_due set due_at = clock_timestamp() - interval '7 seconds'");
    EXPECT_EQ(why(late).reason, "overdue");
}

// What is committed after others that came later is found by a pass of maintain().
TEST_F(TaskWhyTest, ClaimsHavePassedItBy) {
    TestNode one = node({.name = "one"});
    sql::Connection late(url_, testing::in_test_schema());
    sql::Transaction transaction(late);
    const std::int64_t task = transaction.exec("select enqueue('send')").only().integer(0);
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[1000]))");
    for (int pass = 0; pass < 3; ++pass) maintain();
    EXPECT_EQ(one.claim(1000).size(), 1000U);
    transaction.commit();
    expect_told(task, "passed_by claims have passed it by");
    EXPECT_TRUE(one.claim().empty());
    maintain();
    EXPECT_EQ(why(task).reason, "next");
    EXPECT_EQ(one.claim()[0].task, task);
}

TEST_F(TaskWhyTest, ItHasEnded) {
    TestNode one = node({.name = "one"});
    connection_.exec("update handler set max_attempts = 1");
    const std::int64_t done = enqueue();
    const std::int64_t dead = enqueue();
    const std::vector<ClaimedTask> claimed = one.claim(2);
    one.complete(claimed[0].token);
    one.fail(claimed[1].token, "no such order");
    EXPECT_EQ(why(done).state, "done");
    expect_told(done, "done it is done since ");
    expect_told(done, ", at one");
    EXPECT_EQ(why(done).fix, "");
    expect_told(dead, "after 1 attempts; the last error, at one: no such order");
    EXPECT_EQ(why(dead).fix, "baton tasks retry " + std::to_string(dead));
    EXPECT_TRUE(connection_.exec("select from why(999)").empty());
    connection_.exec("delete from task_end where task = " + std::to_string(done) +
                     "; delete from task_claim");
    EXPECT_EQ(why(done).reason, "nowhere");
    connection_.exec("truncate task_ready, task_due, task_claim, task_end, task");
}

TEST_F(TaskWhyTest, ItWasCancelledOrItsHandlerIsPaused) {
    TestNode one = node({.name = "one"});
    const std::int64_t task = enqueue();
    connection_.exec("select pause_handler('send', 'the bank is down')");
    expect_told(task, "paused handler send is paused since ");
    expect_told(task, ": the bank is down");
    EXPECT_EQ(why(task).fix, "baton handlers resume send");
    EXPECT_TRUE(one.claim().empty());
    connection_.exec("select resume_handler('send')");
    EXPECT_EQ(why(task).reason, "next");
    connection_.exec("select cancel(" + std::to_string(task) + ", 'ordered twice')");
    expect_told(task, "cancelled it was cancelled by ");
    expect_told(task, ": ordered twice, at ");
    EXPECT_EQ(why(task).fix, "baton tasks retry " + std::to_string(task));
    connection_.exec("select retry_task(" + std::to_string(task) + ")");
    EXPECT_EQ(why(task).reason, "next");
    EXPECT_EQ(one.claim()[0].task, task);
}

TEST_F(TaskWhyTest, ItFollowsAnotherOfItsKeyOrWasReplaced) {
    TestNode one = node({.name = "one"});
    maintain();
    const std::string keyed = "'send', unique_key => 'k', on_conflict => 'replace'";
    const std::int64_t replaced = enqueue(keyed);
    const std::int64_t first = enqueue(keyed);
    EXPECT_EQ(told(replaced).find("replaced it is replaced since "), 0U);
    const ClaimedTask claimed = one.claim()[0];
    ASSERT_EQ(claimed.task, first);
    const std::int64_t task = enqueue(keyed);
    EXPECT_EQ(told(task), "following task " + std::to_string(first) +
                              " has the same unique key, and has to end before; it is claimed");
    EXPECT_EQ(why(task).fix, "baton tasks why " + std::to_string(first));
    EXPECT_EQ(text("select task from list_tasks('following') where state = 'following'"),
              std::to_string(task));
    EXPECT_TRUE(connection_.exec("select from list_tasks('due')").empty());
    one.complete(claimed.token);
    EXPECT_EQ(why(task).reason, "overdue");
    maintain();
    EXPECT_EQ(why(task).reason, "next");
    EXPECT_EQ(one.claim()[0].task, task);
}

// A fleet of nodes that come, go silent, fail and hand back; after each round, what why() says of
// each task is what the nodes find.
class TaskWhyModelTest : public TaskWhyTest {
protected:
    int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

    void add_node() {
        const std::string version = std::to_string(1 + below(2));
        const std::string offer = R"([{"name": ")" + std::string(below(2) == 0 ? "send" : "print") +
                                  R"(", "version": )" + version + R"(, "build": "b)" + version +
                                  R"("}])";
        nodes_.emplace_back(
            url_, NodeOffer{.name = "node" + std::to_string(nodes_.size()),
                            .handlers = offer,
                            .labels = std::vector<std::string>{"{}", "{a}", "{a,b}"}[below(3)]});
        held_.emplace_back();
    }

    void enqueue_one() {
        const std::vector<std::string> more{
            "",
            ", labels => array['a']",
            ", labels => array['b', 'a']",
            ", priority => 3",
            ", priority => -2",
            ", run_at => clock_timestamp() + interval '1 hour'",
            ", unique_key => 'k', on_conflict => 'replace'",
            ", lane => 'l'",
            ", lane => 'm', priority => 3",
            ", when_failed => 'run', after => " +
                (tasks_.empty() ? "null" : std::to_string(tasks_.back()))};
        tasks_.push_back(enqueue((below(2) == 0 ? "'send'" : "'print'") + more[below(10)]));
    }

    // One thing that a node does, or that happens to it.
    void act(std::size_t which) {
        TestNode& one = nodes_[which];
        std::vector<ClaimedTask>& held = held_[which];
        const int what = below(12);
        if (what == 0) {
            one.deregister();
            held.clear();
        } else if (what == 1) {
            silence("node" + std::to_string(which), "1 hour");
        } else if (held.empty()) {
            for (const std::string handler : {"send", "print"}) {
                for (ClaimedTask& task : one.claim(1 + below(4), handler)) held.push_back(task);
            }
        } else {
            const ClaimedTask task = held.back();
            held.pop_back();
            if (why(task.task).state != "claimed") return;  // it was cancelled
            if (what < 5) one.complete(task.token);
            if (what == 5) one.start(task.token);
            if (what == 6) one.release(task.token);
            if (what > 6) one.fail(task.token, "it broke", what > 9 ? "0" : "1 hour");
        }
    }

    bool is_live(std::size_t which) {
        return number("select count(*) from nodes() where state = 'live' and name = 'node" +
                      std::to_string(which) + "'") == 1;
    }

    // What live nodes would get, if each claimed all that it could; lanes are looked at when
    // nothing else is there.
    std::set<std::int64_t> claimable() {
        std::set<std::int64_t> found;
        for (std::size_t which = 0; which < nodes_.size(); ++which) {
            if (!is_live(which)) continue;
            for (const char* const handler : {"send", "print"}) {
                sql::Transaction undone(nodes_[which].connection());
                for (std::size_t before = 1; before != 0;) {
                    before = 0;
                    for (const sql::Row& row : undone.exec("select task from claim($1, $2, 1000)",
                                                           {nodes_[which].session, handler})) {
                        found.insert(row.integer(0));
                        ++before;
                    }
                }
            }
        }
        return found;
    }

    void expect_true() {
        const std::set<std::int64_t> found = claimable();
        for (const std::int64_t task : tasks_) {
            const Why said = why(task);
            // Whether a claim looks at lanes depends on what else there is.
            if (said.found.find("nobody has looked yet") != std::string::npos) continue;
            const bool waits = said.reason == "next" || said.reason == "queued";
            EXPECT_EQ(waits, found.contains(task)) << task << ": " << said.reason << said.found;
            EXPECT_NE(said.reason, "nowhere") << task;
            EXPECT_EQ(said.fix.empty(), said.state == "done" || said.state == "replaced")
                << task << said.reason;
        }
    }

    // What why() says puts it right: every version, every label, passes of maintain(), and the end
    // of what goes before. Then all of it is done.
    void finish() {
        connection_.exec("update node set alive_at = alive_at - interval '1 hour'");
        connection_.exec("update task_due set due_at = clock_timestamp()");
        connection_.exec("select resume_handler('print')");
        for (int pass = 0; pass < 3; ++pass) maintain();
        for (const std::string version : {"1", "2"}) {
            nodes_.emplace_back(
                url_, NodeOffer{.name = "node" + std::to_string(nodes_.size()),
                                .handlers = R"([{"name": "send", "version": )" + version +
                                            R"(, "build": "b)" + version +
                                            R"("}, {"name": "print", "version": )" + version +
                                            R"(, "build": "b)" + version + R"("}])",
                                .labels = "{a,b}"});
            held_.emplace_back();
        }
        std::int64_t waiting = 1;
        for (int pass = 0; waiting > 0; ++pass) {
            for (std::size_t which = 0; which < nodes_.size(); ++which) {
                if (!is_live(which)) continue;
                for (const std::string handler : {"send", "print"}) {
                    for (const ClaimedTask& task : nodes_[which].claim(1000, handler)) {
                        nodes_[which].complete_many({task.token});
                    }
                }
            }
            connection_.exec("select redrive('send'), redrive('print')");
            maintain();
            const std::string rest =
                "from task t cross join lateral why(t.id) as w "
                "where w.state not in ('done', 'cancelled', 'replaced')";
            waiting = number("select count(*) " + rest);
            ASSERT_LT(pass, 100) << text("select string_agg(w.found, '; ') " + rest);
        }
    }

    std::mt19937_64 random_{testing::seed()};
    std::deque<TestNode> nodes_;
    std::vector<std::vector<ClaimedTask>> held_;
    std::vector<std::int64_t> tasks_;
};

TEST_F(TaskWhyModelTest, SaysWhatTheNodesFind) {
    const TestNode registrar =
        node({.name = "registrar", .handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                         {"name": "print", "version": 1, "build": "b1"}])"});
    silence("registrar", "1 hour");
    connection_.exec("update handler set max_attempts = 3, retry_after = '0'");
    for (int round = 0; round < 25; ++round) {
        if (nodes_.empty() || below(6) == 0) add_node();
        for (int i = below(4); i > 0; --i) enqueue_one();
        for (std::size_t which = 0; which < nodes_.size(); ++which) {
            if (is_live(which) && below(2) == 0) act(which);
        }
        if (below(3) == 0) maintain();
        if (below(3) == 0 && !tasks_.empty()) {
            const std::string task = std::to_string(tasks_[random_() % tasks_.size()]);
            connection_.exec("select " + std::string(below(2) == 0 ? "cancel(" : "retry_task(") +
                             task + ")");
        }
        if (below(5) == 0) connection_.exec("select pause_handler('print')");
        if (below(4) == 0) connection_.exec("select resume_handler('print')");
        expect_true();
        // What nodes hold is as much as they may: then nobody has more, and that is why.
        const std::int64_t held =
            number("select count(*) from list_tasks('claimed') as l where l.handler = 'print'");
        if (held == 0 || below(3) > 0) continue;
        connection_.exec("select limit_running('print', " + std::to_string(held) + ")");
        expect_true();
        connection_.exec("select limit_running('print', null)");
    }
    finish();
}

}  // namespace
}  // namespace baton

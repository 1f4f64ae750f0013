// A node whose world breaks: connections, COMMITs without an answer, leases, machines.
#include <pqxx/dbtransaction>

#include "node_agent/running_agent.hpp"
#include "support/proxy.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class NodeFaultsTest : public NodeAgentFixture {
protected:
    NodeOptions through(const Proxy& proxy) const {
        NodeOptions made = options();
        made.url = proxy.url();
        return made;
    }
};

TEST_F(NodeFaultsTest, LostConnectionsLoseAndDoubleNothing) {
    constexpr int jobs = 3000;
    Proxy proxy(url_);
    enqueue(jobs);
    RunningAgent agent(through(proxy), handlers(write_down));
    for (int cut = 0; cut < 10; ++cut) {
        const std::int64_t before = number("select count(*) from task_end");
        ASSERT_TRUE(eventually(60s, [&] {
            const std::int64_t now = number("select count(*) from task_end");
            return now >= before + 100 || now == jobs;
        }));
        proxy.cut(cut % 3 == 0 ? "baton node" : cut % 3 == 1 ? "baton handler" : "");
    }
    ASSERT_TRUE(has_ended(jobs));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    expect_each_once(jobs);
    // A lost connection is not a lost session.
    EXPECT_EQ(number("select count(*) from node"), 1);
}

// The handler's own COMMIT, in both ways.
TEST_F(NodeFaultsTest, CommitOfAHandlerWithoutAnAnswer) {
    Proxy proxy(url_);
    for (const AtCommit action : {AtCommit::drop_reply, AtCommit::drop_request}) {
        connection_.exec("delete from public.job_done");
        std::atomic<int> calls{0};
        Gate gate;
        NodeOptions how = through(proxy);
        how.poll = 10min;  // the agent has no COMMIT of its own until the handler ends
        RunningAgent agent(how, handlers([&](const Job& job, TaskContext& task) {
                               if (++calls == 1) gate.pass();
                               return write_down(job, task);
                           }));
        enqueue(1);
        ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 1; }));
        ASSERT_TRUE(eventually(60s, [&] {
            return number(
                       "select count(*) from task_claim c cross join unnest(c.started) s where "
                       "not exists (select from task_end e where e.task = s)") == 1;
        }));
        const int dropped = proxy.commits_dropped();
        proxy.at_next_commit(action);
        gate.open();
        ASSERT_TRUE(eventually(60s, [&] { return proxy.commits_dropped() > dropped; }));
        ASSERT_TRUE(eventually(60s, [&] {
            return number("select count(*) from public.job_done") == 1 &&
                   number("select count(*) from task_ready") == 0;
        }));
        agent.stop();
        EXPECT_EQ(agent.error(), "");
        expect_each_once(1);
    }
    EXPECT_EQ(number("select count(*) from task_end"), 2);
    // The one that did not happen; a task whose COMMIT ends its session must not go on for ever.
    EXPECT_EQ(text("select string_agg(error, '; ') from task_failure"),
              "its COMMIT had no answer, and did not happen");
}

// The agent's own COMMIT: of completions that are said again, and of claims that it never heard of.
TEST_F(NodeFaultsTest, CommitsOfTheAgentWithoutAnAnswer) {
    constexpr int jobs = 4000;
    Proxy proxy(url_);
    enqueue(jobs);
    std::mutex mutex;
    std::multiset<std::int64_t> calls;
    RunningAgent agent(through(proxy), handlers([&](const Job& job, TaskContext&) {
                           const std::lock_guard lock(mutex);
                           calls.insert(job.number);
                           return done();
                       }));
    for (int i = 0; i < 12; ++i) {
        const int dropped = proxy.commits_dropped();
        proxy.at_next_commit(i % 2 == 0 ? AtCommit::drop_reply : AtCommit::drop_request);
        ASSERT_TRUE(eventually(60s, [&] {
            return proxy.commits_dropped() > dropped ||
                   number("select count(*) from task_end") == jobs;
        }));
    }
    proxy.at_next_commit(AtCommit::pass);
    // Nothing waits for a lease of half a minute.
    EXPECT_TRUE(eventually(20s, [&] { return number("select count(*) from task_end") == jobs; }));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    const std::lock_guard lock(mutex);
    EXPECT_EQ(calls.size(), static_cast<std::size_t>(jobs)) << "none was done twice";
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
}

// The claim has happened, and what it gave is nowhere but in the answer that was lost.
TEST_F(NodeFaultsTest, ClaimWhoseAnswerIsLostIsHandedBack) {
    Proxy proxy(url_);
    NodeOptions how = through(proxy);
    how.poll = 10min;  // asleep, it has no COMMIT
    RunningAgent agent(how, handlers(write_down));
    // It has said that it sleeps, and has looked once more after that.
    ASSERT_TRUE(eventually(60s, [&] {
        return number(
                   "select count(*) from node_asleep, pg_stat_activity a where a.datname = "
                   "current_database() and a.application_name = 'baton node' and "
                   "a.state = 'idle' and a.query not like '%await_tasks%'") == 1;
    }));
    proxy.at_next_commit(AtCommit::drop_reply);
    enqueue(3);
    ASSERT_TRUE(eventually(60s, [&] { return proxy.commits_dropped() == 1; }));
    EXPECT_EQ(number("select count(*) from task_claim"), 1) << "it was the claim's";
    EXPECT_TRUE(eventually(20s, [&] { return number("select count(*) from task_end") == 3; }))
        << "long before a lease is over";
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    expect_each_once(3);
}

TEST_F(NodeFaultsTest, NodeWhoseLeaseRanOutWritesNothingAndBeginsAnew) {
    enqueue(2);
    Gate gate;
    std::atomic<int> calls{0};
    RunningAgent agent(options(), handlers([&](const Job& job, TaskContext& task) {
                           if (++calls <= 2) gate.pass();
                           return write_down(job, task);
                       }));
    ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 2; }));
    connection_.exec("update node set alive_at = alive_at - interval '1 hour'");
    ASSERT_TRUE(eventually(60s, [&] {
        return number("select count(*) from node where ended_at is null") == 1;
    })) << "it registers anew, and maintain() hands its tasks back";
    gate.open();
    ASSERT_TRUE(has_ended(2));
    agent.stop();
    expect_each_once(2);
    EXPECT_EQ(number("select count(*) from node"), 2);
    EXPECT_EQ(number("select count(*) from task_end e join node n on n.id = e.node "
                     "where n.id = (select max(id) from node)"),
              2);
}

// It cannot know that the server believes it for longer than it does itself. So what waits is
// handed back, and is not kept by a node that lives and does nothing with it.
TEST_F(NodeFaultsTest, WhatWaitedWhileItsTrustHadLapsedIsDone) {
    Proxy proxy(url_);
    NodeOptions how = through(proxy);
    how.lease = 1s;
    std::atomic<int> stopped{0};
    std::atomic<int> lapsed{0};
    RunningAgent agent(how, handlers([&](const Job& job, TaskContext& task) {
                           if (job.number > 2 || stopped > 1) return done();
                           ++stopped;
                           if (eventually(20s, [&] { return task.cancelled(); })) ++lapsed;
                           return snooze(0ms);
                       }));
    connection_.exec(
        "select enqueue('work', '{\"number\": 9, \"note\": \"quick\"}') from "
        "generate_series(1, 300)");
    ASSERT_TRUE(has_ended(300));
    enqueue(100);
    ASSERT_TRUE(eventually(20s, [&] { return stopped == 2; }));
    proxy.blackhole(true);
    connection_.exec("update node set alive_at = clock_timestamp() + interval '1 hour'");
    ASSERT_TRUE(eventually(20s, [&] { return lapsed == 2; }));
    proxy.blackhole(false);
    EXPECT_TRUE(has_ended(400));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    EXPECT_EQ(number("select count(*) from node"), 1) << "its session went on";
}

// It could not even begin.
TEST_F(NodeFaultsTest, HandlerThatGetsNoSessionIsNoFailure) {
    RunningAgent agent(options(), handlers(write_down));
    ASSERT_TRUE(eventually(60s, [&] {
        return number(
                   "select count(*) from pg_stat_activity where query like 'LISTEN%' and "
                   "datname = current_database()") == 1;
    }));
    sql::Connection elsewhere(Cluster::instance().url());
    const auto allow = [&](const std::string& whether) {
        elsewhere.exec("alter database " + database_.name() + " allow_connections " + whether);
    };
    allow("false");
    enqueue(3);
    EXPECT_TRUE(eventually(60s, [&] { return number("select count(*) from task_due") == 3; }));
    allow("true");
    ASSERT_TRUE(has_ended(3));
    expect_each_once(3);
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(number("select count(*) from task_end where attempts <> 1"), 0);
}

TEST_F(NodeFaultsTest, RevokedMachineStopsAndItsTasksGoToOthers) {
    enqueue(10);
    Gate gate;
    RunningAgent agent(options(), handlers([&](const Job& job, TaskContext& task) {
                           gate.pass();
                           return write_down(job, task);
                       }));
    ASSERT_TRUE(eventually(60s, [&] { return gate.came() == 2; }));
    connection_.exec("select revoke_machine(machine_id) from machine");
    gate.open();
    ASSERT_TRUE(eventually(60s, [&] { return agent.has_ended(); }));
    EXPECT_NE(agent.error().find("[BT032]"), std::string::npos) << agent.error();
    EXPECT_EQ(number("select count(*) from public.job_done"), 0);
    ASSERT_TRUE(eventually(60s, [&] {
        connection_.exec("select maintain()");
        return number(
                   "select (select count(*) from task_ready) + (select count(*) from task_due)") ==
               10;
    }));
}

TEST_F(NodeFaultsTest, ServerThatCrashesIsWaitedFor) {
    constexpr int jobs = 2000;
    enqueue(jobs);
    RunningAgent agent(options(), handlers(write_down));
    ASSERT_TRUE(eventually(60s, [&] { return number("select count(*) from task_end") > 100; }));
    Cluster::instance().server().stop(postgres::StopMode::immediate);
    Cluster::instance().server().start();
    sql::Connection later(url_, in_test_schema());
    const auto count = [&](const std::string& what) {
        return later.exec("select " + what).only().integer(0);
    };
    ASSERT_TRUE(eventually(60s, [&] { return count("count(*) from task_end") == jobs; }));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
    EXPECT_EQ(count("count(*) from public.job_done"), jobs);
    EXPECT_EQ(count("count(distinct number) from public.job_done"), jobs);
}

}  // namespace
}  // namespace baton::testing

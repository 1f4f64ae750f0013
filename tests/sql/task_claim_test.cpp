// A task is handed to one node at a time, only to one that can carry it out, and what it comes to
// is accepted once, from whoever holds it.

#include <gtest/gtest.h>

#include <future>
#include <set>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::Outcome;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskClaimTest : public testing::TaskFixture {};

TEST_F(TaskClaimTest, TaskGoesToOneNodeAndIsDoneOnce) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    const std::int64_t task = enqueue(R"('send', '{"order": 42}')");
    EXPECT_EQ(state_of(task), "waiting");

    const std::vector<ClaimedTask> claimed = one.claim();
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].task, task);
    EXPECT_EQ(claimed[0].payload, R"({"order": 42})");
    EXPECT_EQ(claimed[0].attempt, 1);
    EXPECT_EQ(claimed[0].delivery, 1);
    EXPECT_TRUE(other.claim().empty());
    EXPECT_EQ(state_of(task), "claimed");

    EXPECT_TRUE(one.complete(claimed[0].token, R"({"sent": true})"));
    EXPECT_FALSE(one.complete(claimed[0].token)) << "it is done already, by this same claim";
    EXPECT_EQ(state_of(task), "done");
    EXPECT_EQ(text("select result from task_state(" + std::to_string(task) + ")"),
              R"({"sent": true})");
}

TEST_F(TaskClaimTest, TaskThatIsRolledBackIsNone) {
    TestNode one = node();
    {
        sql::Transaction transaction(connection_);
        transaction.exec("select enqueue('send')");
    }
    EXPECT_TRUE(one.claim().empty());
}

TEST_F(TaskClaimTest, OrderIsThatOfPriorityThenOfEnqueueing) {
    TestNode one = node();
    const std::int64_t first = enqueue();
    const std::int64_t second = enqueue();
    const std::int64_t urgent = enqueue("'send', priority => 5");
    const std::int64_t idle = enqueue("'send', priority => -5");
    std::vector<std::int64_t> order;
    for (const ClaimedTask& task : one.claim(10)) order.push_back(task.task);
    EXPECT_EQ(order, (std::vector{urgent, first, second, idle}));
}

TEST_F(TaskClaimTest, OnlyWhoCanCarryItOutGetsIt) {
    TestNode sender = node({.name = "sender"});
    TestNode other_handler =
        node({.name = "h", .handlers = R"([{"name": "print", "version": 1, "build": "b1"}])"});
    TestNode other_version =
        node({.name = "v", .handlers = R"([{"name": "send", "version": 2, "build": "b2"}])"});
    TestNode none = node({.name = "n", .handlers = "[]"});
    TestNode labelled = node({.name = "l", .labels = "{gpu,eu}"});
    enqueue();
    const std::int64_t for_gpu = enqueue("'send', labels => array['gpu']");
    enqueue("'send', labels => array['GPU']");

    EXPECT_TRUE(other_handler.claim().empty());
    EXPECT_TRUE(other_version.claim().empty());
    EXPECT_TRUE(none.claim().empty());
    EXPECT_EQ(sender.claim(10).size(), 1U) << "the one that asks for no label";
    const std::vector<ClaimedTask> claimed = labelled.claim(10);
    ASSERT_EQ(claimed.size(), 1U) << "a label is the same where its bytes are";
    EXPECT_EQ(claimed[0].task, for_gpu);
}

// A build that changed under the same version is refused; in development it becomes the one that
// counts, and then the former one gets nothing more.
TEST_F(TaskClaimTest, OtherBuildGetsNothing) {
    TestNode one = node();
    enqueue();
    connection_.exec("update environment set kind = 'production'");
    const Outcome refused =
        outcome_of([&] { connection_.exec("select register_handler('send', 1, 'b2', '{}')"); });
    EXPECT_EQ(refused.sqlstate, "BT012") << refused.text;

    connection_.exec("update environment set kind = 'development'");
    TestNode changed =
        node({.name = "changed", .handlers = R"([{"name": "send", "version": 1, "build": "b2"}])"});
    EXPECT_TRUE(one.claim().empty());
    EXPECT_EQ(changed.claim().size(), 1U);
}

TEST_F(TaskClaimTest, UnknownHandlerIsRefusedWithWhatMayHaveBeenMeant) {
    TestNode one = node({.handlers = R"([{"name": "send_invoice", "version": 1, "build": "b1"}])"});
    const Outcome outcome = outcome_of([&] { enqueue("'send_invoise'"); });
    EXPECT_EQ(outcome.sqlstate, "BT037");
    EXPECT_NE(outcome.text.find("is it 'send_invoice'?"), std::string::npos) << outcome.text;
    EXPECT_EQ(number("select count(*) from task"), 0);
}

TEST_F(TaskClaimTest, MachineThatIsNotEnrolledGetsNoSession) {
    MachineCredentials stranger = testing::test_credentials();
    connection_.exec("update environment set kind = 'production'");
    stranger.machine_id = std::string(64, '8');
    const TestNode refused(url_, {}, stranger);
    EXPECT_EQ(refused.refused_code, "BT029") << refused.refused_message;
    EXPECT_EQ(refused.session, "");
    EXPECT_EQ(number("select count(*) from refusal where code = 'BT029'"), 1);
    EXPECT_EQ(number("select count(*) from node"), 0);
}

TEST_F(TaskClaimTest, RevokedMachineIsStoppedAtItsNextCallAndItsTasksGoBack) {
    TestNode one = node({.name = "one"});
    const std::int64_t task = enqueue();
    const std::vector<ClaimedTask> claimed = one.claim();
    ASSERT_EQ(claimed.size(), 1U);
    connection_.exec("select revoke_machine('" + testing::test_credentials().machine_id + "')");

    EXPECT_EQ(outcome_of([&] { one.complete(claimed[0].token); }).sqlstate, "BT032");
    EXPECT_EQ(outcome_of([&] { one.claim(); }).sqlstate, "BT032");
    EXPECT_EQ(outcome_of([&] { one.heartbeat(); }).sqlstate, "BT032");
    maintain();
    EXPECT_EQ(state_of(task), "waiting");
}

// Of many tokens at once the same is true as of each by itself: held_many() judges them.
TEST_F(TaskClaimTest, ManyTokensAreJudgedAsEachByItself) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    for (int i = 0; i < 20; ++i) enqueue();
    const std::vector<ClaimedTask> first = one.claim(8);
    const std::vector<ClaimedTask> second = one.claim(8);
    const std::vector<ClaimedTask> others = other.claim(4);
    ASSERT_EQ(others.size(), 4U);
    one.start(first[1].token);
    one.fail(first[1].token);
    one.start(first[2].token);
    one.fail(first[2].token, "it broke", "1 hour");
    one.release(second[1].token);
    one.complete(second[2].token);
    one.start(second[3].token);

    std::vector<std::string> tokens, wanted;
    const auto show = [&](const std::string& token, const std::string& outcome) {
        tokens.push_back(token);
        wanted.push_back(outcome);
    };
    show(others[0].token, "lost");
    show(first[0].token, "done");
    show(first[1].token, "lost");
    show(first[2].token, "lost");
    for (std::size_t i = 3; i < 8; ++i) show(first[i].token, "done");
    show(second[0].token, "done");
    show(second[1].token, "lost");
    show(second[2].token, "done already");
    for (std::size_t i = 3; i < 8; ++i) show(second[i].token, "done");
    show(second[0].token, "done");
    show(std::to_string(first[1].task) + second[0].token.substr(second[0].token.find('.')), "lost");
    show("none", "lost");
    EXPECT_EQ(one.complete_many(tokens), wanted);
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'done'"), 13);
    EXPECT_EQ(
        number("select attempts from task_end where task = " + std::to_string(second[3].task)), 1);
    EXPECT_EQ(state_of(first[1].task), "due");
    EXPECT_EQ(state_of(others[0].task), "claimed");
}

TEST_F(TaskClaimTest, MadeUpTokenOfATaskThatTheSameCallCompletesIsLost) {
    TestNode one = node();
    enqueue();
    const std::string token = one.claim().at(0).token;
    const std::string task = token.substr(0, token.find('.'));
    EXPECT_EQ(one.complete_many({task + ".99999", token, task + ".0", token}),
              (std::vector<std::string>{"lost", "done", "lost", "done"}));
    EXPECT_EQ(one.complete_many({token, task + ".99999"}),
              (std::vector<std::string>{"done already", "lost"}));
}

TEST_F(TaskClaimTest, SessionOfAnotherNodeOrOfNobodyIsRefused) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    const std::int64_t task = enqueue();
    const std::vector<ClaimedTask> claimed = one.claim();
    ASSERT_EQ(claimed.size(), 1U);

    EXPECT_EQ(outcome_of([&] { other.complete(claimed[0].token); }).sqlstate, "BT039");
    EXPECT_EQ(other.complete_many({claimed[0].token, "", "1.2.3", "99999999999999999999.1"}),
              (std::vector<std::string>{"lost", "lost", "lost", "lost"}));
    EXPECT_EQ(outcome_of([&] { other.fail(claimed[0].token); }).sqlstate, "BT039");
    EXPECT_EQ(other.release(claimed[0].token), 0);
    for (const std::string& session :
         {std::string(""), std::string("1"), "1." + std::string(64, '0'), one.session + "0",
          "9" + one.session}) {
        TestNode forged = node({.name = "forged"});
        forged.session = session;
        EXPECT_EQ(outcome_of([&] { forged.claim(); }).sqlstate, "BT038") << session;
    }
    EXPECT_EQ(state_of(task), "claimed");
}

TEST_F(TaskClaimTest, SilentNodeLosesItsTasksAndCanChangeNothingAnyMore) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    const std::int64_t task = enqueue();
    const std::vector<ClaimedTask> claimed = one.claim();
    ASSERT_EQ(claimed.size(), 1U);
    silence("one", "31 seconds");

    EXPECT_EQ(outcome_of([&] { one.complete(claimed[0].token); }).sqlstate, "BT038")
        << "also before somebody has noticed";
    EXPECT_EQ(outcome_of([&] { one.heartbeat(); }).sqlstate, "BT038");
    maintain();
    const std::vector<ClaimedTask> again = other.claim();
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].task, task);
    EXPECT_EQ(again[0].attempt, 1) << "no handler had started with it";
    EXPECT_EQ(again[0].delivery, 2);
    EXPECT_NE(again[0].token, claimed[0].token);
    EXPECT_TRUE(other.complete(again[0].token));
    EXPECT_EQ(number("select count(*) from task_end"), 1);
}

TEST_F(TaskClaimTest, NodeThatLeavesHandsEverythingBackUnburnt) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    for (int i = 0; i < 5; ++i) enqueue();
    const std::vector<ClaimedTask> claimed = one.claim(5);
    ASSERT_EQ(claimed.size(), 5U);
    one.start(claimed[0].token);
    one.complete(claimed[1].token);
    EXPECT_EQ(one.deregister(), 4);

    const std::vector<ClaimedTask> again = other.claim(10);
    ASSERT_EQ(again.size(), 4U);
    for (const ClaimedTask& task : again) {
        EXPECT_EQ(task.attempt, 1);
        EXPECT_EQ(task.delivery, 1);
    }
    EXPECT_EQ(outcome_of([&] { one.claim(); }).sqlstate, "BT038");
}

// Counted in rows that are read, which no clock disturbs.
TEST_F(TaskClaimTest, CallWithATokenReadsNoOtherClaim) {
    TestNode one = node();
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[1000]))");
    const auto read_so_far = [&] {
        return number(
            "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables "
            "where relid = 'task_claim'::regclass");
    };
    const auto rows_read_by = [&](const std::string& call) {
        const std::string statement = call_of(call, one, one.claim().at(0));
        connection_.exec("begin");
        const std::int64_t before = read_so_far();
        connection_.exec(statement);
        const std::int64_t read = read_so_far() - before;
        connection_.exec("commit");
        return read;
    };
    for (int i = 0; i < 400; ++i) one.claim();
    for (const std::string call :
         {"complete_many($1, array[$2])", "fail($1, $2, 'x')", "release_many($1, array[$2])",
          "start_many($1, array[$2])", "snooze($1, $2, '1 hour')"}) {
        EXPECT_GE(rows_read_by(call), 1) << call;
        EXPECT_LE(rows_read_by(call), 10) << call;
    }
}

TEST_F(TaskClaimTest, ThirtyTwoClaimersGetEachTaskOnce) {
    constexpr int claimer_count = 32;
    constexpr int task_count = 4000;
    TestNode registrar = node();
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[" +
                     std::to_string(task_count) + "]))");
    std::vector<std::future<std::vector<std::int64_t>>> claimers;
    for (int i = 0; i < claimer_count; ++i) {
        claimers.push_back(std::async(std::launch::async, [&, i] {
            TestNode claimer(url_, {.name = "claimer" + std::to_string(i)});
            std::vector<std::int64_t> done;
            for (auto tasks = claimer.claim(7); !tasks.empty(); tasks = claimer.claim(7)) {
                std::vector<std::string> tokens;
                for (const ClaimedTask& task : tasks) {
                    tokens.push_back(task.token);
                    done.push_back(task.task);
                }
                for (const std::string& outcome : claimer.complete_many(tokens)) {
                    EXPECT_EQ(outcome, "done");
                }
            }
            return done;
        }));
    }
    std::set<std::int64_t> distinct;
    std::size_t total = 0;
    for (auto& claimer : claimers) {
        const std::vector<std::int64_t> done = claimer.get();
        total += done.size();
        distinct.insert(done.begin(), done.end());
    }
    EXPECT_EQ(total, static_cast<std::size_t>(task_count));
    EXPECT_EQ(distinct.size(), static_cast<std::size_t>(task_count));
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'done'"), task_count);
    EXPECT_EQ(number("select count(*) from task_ready"), 0);
    maintain();
    EXPECT_EQ(number("select count(*) from task_claim"), 0);
    EXPECT_EQ(number("select count(*) from pg_locks where locktype = 'advisory'"), 0);
}

}  // namespace
}  // namespace baton

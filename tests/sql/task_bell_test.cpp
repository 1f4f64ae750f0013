// await_tasks() and who is rung: nodes that sleep and can do the task, and only as many as there
// are tasks.
#include "baton/sql/listener.hpp"

#include <memory>
#include <set>

#include "sql/task_fixture.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class TaskBellTest : public TaskFixture {
protected:
    struct Sleeper {
        std::unique_ptr<TestNode> node;
        std::unique_ptr<sql::Listener> listener;

        [[nodiscard]] bool is_rung() const { return listener->wait(200ms); }
    };
    Sleeper asleep(const NodeOffer& offer = {}, const std::string& handlers = "{send}") {
        Sleeper sleeper{std::make_unique<TestNode>(url_, offer), nullptr};
        sleeper.listener =
            std::make_unique<sql::Listener>(url_, in_test_schema(), await(*sleeper.node, handlers));
        return sleeper;
    }
    std::string await(TestNode& node, const std::string& handlers) {
        sql::Transaction transaction(node.connection());
        const sql::Result said =
            transaction.exec("select await_tasks($1, $2::text[])", {node.session, handlers});
        transaction.commit();
        return std::string(said.only().text(0));
    }
    // Waits for so many; who is rung beside them is counted, too.
    static std::size_t count_rung(const std::vector<Sleeper>& sleepers, std::size_t awaited) {
        std::set<const Sleeper*> rung;
        const auto look = [&] {
            for (const Sleeper& sleeper : sleepers) {
                if (sleeper.listener->wait(0ms)) rung.insert(&sleeper);
            }
            return rung.size() >= awaited;
        };
        EXPECT_TRUE(eventually(20s, look));
        static_cast<void>(sleepers.front().listener->wait(50ms));
        look();
        return rung.size();
    }
};

TEST_F(TaskBellTest, WhoWaitedForARateIsRungOnceThatHasRoom) {
    TestNode one = node();
    connection_.exec("select limit_rate('send', 1, '1 hour')");
    enqueue();
    enqueue();
    ASSERT_EQ(one.claim(5).size(), 1U);
    const Sleeper sleeper = asleep({.name = "sleeper"});
    ASSERT_TRUE(sleeper.node->claim(5).empty());
    maintain();
    EXPECT_FALSE(sleeper.is_rung());
    connection_.exec("update handler_rate set began_at = began_at - interval '2 hours'");
    maintain();
    EXPECT_TRUE(sleeper.listener->wait(20s));
    EXPECT_EQ(sleeper.node->claim(5).size(), 1U);
}

// Who made it looked for sleepers before there was one, and committed after that one had looked.
TEST_F(TaskBellTest, WhatWasCommittedLateRingsInThePassAfterIt) {
    const Sleeper other = asleep({.name = "other"}, "{}");
    sql::Transaction late(connection_);
    late.exec("select enqueue('send')");
    const Sleeper sleeper = asleep({.name = "sleeper"});
    ASSERT_TRUE(sleeper.node->claim(1).empty());
    late.commit();
    EXPECT_FALSE(sleeper.is_rung());
    maintain();
    EXPECT_TRUE(sleeper.listener->wait(20s));
    EXPECT_EQ(sleeper.node->claim(5).size(), 1U);
    maintain();
    EXPECT_FALSE(sleeper.is_rung()) << "nothing waits any more";
    EXPECT_FALSE(other.is_rung());
}

TEST_F(TaskBellTest, WhatWaitsForARunToEndRingsInThePassAfterIt) {
    TestNode one = node();
    connection_.exec("select limit_running('send', 1)");
    enqueue();
    enqueue();
    const std::string token = one.claim(5).at(0).token;
    const Sleeper sleeper = asleep({.name = "sleeper"});
    ASSERT_TRUE(sleeper.node->claim(5).empty());
    maintain();
    EXPECT_FALSE(sleeper.is_rung());
    one.complete(token);
    maintain();
    EXPECT_TRUE(sleeper.listener->wait(20s));
    EXPECT_EQ(sleeper.node->claim(5).size(), 1U);
}

TEST_F(TaskBellTest, HandlerThatIsPausedRingsOnceItIsResumed) {
    const Sleeper sleeper = asleep();
    connection_.exec("select pause_handler('send', 'a test')");
    enqueue();
    EXPECT_TRUE(sleeper.is_rung()) << "by who made it, who does not look";
    ASSERT_TRUE(sleeper.node->claim(5).empty());
    maintain();
    EXPECT_FALSE(sleeper.is_rung());
    connection_.exec("select resume_handler('send')");
    EXPECT_TRUE(sleeper.listener->wait(20s));
}

// Whoever makes many rings some nodes; the others come a pass later, not each when it looks.
TEST_F(TaskBellTest, OfVeryManyTasksMoreNodesAreRungInTheNextPass) {
    std::vector<Sleeper> sleepers;
    for (int i = 0; i < 40; ++i) sleepers.push_back(asleep());
    connection_.exec("select enqueue_many('send', array_fill(jsonb '{}', array[1000]))");
    EXPECT_EQ(count_rung(sleepers, 16), 16U);
    maintain();
    EXPECT_GT(count_rung(sleepers, 17), 16U);
}

TEST_F(TaskBellTest, RingsOnlyWhoCanDoIt) {
    Sleeper plain = asleep();
    Sleeper labelled = asleep({.labels = "{gpu}"});
    Sleeper other =
        asleep({.handlers = R"([{"name": "other", "version": 1, "build": "b"}])"}, "{other}");
    Sleeper awake = asleep();
    await(*awake.node, "{}");
    Sleeper left = asleep();
    left.node->deregister();
    for (int i = 0; i < 10; ++i) enqueue("'send', labels => array['gpu']");
    EXPECT_TRUE(labelled.is_rung());
    EXPECT_FALSE(plain.is_rung());
    for (int i = 0; i < 10; ++i) enqueue();
    EXPECT_TRUE(plain.is_rung());
    EXPECT_FALSE(other.is_rung());
    EXPECT_FALSE(awake.is_rung());
    EXPECT_FALSE(left.is_rung());
}

TEST_F(TaskBellTest, RingsAsManyAsThereAreTasks) {
    std::vector<Sleeper> sleepers;
    for (int i = 0; i < 20; ++i) sleepers.push_back(asleep());
    enqueue();
    EXPECT_EQ(count_rung(sleepers, 1), 1U);
    connection_.exec("select enqueue_many('send', array_fill(jsonb '{}', array[5]))");
    EXPECT_EQ(count_rung(sleepers, 5), 5U);
    connection_.exec("select enqueue_many('send', array_fill(jsonb '{}', array[100]))");
    EXPECT_EQ(count_rung(sleepers, 16), 16U);
    // Not always at the same door.
    for (int i = 0; i < 40; ++i) enqueue();
    EXPECT_GT(count_rung(sleepers, 6), 5U);
}

TEST_F(TaskBellTest, WhatIsRolledBackRingsNobody) {
    Sleeper sleeper = asleep();
    {
        sql::Transaction transaction(connection_);
        transaction.exec("select enqueue('send')");
    }
    EXPECT_FALSE(sleeper.is_rung());
    enqueue();
    EXPECT_TRUE(sleeper.is_rung());
}

TEST_F(TaskBellTest, RingsForWhatComesBack) {
    TestNode worker = node();
    enqueue();
    const std::string token = worker.claim().at(0).token;
    Sleeper sleeper = asleep();
    worker.release(token);
    EXPECT_TRUE(sleeper.is_rung()) << "released";
    const std::string again = worker.claim().at(0).token;
    worker.fail(again);
    EXPECT_FALSE(sleeper.is_rung()) << "it waits for its time";
    maintain();
    EXPECT_TRUE(sleeper.is_rung()) << "its time has come";
}

TEST_F(TaskBellTest, IsSilentOnceNobodySleeps) {
    const auto bell = [&] {
        return connection_.exec("select pg_sequence_last_value('task_doorbell')")
            .only()
            .integer_or_null(0);
    };
    EXPECT_EQ(bell(), std::nullopt);
    Sleeper one = asleep();
    Sleeper two = asleep({.name = "two"});
    EXPECT_EQ(bell(), 1);
    await(*one.node, "{}");
    EXPECT_EQ(bell(), 1);
    silence("two", "1 hour");
    maintain();
    EXPECT_EQ(bell(), std::nullopt) << "who ended sleeps no more";
}

}  // namespace
}  // namespace baton::testing

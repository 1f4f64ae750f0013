// A fleet of nodes that differ, over very many tasks: each gets only what it registered for, in the
// version and with the labels that the task asks for, while versions are promoted and nodes come
// and go; what nobody may have stays where it is, unburnt. BATON_FLEET_TASKS says how many
// [100000].

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <memory>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::NodeOffer;
using testing::TestNode;

class TaskFleetTest : public testing::TaskFixture {
protected:
    TaskFleetTest() {
        connection_.exec(
            "create table public.fleet (name text primary key, handler text, version integer, "
            "labels text[])");
        connection_.exec("create table public.given (task bigint, version integer, node text)");
    }

    // A node by this name, with this process' session: the former one has ended, or is no more.
    void start(const std::string& name, const std::string& handler, int version,
               const std::string& labels = "{}") {
        connection_.exec("insert into public.fleet values ('" + name + "', '" + handler + "', " +
                         std::to_string(version) + ", '" + labels +
                         "') on conflict (name) do nothing");
        nodes_[name] = std::make_unique<TestNode>(
            url_, NodeOffer{.name = name,
                            .handlers = R"([{"name": ")" + handler + R"(", "version": )" +
                                        std::to_string(version) + R"(, "build": "b)" +
                                        std::to_string(version) + R"("}])",
                            .labels = labels,
                            .lease = "1 hour"});
        ASSERT_EQ(nodes_[name]->refused_message, "");
    }
    void start_all() {
        start("one", "send", 1);
        start("two", "send", 2);
        start("dev", "print", 1);
        start("gpu", "send", 1, "{gpu,fast}");
        start("none", "other", 1);
    }

    static void make(sql::Connection& session, const std::string& handler, std::int64_t count) {
        session.exec("select enqueue_many('" + handler + "', array_fill('{}'::jsonb, array[" +
                     std::to_string(count) + "]))");
    }

    // All that this node gets at once; it writes down what that was, and does it.
    std::size_t work(const std::string& name, bool hands_back = false) {
        TestNode& node = *nodes_.at(name);
        std::vector<std::string> tokens;
        // A node asks for what it pleases; it gets what it may have.
        for (const std::string handler : {"send", "print", "other"}) {
            for (const sql::Row& row : node.connection().exec(
                     "with got as materialized (select * from claim('" + node.session + "', '" +
                     handler +
                     "', 1000)), noted as (insert into public.given select task, version, '" +
                     name + "' from got) select token from got")) {
                tokens.emplace_back(row.text(0));
            }
        }
        if (hands_back) {
            EXPECT_EQ(node.deregister(), static_cast<std::int64_t>(tokens.size()));
        } else if (!tokens.empty()) {
            node.complete_many(tokens);
        }
        return tokens.size();
    }

    std::map<std::string, std::unique_ptr<TestNode>> nodes_;
};

TEST_F(TaskFleetTest, EachGetsWhatItMayHaveAndNothingElse) {
    const char* const asked = std::getenv("BATON_FLEET_TASKS");  // NOLINT(concurrency-mt-unsafe)
    const std::int64_t tasks = asked == nullptr ? 100'000 : std::atoll(asked);
    start_all();
    make(connection_, "send", tasks / 2);
    make(connection_, "print", tasks / 10);
    // Labels that look like those that a node has, and are not; nobody's; and what it has.
    const std::array<const char*, 8> labels{"{gpu}",        "{fast,gpu}", "{gpu,gpu}",  "{GPU}",
                                            "{g\xd1\x80u}", "{\"gpu \"}", "{gpu,slow}", "{tpu}"};
    for (const char* const some : labels) {
        connection_.exec("select enqueue('send', labels => '" + std::string(some) +
                         "') from generate_series(1, 100)");
    }
    std::int64_t round = 0;
    for (bool has_promoted = false; round < 100'000; ++round) {
        std::size_t got = 0;
        for (const char* const name : {"one", "two", "dev", "gpu", "none"}) {
            const bool leaves = round % 10 == 3;
            got += work(name, leaves);
            connection_.exec("select maintain()");
        }
        if (round % 10 == 3) start_all();
        if (!has_promoted && round >= tasks / 8000) {
            has_promoted = true;
            connection_.exec("select promote('send', 2)");
            make(connection_, "send", tasks - tasks / 2 - tasks / 10);
        } else if (got == 0) {
            break;
        }
    }
    EXPECT_EQ(number("select count(*) from public.given g join public.fleet f on f.name = g.node "
                     "join task t on t.id = g.task join requirement r on r.id = t.requirement "
                     "where (r.handler, r.version, g.version) <> (f.handler, f.version, f.version) "
                     "or not r.labels <@ f.labels"),
              0);
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'done' and attempts = 1"),
              tasks + 300);
    EXPECT_EQ(number("select count(*) from task_end where outcome <> 'done' or attempts <> 1"), 0);
    EXPECT_EQ(number("select count(*) from task_ready where attempts = 0 and deliveries = 0"), 500)
        << "nobody has their labels";
    EXPECT_EQ(number("select count(*) from task_failure"), 0);
    EXPECT_EQ(number("select count(*) from public.given where node = 'none'"), 0);
    EXPECT_GT(number("select count(distinct node) from public.given"), 3);
}

// However long ago it was claimed, and whoever else is silent.
TEST_F(TaskFleetTest, NodeThatLivesKeepsItsTaskForLongerThanAnyLease) {
    TestNode alive = node({.name = "alive"});
    TestNode silent = node({.name = "silent"});
    const std::int64_t task = enqueue();
    const ClaimedTask held = alive.claim().at(0);
    alive.start(held.token);
    enqueue();
    silent.claim();
    for (int lease = 0; lease < 10; ++lease) {
        connection_.exec("update task_claim set claimed_at = claimed_at - interval '30 s'");
        silence("alive", "29 seconds");
        silence("silent", "29 seconds");
        alive.heartbeat();
        maintain();
    }
    EXPECT_EQ(state_of(task), "claimed");
    EXPECT_EQ(number("select count(*) from task_claim"), 1) << "the other one's went back";
    EXPECT_TRUE(alive.complete(held.token));
}

// A claim takes rows, and no lock that would outlive it or be counted twice.
TEST_F(TaskFleetTest, CallsOfANodeTakeNoAdvisoryLock) {
    TestNode one = node();
    connection_.exec("select set_lanes('send', 2), limit_running('send', 5)");
    for (int i = 0; i < 3; ++i)
        enqueue("'send', lane => 'a', unique_key => 'k" + std::to_string(i) + "'");
    sql::Transaction transaction(one.connection());
    transaction.exec("select complete('" + one.session + "', c.token) from claim('" + one.session +
                     "', 'send', 2) as c");
    EXPECT_EQ(number("select count(*) from pg_locks where locktype = 'advisory' and database = "
                     "(select oid from pg_database where datname = current_database())"),
              0);
    transaction.commit();
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'done'"), 2);
}

}  // namespace
}  // namespace baton

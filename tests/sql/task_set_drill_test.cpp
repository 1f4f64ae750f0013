// The drill of task sets: twelve months, three nodes, promotions, rollbacks, deaths and events in a
// random order, and readers who look as fast as they can. What a reader sees is always one set's.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "sql/task_set_fixture.hpp"
#include "support/seed.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

constexpr int months = 12;

// BATON_DRILL_SETS says how many, for script/soak.
int wanted_sets() {
    const char* const said = std::getenv("BATON_DRILL_SETS");  // NOLINT(concurrency-mt-unsafe)
    return said != nullptr ? std::atoi(said) : 100;
}

class TaskSetDrillTest : public testing::TaskSetFixture {
protected:
    // Each row of a set has this as its total, so that a mixture shows: its version and position.
    static std::int64_t total_of(std::int64_t version, std::int64_t position) {
        return version * 1'000'000'000 + position;
    }

    void watch() {
        sql::Connection session(url_, testing::in_test_schema());
        std::int64_t newest = -1;
        while (!is_over_) {
            // The pause leaves the writers some of the processor.
            const sql::Result rows = session.exec(
                "select count(*), count(distinct total), coalesce(min(total), 0) from report,"
                " lateral (select pg_sleep(0.001) offset 0) as pause");
            ++looks_;
            const sql::Row row = rows.only();
            if (row.integer(0) == 0) continue;
            const std::int64_t total = row.integer(2);
            const std::int64_t position = total % 1'000'000'000;
            if (row.integer(1) != 1 || row.integer(0) != months) ++mixtures_;
            if (position < newest) ++older_;
            newest = position;
            const std::lock_guard lock(mutex_);
            seen_.insert(total);
        }
    }

    struct Member {
        TestNode* node;
        ClaimedTask task;
        std::string rows;
    };

    void claim(TestNode& node, std::size_t count) {
        for (ClaimedTask& task : node.claim(static_cast<int>(count), "compute")) {
            const sql::Result of =
                node.connection().exec("select member, input_position from member_of('" +
                                       node.session + "', '" + task.token + "')");
            const std::string rows =
                R"([{"month": ")" + std::string(of.only().text(0)) + R"(", "total": )" +
                std::to_string(total_of(task.version, of.only().integer(1))) + "}]";
            held_.push_back({&node, std::move(task), rows});
        }
    }
    void complete_one(std::size_t which) {
        if (held_.empty()) return;
        const Member member = held_[which % held_.size()];
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which % held_.size()));
        const std::string said = complete(*member.node, member.task, member.rows);
        // What was lost, or is over, is refused.
        EXPECT_TRUE(said == "t" || said.starts_with("BT039")) << said;
    }
    void kill(std::unique_ptr<TestNode>& node, const std::vector<int>& versions) {
        std::erase_if(held_, [&](const Member& member) { return member.node == node.get(); });
        connection_.exec("update node set alive_at = alive_at - interval '1 hour' where id = " +
                         node->session.substr(0, node->session.find('.')));
        node = std::make_unique<TestNode>(url_, offer(versions));
    }

    using Nodes = std::array<std::unique_ptr<TestNode>, 3>;
    void take_step(std::mt19937_64& random, Nodes& nodes, sql::LogFollower& follower) {
        const auto below = [&](std::size_t bound) {
            return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
        };
        const std::size_t chance = below(100);
        if (chance < 2) {
            sql::outcome_of([&] {
                connection_.exec("select promote('compute', " + std::to_string(1 + below(2)) +
                                 ", nodes => 0)");
            });
        } else if (chance < 10) {
            connection_.exec(
                "select dispatch('order/placed', '{}'), touch_task_set('compute', '2014')");
            if (below(2) == 0) follower.drain();
        } else if (chance < 12) {
            kill(nodes[below(nodes.size())], below(2) == 0 ? both_ : std::vector<int>{1});
        } else if (chance < 22) {
            maintain();
        } else if (chance < 45) {
            claim(*nodes[below(nodes.size())], 1 + below(6));
        } else {
            complete_one(below(100));
        }
    }

    const std::vector<int> both_{1, 2};
    std::atomic<bool> is_over_{false};
    std::atomic<int> looks_{0};
    std::atomic<int> mixtures_{0};
    std::atomic<int> older_{0};
    std::mutex mutex_;
    std::set<std::int64_t> seen_;
    std::vector<Member> held_;
};

TEST_F(TaskSetDrillTest, NoReaderSeesAMixtureOrAnOlderPosition) {
    std::mt19937_64 random(testing::seed());
    Nodes nodes;
    for (auto& node : nodes) node = std::make_unique<TestNode>(url_, offer(both_));
    sql::LogFollower follower(url_);
    std::string members;
    for (int month = 0; month < months; ++month) {
        members += (members.empty() ? "{" : ", ") + ("\"m" + std::to_string(month)) + "\": 1";
    }
    members += "}";
    connection_.exec("select dispatch('order/placed', '{}')");
    follower.drain();
    open("2014", members, ", on_promotion => 'restart'");

    std::array<std::thread, 4> readers;
    for (std::thread& reader : readers) reader = std::thread([this] { watch(); });
    // Each set is an interleaving of its own.
    const int sets = wanted_sets();
    for (int step = 0; step < 200 * sets && (step % 50 != 0 || newest() < sets); ++step) {
        take_step(random, nodes, follower);
    }
    EXPECT_GE(newest(), sets);
    is_over_ = true;
    for (std::thread& reader : readers) reader.join();

    follower.drain();
    EXPECT_EQ(mixtures_, 0);
    EXPECT_EQ(older_, 0);
    const sql::Result published = connection_.exec(
        "select id, version, input_position, position from task_sets(limit_count => 10000) "
        "where position is not null order by id");
    std::cout << published.size() << " sets were published, " << seen_.size() << " of them seen in "
              << looks_ << " looks\n";
    EXPECT_GT(published.size(), 10U);
    // What was seen is what time travel says of some position.
    std::set<std::int64_t> told;
    for (const sql::Row& row : published) {
        const std::int64_t total = total_of(row.integer(1), row.integer(2));
        told.insert(total);
        EXPECT_EQ(text("select concat(count(*), ' ', min(r ->> 'total'), ' ', max(r ->> 'total')) "
                       "from view_rows_at('report', " +
                       std::string(row.text(3)) + ") as r"),
                  "12 " + std::to_string(total) + " " + std::to_string(total));
    }
    for (const std::int64_t total : seen_) EXPECT_TRUE(told.contains(total)) << total;
}

}  // namespace
}  // namespace baton

// A node that is paused gets nothing more, says so wherever one looks, and goes on when it is told.

#include <gtest/gtest.h>

#include "baton/sql/listener.hpp"
#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using namespace std::chrono_literals;
using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class NodePauseTest : public testing::TaskFixture {
protected:
    std::string why(std::int64_t task) {
        return std::regex_replace(text("select concat(reason, ': ', found, '; ', fix) from why(" +
                                       std::to_string(task) + ")"),
                                  std::regex("since [^,]+,"), "since N,");
    }
    std::string refused(const std::string& query) {
        return outcome_of([&] { connection_.exec(query); }).text;
    }
};

TEST_F(NodePauseTest, GetsNothingMoreAndKeepsWhatItHas) {
    TestNode one = node({.name = "one"});
    enqueue();
    const std::int64_t task = enqueue();
    const ClaimedTask held = one.claim().at(0);
    EXPECT_EQ(number("select pause_node('one', 'its disk is full')"), 1);
    EXPECT_EQ(number("select pause_node('one')"), 0) << "it is paused already";
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_TRUE(one.complete(held.token));
    EXPECT_EQ(why(task),
              "node_paused: node one is paused since N, by baton: its disk is full; resume it with "
              "\"baton nodes resume\", or start a node that carries send@1");
    EXPECT_EQ(number("select count(*) from waiting_in_vain() where lack = 'node_paused'"), 1);
    EXPECT_EQ(text("select state from nodes()"), "paused");

    TestNode other = node({.name = "other"});
    EXPECT_EQ(text("select reason from why(" + std::to_string(task) + ")"), "next");
    EXPECT_EQ(number("select count(*) from waiting_in_vain()"), 0);
    EXPECT_EQ(other.claim(10).size(), 1U);
}

TEST_F(NodePauseTest, IsNotRungMeanwhileAndIsWhenItGoesOn) {
    TestNode one = node({.name = "one"});
    sql::Listener bell(url_, testing::in_test_schema(),
                       text("select await_tasks('" + one.session + "', '{send}')"));
    connection_.exec("select pause_node('one')");
    enqueue();
    EXPECT_FALSE(bell.wait(300ms));
    EXPECT_EQ(number("select resume_node('one')"), 1);
    EXPECT_TRUE(bell.wait(30s));
    EXPECT_EQ(number("select resume_node('one')"), 0);
    EXPECT_EQ(one.claim(10).size(), 1U);
}

TEST_F(NodePauseTest, WhoIsNotThereIsOneLine) {
    EXPECT_EQ(refused("select pause_node('nobody')"),
              "there is no live node nobody; there is none at all");
    TestNode one = node({.name = "one"});
    EXPECT_EQ(refused("select resume_node('nobody')"),
              "there is no live node nobody; there are one");
    EXPECT_EQ(refused("select pause_node(null)"), "there is no live node null; there are one");
    silence("one", "1 hour");
    EXPECT_EQ(refused("select pause_node('one')"),
              "there is no live node one; there is none at all");
}

}  // namespace
}  // namespace baton

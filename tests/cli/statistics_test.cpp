// baton stats, baton queues: what was counted, for people and as JSON.
#include <gtest/gtest.h>

#include "sql/log_follower.hpp"
#include "sql/task_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class StatisticsCliTest : public TaskFixture {
protected:
    // Eight are done, two failed and wait again.
    void live() {
        TestNode one = node();
        for (int i = 0; i < 10; ++i) enqueue("'send', tenant => 'acme'");
        for (const ClaimedTask& task : one.claim(10)) {
            if (task.task > 8) {
                one.fail(task.token, "it broke", "1 hour");
            } else {
                one.complete(task.token);
            }
        }
        sql::LogFollower follower(url_);
        connection_.exec("select dispatch('order/placed') from generate_series(1, 4)");
        follower.drain();
        for (int i = 0; i < 2; ++i) maintain();
    }

    Tool tool_{database_};
};

TEST_F(StatisticsCliTest, SaysWhatHappenedByWhatIsAskedFor) {
    EXPECT_EQ(tool_.run({"stats"}).out.find("nothing was counted since "), 0U);
    live();
    const Ran tasks = tool_.run({"stats"});
    expect_has(tasks.out, {"tasks\n", "  handler ", "  send@1 ", "20.00%", " ms"});
    EXPECT_EQ(tasks.code, 0) << tasks.err;
    expect_has(tool_.run({"stats", "--by", "tenant", "--every", "1 hour"}).out,
               {"events\n", "(none)", "tasks\n", "acme"});
    expect_has(tool_.run({"stats", "--by", "event", "--json", "--since", "2 days"}).out,
               {R"("name": "order/placed")", R"("made": 4)"});
    EXPECT_EQ(tool_.run({"stats", "--by", "handler", "--of", "other", "--json"}).out, "[]\n");
    expect_refused(tool_.run({"stats", "--since", "soonish"}),
                   "--since: soonish is no time; say \"2026-11-22 13:00\", or \"15 min\" for "
                   "ago [BT027]",
                   2);
    EXPECT_NE(tool_.run({"stats", "--every", "1 s"}).err.find("[BT042]"), std::string::npos);
    EXPECT_NE(tool_.run({"stats", "--by", "colour"}).code, 0);
}

TEST_F(StatisticsCliTest, QueuesHaveWhatWaitsAndHowItGoes) {
    EXPECT_EQ(tool_.run({"queues"}).out,
              "there is no handler; a node registers those that it carries\n");
    live();
    enqueue();
    const Ran queues = tool_.run({"queues"});
    EXPECT_EQ(queues.out.find("queue  waiting  oldest"), 0U) << queues.out << queues.err;
    expect_has(queues.out, {"\nsend         1 ", "\nsince ", "  done/s  errors  ", " 20.00% "});
    expect_has(tool_.run({"queues", "--json"}).out,
               {R"("name": "send")", R"("done": 8)", R"("due": 2)", R"("waiting": 1)"});
}

}  // namespace
}  // namespace baton::testing

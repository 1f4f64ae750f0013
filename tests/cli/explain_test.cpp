// baton explain: the events that made a row what it is, and no others, in their order.
#include <gtest/gtest.h>

#include <csignal>
#include <random>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "support/seed.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class ExplainCliTest : public ::testing::Test {
protected:
    ExplainCliTest() {
        tool_.set("XDG_CONFIG_HOME", (tool_.folder() / "config").string());
        EXPECT_EQ(tool_.run({"environment", "upgrade"}).code, 0);
        const std::string file = tool_.write("sales.sql", category_sales());
        leader_ = std::make_unique<ChildProcess>(
            tool_.options({"orchestrate", "--reducer", file, "--poll-ms", "200"}));
    }

    void place(const std::string& category, const std::string& amount,
               const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments{"dispatch", "order/placed", order(category, amount),
                                           "--wait"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Ran ran = tool_.run(arguments);
        EXPECT_EQ(ran.code, 0) << ran.err << leader_->error_output();
    }
    Ran explain(const std::vector<std::string>& more) {
        std::vector<std::string> arguments{"explain", "category_sales"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return tool_.run(arguments);
    }

    const TestDatabase database_{environment_template()};
    Tool tool_{database_};
    std::unique_ptr<ChildProcess> leader_;
};

TEST_F(ExplainCliTest, TellsTheEventsOfARowAndWhatEachChanged) {
    place("Chairs", "1.50", {"--key", "o-1", "--meta", R"({"user": "alice"})"});
    place("Phones", "20");
    place("Chairs", "2.25");
    const Ran chairs = explain({"Chairs"});
    EXPECT_EQ(chairs.code, 0) << chairs.err;
    expect_has(chairs.out,
               {"position 1  ", "  order/placed  o-1\n  category_sales@1, batch 1-1 by ",
                R"(, meta {"user": "alice"})", "\n  category  \"Chairs\"\n  lines  1\n",
                "  amount  1.50\nposition 3  ", "  lines  1 -> 2\n  amount  1.50 -> 3.75\n",
                "category_sales@1 at position 3: the row is what it is, by 2 events\n"});
    EXPECT_EQ(chairs.out.find("position 2 "), std::string::npos) << chairs.out;
    expect_has(explain({"Chairs", "--from", "2"}).out,
               {"before position 2\n  category  \"Chairs\"\n", "by 1 event\n"});
    EXPECT_EQ(explain({"Tables"}).out,
              "category_sales@1 at position 3: there is no such row, and no event touched it\n");
    expect_has(
        explain({"Phones", "--json", "--at", "2"}).out,
        {R"([{"position" : 2, "view" : "category_sales", "version" : 1, "change" : "added")",
         R"("before" : null, "after" : {"category":"Phones","lines":1)", R"("transaction" : ")",
         R"("batch" : {"first_position" : 2, "count" : 1)", R"("event" : {"position":2,)"});
    EXPECT_EQ(explain({"Tables", "--json"}).out, "[]\n");
    expect_refused(explain({"Chairs", "West"}),
                   "the key of category_sales is (category): give 1 value [BT027]", 2);
    expect_refused(explain({"Chairs", "--at", "9"}),
                   "the log ends at position 3, there is no 9 yet [BT008]");
    EXPECT_EQ(tool_.run({"explain", "category_salse", "x"}).err,
              "baton: there is no view category_salse; did you mean category_sales? [BT023]\n");
}

// However the row's events lie in the pages, it is told each of them, and nothing else.
TEST_F(ExplainCliTest, TellsEachEventOfTheRowWhereverItLies) {
    std::mt19937_64 random(seed());
    sql::Connection session(database_.url(), in_test_schema());
    std::string wanted;
    session.exec("begin");
    for (int i = 1; i <= 700; ++i) {
        // Runs of it, and long gaps.
        const bool is_it = (i / 90) % 2 == 0 ? random() % 40 == 0 : random() % 3 == 0;
        if (is_it) wanted += std::to_string(i) + " ";
        session.exec("select dispatch('order/placed', payload => '" +
                     order(is_it ? "It" : "C" + std::to_string(random() % 9)) + "')");
    }
    session.exec("commit");
    place("Last", "1");
    const std::string json = explain({"It", "--json"}).out;
    EXPECT_EQ(session
                  .exec("select coalesce(string_agg(e ->> 'position', ' ' order by o), '') || ' ' "
                        "from json_array_elements('" +
                        json + "'::json) with ordinality as t (e, o)")
                  .only()
                  .text(0),
              wanted);
    EXPECT_EQ(
        session
            .exec("select ((select e -> 'after' ->> 'amount' from json_array_elements('" + json +
                  "'::json) with ordinality as t (e, o) order by o desc limit 1) = "
                  "(select amount::text from category_sales where category = 'It'))::text")
            .only()
            .text(0),
        "true");
}

}  // namespace
}  // namespace baton::testing

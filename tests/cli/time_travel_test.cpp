// baton view --at, diff and replay: the log folded anew, for people and for machines.
#include <gtest/gtest.h>

#include <csignal>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class TimeTravelCliTest : public ::testing::Test {
protected:
    TimeTravelCliTest() {
        tool_.set("XDG_CONFIG_HOME", (tool_.folder() / "config").string());
        EXPECT_EQ(tool_.run({"environment", "upgrade"}).code, 0);
        file_ = tool_.write("sales.sql", category_sales());
        leader_ = std::make_unique<ChildProcess>(
            tool_.options({"orchestrate", "--reducer", file_, "--poll-ms", "200"}));
        place("Chairs", "1.50");
        place("Phones", "20");
        place("Chairs", "2.25");
    }

    void place(const std::string& category, const std::string& amount) {
        const Ran ran = tool_.run({"dispatch", "order/placed", order(category, amount), "--wait"});
        EXPECT_EQ(ran.code, 0) << ran.err << leader_->error_output();
    }

    // The reducer's file with another version, and twice the amounts; with `more` after the first
    // column.
    std::string candidate(int version) {
        std::string text = category_sales();
        const auto replace = [&](const std::string& what, const std::string& by) {
            for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;
                 at += by.size()) {
                text.replace(at, what.size(), by);
            }
        };
        replace("version 1", "version " + std::to_string(version));
        replace("__v1", "__v" + std::to_string(version));
        replace("sum((", "sum(2 * (");
        return tool_.write("candidate.sql", text);
    }

    const TestDatabase database_{environment_template()};
    Tool tool_{database_};
    std::string file_;
    std::unique_ptr<ChildProcess> leader_;
};

TEST_F(TimeTravelCliTest, AViewIsShownAsItWasAtAPosition) {
    EXPECT_EQ(tool_.run({"view", "category_sales", "--at", "2", "--csv"}).out,
              "category,lines,amount\nChairs,1,1.50\nPhones,1,20\n");
    EXPECT_EQ(tool_.run({"view", "category_sales", "--at", "3", "--csv"}).out,
              tool_.run({"view", "category_sales", "--csv"}).out);
    EXPECT_EQ(tool_.run({"view", "category_sales", "--at", "0", "--json"}).out, "[]\n");
    EXPECT_EQ(tool_.run({"view", "category_sales", "--at", "1", "--version", "1"}).code, 0);

    const Ran beyond = tool_.run({"view", "category_sales", "--at", "4"});
    EXPECT_EQ(beyond.code, 1);
    EXPECT_EQ(beyond.out, "");
    EXPECT_EQ(beyond.err, "baton: the log ends at position 3, there is no 4 yet [BT008]\n");
    EXPECT_EQ(tool_.run({"view", "category_salse", "--at", "1"}).err,
              "baton: there is no view category_salse; did you mean category_sales? [BT023]\n");
    EXPECT_EQ(tool_.run({"view", "category_sales", "--at", "1", "--version", "7"}).err,
              "baton: category_sales@7 is not known here [BT034]\n");
    EXPECT_EQ(tool_.run({"view", "category_sales", "--at", "-1"}).code, 2);
    EXPECT_EQ(tool_.run({"view", "category_sales", "--version", "1"}).code, 2);
}

TEST_F(TimeTravelCliTest, ADifferenceIsToldRowByRow) {
    EXPECT_EQ(
        tool_.run({"diff", "category_sales", "--from", "1", "--to", "3"}).out,
        "change   category  what\n"
        "changed  Chairs    amount 1.50 -> 3.75, lines 1 -> 2\n"
        "added    Phones    amount 20, lines 1\n"
        "category_sales from position 1 to 3: 2 rows differ (1 changed, 1 added, 0 removed)\n");
    EXPECT_EQ(tool_.run({"diff", "category_sales", "--from", "3", "--to", "3"}).out,
              "category_sales from position 3 to 3: no row differs\n");
    EXPECT_EQ(tool_.run({"diff", "category_sales", "--from", "2", "--to", "3", "--json"}).out,
              R"([{"change":"changed","key":{"category": "Chairs"},)"
              R"("former":{"lines": 1, "amount": 1.50},"new":{"lines": 2, "amount": 3.75}}])"
              "\n");
    const Ran reversed = tool_.run({"diff", "category_sales", "--from", "3", "--to", "1"});
    EXPECT_EQ(reversed.code, 2);
    EXPECT_EQ(reversed.err, "baton: --from 3 lies beyond --to 1 [BT027]\n");
}

TEST_F(TimeTravelCliTest, ABisectionNamesTheEventThatBrokeAFigure) {
    for (int i = 0; i < 12; ++i) place("Chairs", i == 7 ? "-500" : "3");
    const std::string check = "select coalesce(min(amount), 0) >= 0 from category_sales";
    const auto bisect = [&](std::vector<std::string> more) {
        std::vector<std::string> arguments{"bisect", "category_sales"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return tool_.run(arguments);
    };
    const Ran found = bisect({"--good", "0", "--bad", "15", "--check", check});
    EXPECT_EQ(found.code, 0) << found.err;
    EXPECT_EQ(found.out.substr(0, found.out.find(',')),
              "the check fails with the event at position 11 (category_sales@1)")
        << found.out;
    EXPECT_NE(found.out.find("\"position\":11,"), std::string::npos) << found.out;
    EXPECT_NE(found.out.find("Chairs    amount 24.75 -> -475.25, lines 9 -> 10"), std::string::npos)
        << found.out;
    const Ran json = bisect({"--good", "10", "--bad", "11", "--json", "--version", "1", "--check",
                             "(" + check + ") and exists (select from event) -- all"});
    EXPECT_EQ(json.out.substr(0, json.out.find(", \"event\"")),
              R"({"culprit" : "event", "view" : "category_sales", "position" : 11, "version" : 1,)"
              R"( "former" : null, "looks" : 2)")
        << json.out << json.err;

    EXPECT_EQ(bisect({"--good", "11", "--bad", "15", "--check", check}).err,
              "baton: --good: the check is false at position 11 already [BT027]\n");
    EXPECT_EQ(bisect({"--good", "1", "--bad", "10", "--check", check}).err,
              "baton: --bad: the check is true at position 10, too [BT027]\n");
    EXPECT_EQ(bisect({"--good", "5", "--bad", "5", "--check", check}).err,
              "baton: --good 5 is not before --bad 5 [BT027]\n");
    EXPECT_EQ(bisect({"--good", "1", "--bad", "99", "--check", check}).err,
              "baton: the log ends at position 15, there is no 99 yet [BT008]\n");
    EXPECT_EQ(bisect({"--good", "0", "--bad", "15", "--check", "null"}).err,
              "baton: --check: it is null at position 0; it is to be true or false [BT027]\n");
    const Ran wrong = bisect({"--good", "0", "--bad", "15", "--check",
                              "select amunt > 0 from"
                              " category_sales"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_EQ(wrong.err.substr(0, wrong.err.find(':', 10)), "baton: --check") << wrong.err;
    EXPECT_EQ(
        bisect({"--good", "0", "--bad", "15", "--check", "true); delete from event; --"}).code, 2);
    EXPECT_EQ(tool_.run({"view", "category_sales", "--csv"}).out,
              "category,lines,amount\nChairs,14,-463.25\nPhones,1,20\n");
}

// Version 2 counts twice, so a limit that holds of version 1 is passed by the switch itself.
TEST_F(TimeTravelCliTest, ABisectionNamesTheSwitchThatBrokeAFigure) {
    const std::string newer = candidate(2);
    ChildProcess builder(tool_.options({"orchestrate", "--reducer", newer, "--poll-ms", "200"}));
    ASSERT_TRUE(eventually(60s, [&] {
        return tool_.run({"promote", "category_sales", "2", "--when-ready"}).code == 0;
    })) << builder.error_output();
    place("Phones", "1");
    const Ran found = tool_.run({"bisect", "category_sales", "--good", "1", "--bad", "4", "--check",
                                 "select max(amount) < 40 from category_sales"});
    EXPECT_EQ(found.out.substr(0, found.out.find(',')),
              "the check fails with the switch from category_sales@1 to category_sales@2 at "
              "position 3")
        << found.out << found.err;
    const Ran later = tool_.run({"bisect", "category_sales", "--good", "1", "--bad", "4", "--check",
                                 "select max(amount) < 41 from category_sales", "--json"});
    EXPECT_NE(later.out.find(R"("culprit" : "event", "view" : "category_sales", "position" : 4, )"
                             R"("version" : 2)"),
              std::string::npos)
        << later.out << later.err;
}

TEST_F(TimeTravelCliTest, AReplayTellsWhatACandidateWouldChangeAndChangesNothing) {
    const std::string before = tool_.run({"view", "category_sales", "--csv"}).out;
    EXPECT_EQ(tool_.run({"replay", "--reducer", candidate(2), "--against", "live"}).out,
              "change   category  what\n"
              "changed  Chairs    amount 3.75 -> 7.50\n"
              "changed  Phones    amount 20 -> 40\n"
              "category_sales@2 against the live @1 at position 3: 2 rows differ (2 changed, 0 "
              "added, 0 removed)\n");
    EXPECT_EQ(tool_.run({"replay", "--reducer", file_}).out,
              "category_sales@1 against the live @1 at position 3: no row differs\n");
    // Edited before its version was raised.
    EXPECT_NE(tool_.run({"replay", "--reducer", candidate(1)}).out.find("2 rows differ"),
              std::string::npos);
    EXPECT_EQ(tool_.run({"view", "category_sales", "--csv"}).out, before);
    EXPECT_EQ(tool_.run({"versions", "--json"}).out.find("\"version\": 2"), std::string::npos);

    EXPECT_EQ(tool_.run({"replay", "--reducer", "category_sales"}).err,
              "baton: this program carries no reducer category_sales [BT027]\n");
    EXPECT_EQ(tool_.run({"replay", "--reducer", "none.sql"}).code, 1);
    EXPECT_EQ(tool_.run({"replay", "--reducer", candidate(2), "--against", "2"}).code, 2);
}

// The live file knows version 2 of what it reads; the candidate's declares nothing, so it knows 1.
TEST_F(TimeTravelCliTest, AReplayRefusesAVersionThatTheFileDoesNotKnow) {
    leader_->kill(SIGTERM);
    ASSERT_TRUE(leader_->wait(20s));
    std::string text = category_sales();
    text.insert(text.find('\n') + 1, "--! event order/placed version 2\n");
    leader_ = std::make_unique<ChildProcess>(tool_.options(
        {"orchestrate", "--reducer", tool_.write("newer.sql", text), "--poll-ms", "200"}));
    const Ran placed = tool_.run({"dispatch", "order/placed", order("Chairs"), "--schema-version",
                                  "2", "--wait", "--timeout", "20"});
    ASSERT_EQ(placed.code, 0) << placed.err << leader_->error_output();
    const Ran ran = tool_.run({"replay", "--reducer", candidate(2)});
    EXPECT_EQ(ran.code, 1) << ran.out;
    EXPECT_NE(ran.err.find("order/placed has schema version 2, category_sales@2 knows 1"),
              std::string::npos)
        << ran.out << ran.err;
}

}  // namespace
}  // namespace baton::testing

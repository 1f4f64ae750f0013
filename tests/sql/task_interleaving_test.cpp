// What nodes, those who make tasks, operators and maintain() do to the same tasks, in every order
// of their statements: each task stays at one place, one end of it counts, what was told and
// committed is so, and nothing is left behind or stands still.
//
// BATON_INTERLEAVINGS=all plays all pairs and triples of what can be done in each situation,
// BATON_INTERLEAVINGS=pairs the pairs.

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <set>

#include "sql/interleaving.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {
namespace {

using Deeds = std::vector<std::string>;

// The call of what can be done. {holder} has claimed what is held, {other} has nothing yet.
const std::map<std::string, std::string>& calls() {
    static const std::map<std::string, std::string> all{
        {"claim", "select task from claim('{other}', 'send', 10)"},
        {"start", "select start_many('{holder}', array['{token}'])"},
        {"complete", "select complete('{holder}', '{token}')"},
        {"complete_second", "select complete('{holder}', '{second}')"},
        {"complete_both",
         "select outcome from complete_many('{holder}', "
         "array['{token}', '{second}'])"},
        {"fail", "select fail('{holder}', '{token}', 'it broke', '0')"},
        {"give_up", "select fail('{holder}', '{token}', 'no use', dead => true)"},
        {"release", "select release_many('{holder}', array['{token}'])"},
        {"snooze", "select snooze('{holder}', '{token}', '0')"},
        {"extend", "select extend('{holder}', '{token}', '1 min')"},
        {"leave", "select deregister_node('{holder}')"},
        {"maintain", "select tasks_returned from maintain(at_once => true)"},
        {"cancel", "select cancel({task})"},
        {"cancel_next", "select cancel({next})"},
        {"cancel_key", "select cancel_key('send', '{key}')"},
        {"retry", "select retry_task({task})"},
        {"redrive", "select redrive('send')"},
        {"purge", "select purge('send')"},
        {"update", "select update_task({task}, '{\"n\": 2}', priority => 5)"},
        {"update_key", "select update_key('send', '{key}', '{\"n\": 2}', priority => 5)"},
        {"delay", "select update_task({task}, run_at => clock_timestamp() + interval '1 ms')"},
        {"skip", "select enqueue('send', unique_key => '{key}')"},
        {"replace", "select enqueue('send', unique_key => '{key}', on_conflict => 'replace')"},
        {"queue_up", "select enqueue('send', lane => '{key}')"},
        {"follow", "select enqueue('send', after => {task})"},
        {"widen", "select set_lanes('send', 2)"},
        {"promote", "select promote('send', 2)"},
        {"pause", "select pause_handler('send', 'for now')"},
    };
    return all;
}

// What there is before, and what can be done then.
struct Situation {
    std::string name;
    std::vector<std::string> tasks;  // arguments of enqueue()
    int claimed = 0;
    std::string then = {};
    Deeds deeds = {};
};

const std::vector<Situation>& situations() {
    static const std::vector<Situation> all{
        {.name = "held",
         .tasks = {"", ""},
         .claimed = 2,
         .deeds = {"claim", "start", "complete", "complete_second", "complete_both", "fail",
                   "give_up", "release", "snooze", "extend", "leave", "reap", "maintain", "cancel",
                   "retry", "promote", "follow"}},
        {.name = "waiting",
         .tasks = {"", ""},
         .deeds = {"claim", "cancel", "update", "delay", "purge", "promote", "pause", "maintain",
                   "retry", "follow"}},
        {.name = "due",
         .tasks = {", run_at => clock_timestamp() + interval '1 hour'",
                   ", expires_at => clock_timestamp() + interval '1 hour'"},
         .then = "update task_due set due_at = clock_timestamp() where task = {task}; "
                 "update task_expiry set expires_at = clock_timestamp()",
         .deeds = {"claim", "maintain", "cancel", "update", "delay", "retry", "purge", "promote",
                   "cancel_next"}},
        {.name = "key",
         .tasks = {", unique_key => '{key}'"},
         .deeds = {"claim", "skip", "replace", "cancel_key", "update_key", "purge", "maintain"}},
        {.name = "key held",
         .tasks = {", unique_key => '{key}'"},
         .claimed = 1,
         .deeds = {"complete", "give_up", "skip", "replace", "cancel_key", "update_key", "release",
                   "reap", "maintain", "redrive"}},
        {.name = "lane",
         .tasks = {", lane => '{key}'", ", lane => '{key}'", ", lane => '{key}'"},
         .claimed = 3,
         .deeds = {"claim", "complete", "fail", "give_up", "release", "snooze", "reap", "maintain",
                   "cancel", "cancel_next", "retry", "redrive", "queue_up", "widen", "purge"}},
        {.name = "after",
         .tasks = {"", ", after => {task}"},
         .claimed = 1,
         .deeds = {"complete", "fail", "give_up", "cancel", "cancel_next", "reap", "maintain",
                   "follow", "claim", "retry"}},
    };
    return all;
}

const Situation& situation(const std::string& name) {
    for (const Situation& one : situations()) {
        if (one.name == name) return one;
    }
    throw std::invalid_argument(name);
}

// The deeds that are played each time: those that meet at a row.
const std::vector<std::pair<std::string, Deeds>>& usual() {
    static const std::vector<std::pair<std::string, Deeds>> all{
        {"held", {"complete", "cancel"}},
        {"held", {"complete", "release"}},
        {"held", {"complete", "reap"}},
        {"held", {"complete_second", "fail"}},
        {"held", {"start", "reap"}},
        {"held", {"snooze", "cancel"}},
        {"waiting", {"claim", "cancel"}},
        {"waiting", {"claim", "promote"}},
        {"due", {"maintain", "cancel"}},
        {"key", {"skip", "skip"}},
        {"key", {"replace", "claim"}},
        {"key held", {"complete", "replace"}},
        {"key held", {"complete", "skip"}},
        {"lane", {"complete", "cancel_next"}},
        {"lane", {"complete", "queue_up"}},
        {"after", {"complete", "follow"}},
        {"after", {"complete", "cancel_next"}},
    };
    return all;
}

// "all", "pairs", or nothing.
std::string asked_for() {
    const char* const asked = std::getenv("BATON_INTERLEAVINGS");  // NOLINT(concurrency-mt-unsafe)
    return asked == nullptr ? "" : asked;
}

class TaskInterleavingTest : public TaskFixture {
protected:
    TaskInterleavingTest() {
        connection_.exec(
            "update handler set max_attempts = 1000, max_deliveries = 1000, retry_after = '0'");
    }

    // Every order of these, until one is not as it must be.
    std::size_t play(const Situation& now, const Deeds& deeds) {
        return interleaver_.play_all([&] { return begin(now, deeds); },
                                     [&](const Played& played) {
                                         std::string wrong = look_at(played);
                                         wrong += settle();
                                         if (!wrong.empty()) {
                                             found_ = now.name + ": " + wrong + described(played);
                                         }
                                         return wrong.empty();
                                     });
    }
    // What was wrong, in which order; empty: nothing.
    std::string found_;

private:
    std::string filled(std::string text) const {
        for (const auto& [mark, value] : values_) {
            for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) {
                text.replace(at, mark.size(), value);
            }
        }
        return text;
    }

    std::vector<Part> begin(const Situation& now, const Deeds& deeds) {
        ++round_;
        values_ = {{"{holder}", holder_.session},
                   {"{other}", other_.session},
                   {"{key}", "k" + std::to_string(round_)}};
        first_ = 0;
        std::int64_t next = 0;
        for (const std::string& arguments : now.tasks) {
            const std::int64_t task = enqueue(filled("'send'" + arguments));
            if (first_ == 0) {
                first_ = task;
                values_["{task}"] = std::to_string(task);
            } else if (next == 0) {
                next = task;
                values_["{next}"] = std::to_string(task);
            }
        }
        if (now.claimed > 0) {
            const std::vector<ClaimedTask> claimed = holder_.claim(now.claimed);
            EXPECT_FALSE(claimed.empty());
            values_["{token}"] = claimed.at(0).token;
            if (claimed.size() > 1) values_["{second}"] = claimed[1].token;
        }
        if (!now.then.empty()) connection_.exec(filled(now.then));
        std::vector<Part> parts;
        for (const std::string& deed : deeds) parts.push_back(part(deed));
        return parts;
    }
    Part part(const std::string& deed) const {
        Part made{.name = deed, .steps = {}};
        // Its node is silent for too long, and then somebody looks.
        if (deed == "reap") {
            made.steps = {
                "update node set alive_at = alive_at - interval '1 day' where name = "
                "'holder'"};
        }
        made.steps.push_back("begin; " + filled(calls().at(deed == "reap" ? "maintain" : deed)));
        made.steps.emplace_back("commit");
        return made;
    }

    // What the deeds told those who did them must be so.
    std::string look_at(const Played& played) {
        static const std::set<std::string> expected{"", "BT035", "BT038", "BT039"};
        const std::string outcome = text(
            "select coalesce((select outcome from task_end where "
            "task = " +
            values_.at("{task}") + "), 'open')");
        std::string wrong;
        int done = 0;
        int given = 0;
        bool is_cancelled = false;
        bool may_come_back = false;
        for (const PlayedPart& part : played.parts) {
            if (!expected.contains(part.sqlstate)) wrong += "an error; ";
            if (!part.sqlstate.empty()) continue;
            const std::string& told = part.answers.at(part.answers.size() - 2);
            const bool says_done = part.name == "complete" && told == "t";
            done +=
                says_done || (part.name == "complete_both" && told.starts_with("done,")) ? 1 : 0;
            given +=
                part.name == "claim" && ("," + told + ",").find("," + values_.at("{task}") + ",") !=
                                            std::string::npos
                    ? 1
                    : 0;
            is_cancelled = is_cancelled || (part.name == "cancel" && told == "cancelled");
            may_come_back = may_come_back || part.name == "retry" || part.name == "redrive";
        }
        if (done > 1) wrong += "two ends of it were accepted; ";
        if ((done == 1) != (outcome == "done")) wrong += "it is " + outcome + "; ";
        if (done + given > 1) wrong += "it was done, and given to another one; ";
        if (is_cancelled && !may_come_back && outcome != "cancelled") {
            wrong += "it was cancelled, and is " + outcome + "; ";
        }
        return wrong + places();
    }

    std::string places() {
        std::string wrong = misplaced(first_);
        if (!wrong.empty()) wrong = "at no place or two: " + wrong + "; ";
        const std::string own = "task t cross join lateral task_state(t.id) as s where t.id >= " +
                                std::to_string(first_) + " and s.state in ('waiting', 'claimed')";
        if (number("select count(*) from task_key where key = '" + values_.at("{key}") + "'") > 0 &&
            number("select count(*) from " + own) > 1) {
            wrong += "two tasks with one key can be done; ";
        }
        if (number("select count(*) from " + own + " and t.lane is not null") > width()) {
            wrong += "more tasks of a lane can be done than it is wide; ";
        }
        return wrong;
    }
    std::int64_t width() { return number("select lane_width from handler where name = 'send'"); }

    // Whatever nodes hold comes back; then all of it can be done, and nothing is left behind.
    std::string settle() {
        const std::string both = "where name in ('holder', 'other')";
        connection_.exec(
            "select set_lanes('send', 1) from handler where name = 'send' and lane_width > 1");
        connection_.exec("select resume_handler('send') from handler where paused_at is not null");
        connection_.exec("update node set alive_at = alive_at - interval '1 day' " + both +
                         " and ended_at is null");
        maintain();
        connection_.exec("update node set ended_at = null, alive_at = clock_timestamp() " + both);
        connection_.exec("select roll_back('send') from handler where live_version = 2");
        std::string open;
        for (int pass = 0; pass < 6; ++pass) {
            std::vector<std::string> tokens;
            do {
                tokens.clear();
                for (const ClaimedTask& task : other_.claim(100)) tokens.push_back(task.token);
                if (!tokens.empty()) other_.complete_many(tokens);
            } while (!tokens.empty());
            open = text(
                "select coalesce(string_agg(concat(t.id, ' is ', s.state), ', '), '') "
                "from task t cross join lateral task_state(t.id) as s where t.id >= " +
                std::to_string(first_) + " and s.state not in ('done', 'cancelled', 'replaced')");
            if (open.empty()) break;
            connection_.exec("select redrive('send')");
            maintain();
        }
        if (!open.empty()) return "it stands still: " + open;
        maintain();
        return text(
            "select concat_ws(', ', "
            "(select 'claims are left' from task_claim limit 1), "
            "(select 'places in lanes are left' from task_in_lane limit 1), "
            "(select 'notes of lanes are left' from lane_note limit 1), "
            "(select 'keys are left' from task_key limit 1))");
    }

    static std::string two_versions() {
        return R"([{"name": "send", "version": 1, "build": "b1"},)"
               R"( {"name": "send", "version": 2, "build": "b2", "accepts_from": [1]}])";
    }
    TestNode holder_ = node({.name = "holder", .handlers = two_versions(), .lease = "1 hour"});
    TestNode other_ = node({.name = "other", .handlers = two_versions(), .lease = "1 hour"});
    Interleaver interleaver_{url_, 3};
    std::map<std::string, std::string> values_;
    std::int64_t first_ = 0;
    int round_ = 0;
};

TEST_F(TaskInterleavingTest, InEveryOrderOneEndCountsAndNothingIsLeftBehind) {
    std::size_t played = 0;
    for (const auto& [name, deeds] : usual()) {
        played += play(situation(name), deeds);
        ASSERT_EQ(found_, "");
    }
    std::cout << played << " orders\n";
    EXPECT_GT(played, 70U);
}

// A lock or a look that the functions would lack: then the order is found in which that matters.
struct Flaw {
    std::string name, function, without, situation;
    Deeds deeds;
    std::string found;
};
class FlawedTest : public TaskInterleavingTest, public ::testing::WithParamInterface<Flaw> {
protected:
    void TearDown() override {}
};

TEST_P(FlawedTest, IsFound) {
    const Flaw& flaw = GetParam();
    std::string body =
        text("select pg_catalog.pg_get_functiondef('" + flaw.function + "'::regproc)");
    const std::size_t at = body.find(flaw.without);
    ASSERT_NE(at, std::string::npos) << body;
    connection_.exec(body.erase(at, flaw.without.size()));
    play(situation(flaw.situation), flaw.deeds);
    EXPECT_NE(found_.find(flaw.found), std::string::npos) << found_;
}

INSTANTIATE_TEST_SUITE_P(
    Functions, FlawedTest,
    ::testing::Values(Flaw{"who_gives_up_does_not_wait",
                           "give_up",
                           "perform lock_claims(give_up.node, give_up.tokens);",
                           "held",
                           {"complete", "fail"},
                           "at no place or two"},
                      Flaw{"who_completes_locks_nothing",
                           "held_tasks",
                           "for share",
                           "held",
                           {"complete", "release"},
                           "at no place or two"},
                      Flaw{"who_reaps_does_not_look",
                           "hand_back",
                           "and not exists (select from task_end e where e.task = h.task)",
                           "held",
                           {"complete", "reap"},
                           "at no place or two"}),
    [](const ::testing::TestParamInfo<Flaw>& flaw) { return flaw.param.name; });

TEST_F(TaskInterleavingTest, AllPairsAndTriples) {
    if (asked_for().empty()) GTEST_SKIP() << "script/soak interleavings";
    std::size_t played = 0;
    for (const Situation& now : situations()) {
        for (std::size_t a = 0; a < now.deeds.size(); ++a) {
            for (std::size_t b = a; b < now.deeds.size(); ++b) {
                played += play(now, {now.deeds[a], now.deeds[b]});
                EXPECT_EQ(found_, "");
                found_.clear();
                for (std::size_t c = b + 1; asked_for() == "all" && c < now.deeds.size(); ++c) {
                    played += play(now, {now.deeds[a], now.deeds[b], now.deeds[c]});
                    EXPECT_EQ(found_, "");
                    found_.clear();
                }
            }
        }
        std::cout << now.name << ": " << played << " orders so far" << std::endl;
    }
}

}  // namespace
}  // namespace baton::testing

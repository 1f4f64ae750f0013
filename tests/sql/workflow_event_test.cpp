// Steps that wait for events, and what the definition of a workflow may say.

#include <gtest/gtest.h>

#include "sql/log_follower.hpp"
#include "sql/workflow_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class WorkflowEventTest : public testing::WorkflowFixture {
protected:
    // As the orchestrator does it with each batch, of events from `position` on.
    void record(const std::string& type, const std::string& key, const std::string& payload) {
        connection_.exec("insert into workflow_event (position, type, key, payload) values (" +
                         std::to_string(++position_) + ", '" + type + "', '" + key + "', '" +
                         payload + "')");
    }
    std::int64_t position_ = 0;
    TestNode node_ = carrier({"reserve", "release", "ship"});
};

TEST_F(WorkflowEventTest, TheEventOfItsKeyThatCameBeforeOrAfterItBegan) {
    define(
        R"([{"handler": "reserve"}, {"name": "paid", "event": "paid", "key_of": "order"},
            {"name": "again", "event": "paid", "key_of": "order"}, {"handler": "ship"}])");
    const std::string run = start();
    record("paid", "41", "{}");
    record("paid", "42", R"({"n": 1})");
    maintain();
    EXPECT_EQ(steps(run), "reserve running");
    complete(node_, "reserve");
    maintain();
    EXPECT_EQ(steps(run), "reserve done, paid done, again running") << "one event, one step";
    record("paid", "42", R"({"n": 2})");
    maintain();
    EXPECT_EQ(waiting_payloads("ship"), R"({"n": 2})");
    EXPECT_EQ(number("select count(*) from workflow_event where is_new"), 0);
}

// What comes next cannot be made for one run: the others do not wait for it, nor does anything else
// that maintain() does.
TEST_F(WorkflowEventTest, ARunThatCannotGoOnHoldsUpNoOther) {
    define(
        R"([{"name": "nap", "sleep": "1 millisecond"},
            {"name": "paid", "event": "paid", "key_of": "order"}, {"handler": "ship"}])");
    connection_.exec(
        "create function refuse_bad() returns trigger language plpgsql as "
        "'begin raise exception ''no room''; end';"
        "create trigger bad before insert on task_from_1 for each row "
        "when (new.payload ->> 'bad' is not null) execute function refuse_bad();"
        "create trigger asleep before update on workflow_run_step for each row "
        "when (new.state = 'done' and new.run = 1 and new.step = 'nap') "
        "execute function refuse_bad()");
    const std::string asleep = start("'order', '{\"order\": 40}'");
    const std::string bad = start("'order', '{\"order\": 41}'");
    const std::string good = start("'order', '{\"order\": 42}'");
    ASSERT_EQ(asleep, "1");
    maintain();
    EXPECT_EQ(steps(asleep) + "; " + steps(bad), "nap running; nap done, paid running");
    record("paid", "41", R"({"bad": 1})");
    record("paid", "42", "{}");
    maintain();
    EXPECT_EQ(waiting_payloads("ship"), "{}");
    EXPECT_EQ(steps(good), "nap done, paid done, ship running");
    EXPECT_EQ(steps(bad), "nap done, paid running");
    for (const std::string& run : {asleep, bad}) {
        const std::string found = text("select found from why_workflow(" + run + ")");
        EXPECT_NE(found.find("it could not go on, and is tried again: no room"), std::string::npos)
            << found;
    }
    connection_.exec("drop trigger bad on task_from_1; drop trigger asleep on workflow_run_step");
    maintain();
    EXPECT_EQ(steps(bad), "nap done, paid done, ship running");
    connection_.exec(
        "update workflow_run_step set due_at = clock_timestamp() where due_at is not null");
    maintain();
    EXPECT_EQ(steps(asleep), "nap done, paid running");
    EXPECT_EQ(text("select count(*) from workflow_run_step where error is not null"), "0");
}

// Neither sees the other: the event is recorded, and the step begins, in transactions of the same
// time. Whichever commits last is looked at.
TEST_F(WorkflowEventTest, AnEventThatIsWrittenWhileTheStepBeginsIsNotMissed) {
    define(R"([{"handler": "reserve"}, {"name": "paid", "event": "paid", "key_of": "order"}])");
    for (const bool step_is_last : {true, false}) {
        const std::string run = start();
        const std::vector<ClaimedTask> tasks = node_.claim(1, "reserve");
        sql::Connection other(url_, testing::in_test_schema());
        sql::Transaction event(other);
        event.exec("insert into workflow_event (position, type, key, payload) values (" +
                       std::to_string(++position_ + 1000) + ", 'paid', '42', '{}')",
                   {});
        {
            sql::Transaction step(node_.connection());
            step.exec("select complete($1, $2)", {node_.session, tasks[0].token});
            if (step_is_last) {
                event.commit();
                maintain();
            }
            step.commit();
        }
        maintain();
        if (!step_is_last) event.commit();
        maintain();
        EXPECT_EQ(state(run), "done") << step_is_last;
        connection_.exec("delete from workflow_event");
    }
}

TEST_F(WorkflowEventTest, TheBatchKeepsWhatSomeWorkflowWaitsForAndNothingElse) {
    sql::LogFollower follower(url_);
    connection_.exec("select dispatch('paid', '{}', '42')");
    follower.drain();
    define(R"([{"name": "paid", "event": "paid", "key_of": "order"}])");
    const std::string run = start();
    connection_.exec("select dispatch('seen', '{}', '42'), dispatch('paid', '{}')");
    connection_.exec(R"(select dispatch('paid', '{"n": 7}', '42'))");
    follower.drain();
    EXPECT_EQ(text("select string_agg(concat(type, key), ' ') from workflow_event"), "paid42");
    maintain();
    EXPECT_EQ(text("select result from workflow_run where id = " + run), R"({"n": 7})");
}

TEST_F(WorkflowEventTest, InACopyThatNobodyAdoptedNothingGoesOn) {
    define(R"([{"name": "rest", "sleep": "0 s"}, {"handler": "ship"}])");
    const std::string run = start();
    connection_.exec("update environment_home set table_id = 1");
    maintain();
    EXPECT_EQ(steps(run), "rest running");
    connection_.exec("select adopt_environment('staging', 'staging')");
    maintain();
    EXPECT_EQ(text("select concat(state, ': ', reason) from workflow_run").substr(0, 11),
              "cancelled: ");
    EXPECT_EQ(steps(run), "rest cancelled");
}

TEST_F(WorkflowEventTest, AtItsDeadlineItFailsOrGoesOn) {
    connection_.exec(
        R"(select define_workflow('order', 1, '[
            {"handler": "reserve", "undo": "release"},
            {"name": "paid", "event": "paid", "key_of": "order", "deadline": "1 hour"}]'),
           define_workflow('other', 1, '[
            {"name": "paid", "event": "paid", "deadline": "1 hour", "at_deadline": "continue"},
            {"handler": "ship"}]'))");
    const std::string run = start();
    const std::string other = start("'other', '{}', 'k'");
    complete(node_, "reserve");
    EXPECT_EQ(
        text("select concat(reason, ': ', found) from why_workflow(" + other + ")").substr(0, 63),
        "event: step paid waits for an event paid of the key 'k', until ");
    connection_.exec("update workflow_run_step set due_at = due_at - interval '1 hour'");
    maintain();
    EXPECT_EQ(waiting_payloads("ship"), "null");
    EXPECT_EQ(state(run), "compensating");
    EXPECT_EQ(text("select reason from workflow_run where id = " + run),
              "step paid failed: no event paid of the key '42' came within 01:00:00");
}

TEST_F(WorkflowEventTest, WhatDoesNotFitFailsTheStepInALine) {
    connection_.exec(
        R"(select define_workflow('order', 1, '[{"name": "paid", "event": "paid"}]'),
                  define_workflow('each', 1, '[{"handler": "ship", "each": "items"}]'))");
    for (const auto& [name, line] :
         {std::pair{"order", "step paid failed: the run has no key, which is the event's"},
          {"each", "step ship failed: its payload has no array items"}}) {
        const std::string run = start("'" + std::string(name) + "', '{\"items\": 3}'");
        EXPECT_EQ(text("select concat(state, ' ', reason) from workflow_run where id = " + run),
                  "failed " + std::string(line));
    }
}

TEST_F(WorkflowEventTest, WhatADefinitionMayNotSay) {
    for (const auto& [steps, line] : std::vector<std::pair<std::string, std::string>>{
             {"{}", "its steps are no JSON array"},
             {"[]", "it has 1 to 200 steps"},
             {"[1]", "step 1 is no JSON object"},
             {R"([{"handler": "ship", "sleep": "1 s"}])", "step 1 is one of three"},
             {R"([{"handler": 3}])", "step 1: its handler has to be a JSON string"},
             {R"([{"handler": "ship", "deadline": "1 s"}])", "step 1: it has no field 'deadline'"},
             {R"([{"handler": "ship"}, {"handler": "ship"}])",
              "step 2: a step before it is called ship"},
             {R"([{"handler": "ship", "after": ["b"]}])", "step 1: after names steps that stand"},
             {R"([{"handler": "ship", "version": 1.5}])", "step 1: a version is a whole number"},
             {R"([{"handler": "ship", "version": 0}])", "step 1: a version is a whole number"},
             {R"([{"sleep": "soon"}])", "the sleep of step step 1 is 'soon'"},
             {R"([{"sleep": "-1 day"}])", "the sleep of step step 1 is '-1 day'"},
             {R"([{"sleep": "infinity"}])", "the sleep of step step 1 is 'infinity'"},
             {R"([{"event": "paid", "at_deadline": "fail"}])", "step 1: it has an at_deadline"},
             {R"([{"event": "paid", "since": "now"}])", "step 1: since is run or step"}}) {
        EXPECT_NE(refusal("select define_workflow('a', 1, '" + steps + "')")
                      .find("BT064: the workflow cannot be defined: " + line),
                  std::string::npos)
            << steps << "\n"
            << refusal("select define_workflow('a', 1, '" + steps + "')");
    }
    for (const std::string call :
         {"define_workflow(null, 1, '[{\"sleep\": \"1 s\"}]')",
          "define_workflow('', 1, '[{\"sleep\": \"1 s\"}]')",
          "define_workflow('a', 0, '[{\"sleep\": \"1 s\"}]')",
          "define_workflow('a', null, '[{\"sleep\": \"1 s\"}]')", "define_workflow('a', 1, null)",
          "define_workflow('a', 1, '[{\"sleep\": \"1 s\"}]', 'undo')",
          "start_workflow('a', '{}', '')"}) {
        EXPECT_EQ(refusal("select " + call).substr(0, 6), "BT064:") << call;
    }
    EXPECT_EQ(refusal("select start_workflow(null)").substr(0, 6), "BT065:");
    EXPECT_EQ(refusal(R"(select define_workflow('a', 1, '[{"handler": "ship", "version": 2}]'))")
                  .substr(0, 6),
              "BT037:");
}

// What is left out is what it was, so saying it again changes nothing.
TEST_F(WorkflowEventTest, SaidAgainADefinitionIsTheSame) {
    const std::string call = R"(select define_workflow('order', 1, '[{"handler": "ship"}]'))";
    const std::string digest = text(call);
    TestNode newer = carrier({"ship"}, "2");
    connection_.exec("select promote('ship', 2)");
    EXPECT_EQ(text(call), digest);
    EXPECT_EQ(number("select count(*) from workflow_definition"), 1);
    // In development the newest counts for new runs, and those that there are keep theirs.
    const std::string run = start();
    define(R"([{"sleep": "1 day"}])");
    EXPECT_EQ(steps(run), "ship running");
    EXPECT_EQ(steps(start()), "step 1 running");
    connection_.exec(
        "update environment set kind = 'production', name = coalesce(name, 'production')");
    EXPECT_NE(refusal(R"(select define_workflow('order', 1, '[{"sleep": "2 days"}]'))")
                  .find("BT064: the workflow cannot be defined: order@1 is on record here with "
                        "other steps"),
              std::string::npos);
}

}  // namespace
}  // namespace baton

// What the test lists of other queues ask, in our words, where no other test of ours says it:
// docs/peers.md has the whole list.

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class PeersTest : public testing::TaskFixture {
protected:
    PeersTest() { connection_.exec("update handler set max_attempts = 2, retry_after = '0'"); }

    // The first column of what a query gives, or its SQLSTATE.
    std::string answer(const std::string& query) {
        std::string text;
        const sql::Outcome outcome = outcome_of([&] {
            const sql::Result rows = connection_.exec(query);
            text = rows.empty() ? "nothing" : rows[0].text_or_null(0).value_or("null");
        });
        return outcome.sqlstate.empty() ? text : outcome.sqlstate;
    }

    TestNode node_ = node();
};

// River's driver list, as a table: what each call comes to in each state. `claim.sql` and the
// others say it in words.
class PeersStateTest : public PeersTest {
protected:
    struct Made {
        std::int64_t task = 0;
        // Of its claim, where it ever had one; else of none.
        std::string token;
    };
    Made claimed(const std::string& more = "") {
        const std::int64_t task = enqueue("'send'" + more);
        const ClaimedTask one = node_.claim().at(0);
        EXPECT_EQ(one.task, task);
        return {task, one.token};
    }
    Made with(const std::string& arguments) {
        const std::int64_t task = enqueue("'send'" + arguments);
        return {task, std::to_string(task) + ".0"};
    }
    Made make(const std::string& state) {
        const std::string later = ", run_at => clock_timestamp() + interval '1 hour'";
        if (state == "waiting") return with("");
        if (state == "due") return with(later);
        if (state == "after another") return with(", after => " + std::to_string(with(later).task));
        if (state == "by its key") {
            claimed(", unique_key => 'k'");
            return with(", unique_key => 'k', on_conflict => 'replace'");
        }
        if (state == "in its lane") {
            claimed(", lane => 'a'");
            return with(", lane => 'a'");
        }
        Made made = claimed();
        if (state == "tried again") node_.fail(made.token, "it broke", "1 hour");
        if (state == "done") node_.complete(made.token);
        if (state == "dead") {
            connection_.exec("select fail('" + node_.session + "', '" + made.token +
                             "', 'no use', dead => true)");
        }
        if (state == "cancelled") connection_.exec("select cancel(" + id(made) + ")");
        return made;
    }
    static std::string id(const Made& made) { return std::to_string(made.task); }

    std::string come_to(const std::string& call, const Made& made) {
        const std::string shown = "('" + node_.session + "', '" + made.token + "'";
        const std::string many = "('" + node_.session + "', array['" + made.token + "'])";
        if (call == "start") {
            return answer("select start_many" + many) == "nothing" ? "ok" : "lost";
        }
        if (call == "release") return answer("select release_many" + many);
        if (call == "fail") return answer("select fail" + shown + ", 'it broke')");
        if (call == "snooze") return answer("select snooze" + shown + ", '1 min')");
        if (call == "extend") return answer("select extend" + shown + ", '1 min')");
        if (call == "complete") return answer("select complete" + shown + ")");
        if (call == "update") return answer("select update_task(" + id(made) + ", '{}')");
        return answer("select " + call + "(" + id(made) + ")");
    }
    // So that the next one begins with nothing.
    void clear() {
        connection_.exec(
            "select cancel(t.id) from task t cross join lateral task_state(t.id) as s "
            "where t.id > " +
            std::to_string(cleared_) + " and s.state not in ('done', 'cancelled', 'replaced')");
        connection_.exec("delete from task_key");
        cleared_ = number("select max(id) from task");
    }
    std::int64_t cleared_ = 0;
};

TEST_F(PeersStateTest, EachCallComesToThisInEachState) {
    const std::vector<std::string> calls{"start",  "complete", "fail",   "release",   "snooze",
                                         "extend", "cancel",   "update", "retry_task"};
    const std::map<std::string, std::string> expected{
        // A node that does not hold it: lost, or BT039; the others: whose task it is to change.
        {"waiting", "lost BT039 BT039 0 f BT039 cancelled waiting waiting"},
        {"due", "lost BT039 BT039 0 f BT039 cancelled due waiting"},
        {"after another", "lost BT039 BT039 0 f BT039 cancelled following following"},
        {"by its key", "lost BT039 BT039 0 f BT039 cancelled following following"},
        {"in its lane", "lost BT039 BT039 0 f BT039 cancelled following following"},
        {"claimed", "ok t retry 1 t null cancelled claimed claimed"},
        // What was said the first time, under the same claim.
        {"tried again", "lost BT039 retry 0 f BT039 cancelled due waiting"},
        {"done", "lost f BT039 0 f BT039 done done done"},
        {"dead", "lost BT039 dead 0 f BT039 dead dead waiting"},
        {"cancelled", "lost BT039 BT039 0 f BT039 cancelled cancelled waiting"},
    };
    for (const auto& [state, row] : expected) {
        std::string found;
        for (const std::string& call : calls) {
            found += (found.empty() ? "" : " ") + come_to(call, make(state));
            clear();
        }
        EXPECT_EQ(found, row) << state;
    }
}

// pgmq's cases of names, and F59: a name is data, wherever it goes, and never part of a statement.
TEST_F(PeersTest, NamesOfAnyKindAreNamesAndNothingElse) {
    const std::string tag = "$x$";
    const std::vector<std::string> names{"x\\\"; drop schema public cascade;--",
                                         "x where false; create table public.attack ()",
                                         "it's",
                                         "$$",
                                         "%s %I",
                                         "a.b-c/d",
                                         "Send",
                                         "SEND",
                                         "pg_temp",
                                         "\xd0\xa1\xd0\xb5nd",
                                         std::string(128, 'n')};
    std::string handlers;
    for (const std::string& name : names) {
        handlers += (handlers.empty() ? "" : ", ") +
                    (R"({"name": ")" + name + R"(", "version": 1, "build": "b"})");
    }
    TestNode one = node({.name = "one", .handlers = "[" + handlers + "]"});
    ASSERT_EQ(one.refused_message, "");
    for (std::string name : names) {
        const std::size_t at = name.find('\\');
        if (at != std::string::npos) name.erase(at, 1);
        const std::string quoted = tag + name + tag;
        const std::int64_t task = enqueue(quoted + ", unique_key => " + quoted + ", lane => " +
                                          quoted + ", tenant => 't'");
        EXPECT_EQ(number("select pause_handler(" + quoted + ")::integer"), 1) << name;
        EXPECT_TRUE(one.claim(10, name).empty()) << name;
        EXPECT_EQ(number("select resume_handler(" + quoted + ")::integer"), 1) << name;
        const std::vector<ClaimedTask> claimed = one.claim(10, name);
        ASSERT_EQ(claimed.size(), 1U) << name << ": nobody else's, and not two";
        EXPECT_EQ(claimed[0].task, task);
        EXPECT_TRUE(one.complete(claimed[0].token));
    }
    EXPECT_EQ(number("select count(*) from pg_tables where tablename = 'attack'"), 0);
    EXPECT_EQ(number("select count(*) from pg_namespace where nspname = 'public'"), 1);
    for (const std::string& none : {std::string(), std::string(129, 'n')}) {
        const std::string offered = R"([{"name": ")" + none + R"(", "version": 1, "build": "b"}])";
        EXPECT_NE(outcome_of([&] { node({.name = "two", .handlers = offered}); }).sqlstate, "");
    }
}

// pgmq's pop(), and its reads in a transaction: who takes a task and ends it at once, in one.
TEST_F(PeersTest, ClaimAndCompletionInOneTransactionAreBothOrNeither) {
    const std::int64_t task = enqueue();
    TestNode other = node({.name = "other"});
    const auto take = [&](bool commits) {
        sql::Transaction transaction(node_.connection());
        const std::string token(
            transaction.exec("select token from claim($1, 'send')", {sql::Parameter(node_.session)})
                .only()
                .text(0));
        EXPECT_EQ(transaction
                      .exec("select complete($1, $2)",
                            {sql::Parameter(node_.session), sql::Parameter(token)})
                      .only()
                      .text(0),
                  "t");
        EXPECT_TRUE(other.claim().empty()) << "nobody else gets it meanwhile";
        if (commits) transaction.commit();
    };
    take(false);
    EXPECT_EQ(state_of(task), "waiting");
    take(true);
    EXPECT_EQ(state_of(task), "done");
    EXPECT_TRUE(other.claim().empty());
}

// pgmq's messages that are numbers, or null.
TEST_F(PeersTest, PayloadIsAnyJson) {
    for (const std::string payload :
         {"0", "null", "[]", "\"text\"", "{\"a\": [1, {\"b\": null}]}"}) {
        enqueue("'send', '" + payload + "'");
        const ClaimedTask claimed = node_.claim().at(0);
        EXPECT_EQ(claimed.payload, payload);
        node_.complete(claimed.token, payload);
        EXPECT_EQ(text("select result::text from wait_for_task(" + std::to_string(claimed.task) +
                       ", '1 s')"),
                  payload);
    }
}

// pgmq's queue that is created in a transaction which is rolled back.
TEST_F(PeersTest, RegistrationThatIsRolledBackLeavesNoHandler) {
    const MachineCredentials machine = testing::test_credentials();
    sql::Connection session(url_, testing::in_test_schema());
    const std::string asked(session.exec("select challenge()").only().text(0));
    {
        sql::Transaction transaction(session);
        const sql::Result rows = transaction.exec(
            "select session from register_node($1, $2, $3, $4::bytea, 'n', "
            R"('[{"name": "print", "version": 1, "build": "b"}]', '{}', '1 min'))",
            {machine.environment, machine.machine_id,
             sql::proof_of(machine.token, asked, machine.environment, machine.machine_id),
             "\\x" + sha256_of(machine.token)});
        EXPECT_NE(rows.only().text(0), "");
        transaction.exec("select enqueue('print')");
    }
    EXPECT_EQ(answer("select enqueue('print')"), "BT037");
    EXPECT_EQ(number("select count(*) from handlers() where name = 'print'"), 0);
}

// graphile-worker's job keys: one that is replaced takes nothing over from the former one.
TEST_F(PeersTest, ReplacementOfWhatWaitsToBeTriedAgainBeginsAnew) {
    const std::int64_t former =
        enqueue(R"('send', '{"a": 1}', priority => 7, unique_key => 'k', tenant => 't')");
    node_.fail(node_.claim().at(0).token, "it broke", "1 hour");
    EXPECT_EQ(number("select attempts from task_state(" + std::to_string(former) + ")"), 1);
    const std::int64_t next = enqueue("'send', unique_key => 'k', on_conflict => 'replace'");
    EXPECT_NE(next, former);
    EXPECT_EQ(state_of(former), "replaced");
    const ClaimedTask claimed = node_.claim().at(0);
    EXPECT_EQ(claimed.task, next) << "at once, without the former one's pause";
    EXPECT_EQ(claimed.attempt, 1);
    EXPECT_EQ(claimed.payload, "{}");
    EXPECT_EQ(text("select concat(priority, tenant) from task where id = " + std::to_string(next)),
              "0");
}

// Its mode that keeps the time at which the task is to run, with a newer payload: update_key().
TEST_F(PeersTest, NewerPayloadMayKeepTheTime) {
    const std::int64_t task =
        enqueue(R"('send', '{"a": 1}', run_at => now() + interval '1 hour', unique_key => 'k')");
    const std::string due =
        "select due_at::text from task_due where task = " + std::to_string(task);
    const std::string before = text(due);
    EXPECT_EQ(text(R"(select update_key('send', 'k', '{"a": 2}'))"), "due");
    EXPECT_EQ(text(due), before);
    EXPECT_EQ(text("select retry_task(" + std::to_string(task) + ")"), "waiting");
    EXPECT_EQ(node_.claim().at(0).payload, R"({"a": 2})");
}

// pg-boss' redrive with a limit, beside a task that has the key by now: the others go.
TEST_F(PeersTest, RedriveIsNotStoppedByOneThatMayNotReturn) {
    connection_.exec("update handler set max_attempts = 1");
    std::vector<std::int64_t> dead;
    for (const std::string key : {"a", "b", "c"}) {
        dead.push_back(enqueue("'send', unique_key => '" + key + "'"));
        EXPECT_EQ(node_.fail(node_.claim().at(0).token), "dead");
    }
    const std::int64_t newer = enqueue("'send', unique_key => 'a'");
    EXPECT_EQ(number("select redrive('send', 1)"), 1);
    EXPECT_EQ(number("select redrive('send')"), 1);
    EXPECT_EQ(number("select redrive('send')"), 0);
    EXPECT_EQ(state_of(dead[0]), "dead");
    EXPECT_EQ(state_of(dead[1]) + state_of(dead[2]) + state_of(newer), "waitingwaitingwaiting");
}

}  // namespace
}  // namespace baton

// What a node says to the database, and enqueue(), from C++.
#include "baton/sql/node_session.hpp"

#include <pqxx/dbtransaction>

#include <functional>

#include "baton/base/error.hpp"
#include "baton/sql/enqueue.hpp"
#include "baton/types/fields.hpp"
#include "sql/task_fixture.hpp"

namespace baton::testing {
namespace {

struct Invoice {
    std::int64_t order = 0;
    std::string note;
    BATON_FIELDS(order, note)
};

class NodeSessionTest : public TaskFixture {
protected:
    sql::NodeSession registered(const std::string& build = "b1") {
        return {connection_,
                {.name = "node",
                 .handlers = {{.name = "send \"it\"", .version = 1, .build = build}},
                 .lease = std::chrono::seconds(30),
                 .credentials = test_credentials()}};
    }

    template <class Payload>
    TaskId make(const Payload& payload, const EnqueueOptions& options = {}) {
        sql::Transaction transaction(connection_);
        const TaskId id = baton::enqueue(transaction.raw(), "send \"it\"", payload, options);
        transaction.commit();
        return id;
    }

    std::vector<sql::ClaimedTask> claim(const sql::NodeSession& node, int count) {
        sql::Transaction transaction(connection_);
        std::vector<sql::ClaimedTask> tasks = node.claim(transaction, "send \"it\"", count);
        transaction.commit();
        return tasks;
    }

    static ErrorCode code_of(const std::function<void()>& call) {
        try {
            call();
        } catch (const Error& error) {
            return error.code();
        }
        ADD_FAILURE() << "nothing was thrown";
        return ErrorCode::usage;
    }
};

TEST_F(NodeSessionTest, ATaskGoesFromAStructToItsEnd) {
    const sql::NodeSession node = registered();
    const TaskId id = make(Invoice{.order = 42, .note = "a \"quoted\" \\ note, {and more}"},
                           {.tenant = "acme", .meta = R"({"by": "me"})"});
    const std::vector<sql::ClaimedTask> tasks = claim(node, 5);
    ASSERT_EQ(tasks.size(), 1U);
    EXPECT_EQ(tasks[0].id, static_cast<std::int64_t>(id));
    EXPECT_EQ(tasks[0].attempt, 1);
    EXPECT_EQ(tasks[0].delivery, 1);
    EXPECT_EQ(tasks[0].tenant, "acme");
    EXPECT_EQ(decode_json<Invoice>(tasks[0].payload).note, "a \"quoted\" \\ note, {and more}");
    for (const bool is_first : {true, false}) {
        sql::Transaction transaction(connection_);
        EXPECT_EQ(node.complete(transaction, tasks[0].token, R"({"sent": true})"), is_first);
        transaction.commit();
    }
    EXPECT_EQ(state_of(tasks[0].id), "done");
}

TEST_F(NodeSessionTest, ManyAreCompletedWithTheirOwnResults) {
    const sql::NodeSession node = registered();
    for (int i = 0; i < 3; ++i) make(std::string_view("{}"));
    const std::vector<sql::ClaimedTask> tasks = claim(node, 2);
    ASSERT_EQ(tasks.size(), 2U);
    sql::Transaction transaction(connection_);
    EXPECT_TRUE(node.start_many(transaction, {tasks[0].token}).empty());
    EXPECT_EQ(node.start_many(transaction, {"17.4711"}), std::vector<std::string>{"17.4711"});
    const std::vector<std::string> tokens{tasks[0].token, "17.4711", tasks[1].token};
    const std::vector<std::string> results{R"({"n": "\"1\""})", "{}", "{}"};
    using sql::Completion;
    EXPECT_EQ(node.complete_many(transaction, tokens, results),
              (std::vector{Completion::done, Completion::lost, Completion::done}));
    EXPECT_EQ(node.complete_many(transaction, {tasks[0].token}, {"{}"}),
              std::vector{Completion::done_already});
    transaction.commit();
    EXPECT_EQ(text("select result ->> 'n' from task_state(" + std::to_string(tasks[0].id) + ")"),
              "\"1\"");
}

TEST_F(NodeSessionTest, FailureKeepsItsWordsWhateverTheirBytes) {
    const sql::NodeSession node = registered();
    make(std::string_view("{}"));
    const std::string token = claim(node, 1).at(0).token;
    EXPECT_FALSE(node.fail(
        connection_, token,
        {.error = std::string("a\0b\xff", 4), .retry_after = std::chrono::milliseconds(0)}));
    EXPECT_FALSE(node.fail(connection_, token, {.error = "said twice", .is_final = true}));
    EXPECT_NE(sql::maintain(connection_), sql::Maintained::is_behind);
    const std::vector<sql::ClaimedTask> again = claim(node, 1);
    ASSERT_EQ(again.size(), 1U);
    EXPECT_EQ(again[0].attempt, 2);
    EXPECT_TRUE(node.fail(connection_, again[0].token, {.error = "no use", .is_final = true}));
    EXPECT_EQ(state_of(again[0].id), "dead");
}

TEST_F(NodeSessionTest, WhatIsHandedBackCostsNothing) {
    const sql::NodeSession node = registered();
    make(std::string_view("{}"));
    node.release_many(connection_, {claim(node, 1).at(0).token});
    EXPECT_EQ(claim(node, 1).at(0).delivery, 1);
    static_cast<void>(node.heartbeat(connection_));
    EXPECT_EQ(node.deregister(connection_), 1);
    EXPECT_EQ(code_of([&] { node.heartbeat(connection_); }), ErrorCode::node_ended);
}

TEST_F(NodeSessionTest, ARefusalIsThrownAndOnRecord) {
    sql::NodeOffer offer{.name = "stranger",
                         .lease = std::chrono::seconds(30),
                         .credentials = test_credentials("elsewhere")};
    EXPECT_EQ(code_of([&] { sql::NodeSession(connection_, offer); }),
              ErrorCode::environment_mismatch);
    EXPECT_EQ(number("select count(*) from refusal"), 1);
}

TEST_F(NodeSessionTest, WhatCannotBeATaskIsRefusedInOneLine) {
    registered();
    EXPECT_EQ(code_of([&] { make(std::string_view("{no")); }), ErrorCode::event_invalid);
    EXPECT_EQ(code_of([&] { make(std::string_view("{}"), {.priority = 5000}); }),
              ErrorCode::task_invalid);
    EXPECT_EQ(code_of([&] { make(std::string_view("{}"), {.meta = "\xff"}); }),
              ErrorCode::event_invalid);
    sql::Transaction transaction(connection_);
    EXPECT_EQ(code_of([&] { baton::enqueue(transaction.raw(), "nobody", std::string_view("{}")); }),
              ErrorCode::handler_unknown);
}

}  // namespace
}  // namespace baton::testing

// The laptop drill with nodes: whatever somebody has of what production's machines have, none of
// 100,000 tasks is his, each attempt is on record, and the machine that is enrolled does all of
// them.

#include <gtest/gtest.h>

#include "restore_fixture.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::Connection;
using testing::NodeOffer;
using testing::TestNode;

constexpr std::int64_t task_count = 100'000;

class NodeDrillTest : public testing::TaskFixture {
protected:
    void SetUp() override {
        connection_.exec("select describe_environment('test', 'production')");
        enrol(box_, ", networks => '{}'");
        TestNode box = at(url_, "box", box_);
        ASSERT_EQ(box.refused_message, "");
        connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[" +
                         std::to_string(task_count) + "]))");
        box.deregister();
    }

    static MachineCredentials machine(char digit, char token_digit,
                                      const std::string& environment = "test") {
        return {.environment = environment,
                .machine_id = std::string(64, digit),
                .token = "baton_" + environment + "_" + std::string(64, token_digit),
                .may_enrol = true};
    }
    void enrol(const MachineCredentials& machine, const std::string& pins) {
        connection_.exec("select enrol_machine('" + machine.machine_id +
                         "', 'box', sha256("
                         "convert_to('" +
                         machine.token + "', 'UTF8'))" + pins + ")");
    }
    static TestNode at(const std::string& url, const std::string& name,
                       const MachineCredentials& machine, const std::string& build = "b1") {
        return {url,
                {.name = name,
                 .handlers = R"([{"name": "send", "version": 1, "build": ")" + build + R"("}])"},
                machine};
    }

    // A node that comes so gets no session, is on record with the code, and takes nothing, neither
    // with no session nor with one that it made up.
    void expect_nothing(const std::string& name, const MachineCredentials& machine,
                        const std::string& code, const std::string& build = "b1") {
        expect_nothing_at(url_, name, machine, code, build);
    }
    static void expect_nothing_at(const std::string& url, const std::string& name,
                                  const MachineCredentials& machine, const std::string& code,
                                  const std::string& build = "b1") {
        TestNode node = at(url, name, machine, build);
        EXPECT_EQ(node.session, "") << name;
        EXPECT_EQ(node.refused_code, code) << name << node.refused_message;
        Connection admin(url, testing::in_test_schema());
        const auto ask = [&](const std::string& query) {
            return std::string(admin.exec("select " + query).only().text(0));
        };
        EXPECT_EQ(
            ask("coalesce((select concat_ws(' ', code, message) from refusals() where node = '" +
                name + "'), 'no record')"),
            code + " " + node.refused_message);
        for (const std::string& session : {node.session, "1." + std::string(64, 'a')}) {
            node.session = session;
            EXPECT_ANY_THROW(node.claim(1000)) << name;
        }
        EXPECT_EQ(ask("count(*) from task_ready"), std::to_string(task_count)) << name;
        EXPECT_EQ(ask("count(*) from task_claim"), "0") << name;
        EXPECT_EQ(ask("count(*) from node where ended_at is null"), "0") << name;
    }

    const MachineCredentials box_ = machine('a', 'a');
};

TEST_F(NodeDrillTest, LaptopTakesNoTaskWhateverItHas) {
    if (!testing::has_pg_dump()) GTEST_SKIP() << testing::lacks_pg_dump;
    expect_nothing("stranger", machine('b', 'b'), "BT029");
    expect_nothing("with the token", machine('b', 'a'), "BT029");
    MachineCredentials elsewhere = machine('b', 'b', "staging");
    elsewhere.environment = "test";
    expect_nothing("enrolled elsewhere", elsewhere, "BT029");
    expect_nothing("file of another", machine('a', 'a', "staging"), "BT028");
    expect_nothing("cloned id", machine('a', 'b'), "BT031");
    MachineCredentials cloned = machine('a', 'b', "staging");
    cloned.environment = "test";
    expect_nothing("cloned id, token of staging", cloned, "BT030");
    enrol(machine('c', 'c'), "");
    expect_nothing("the token of another", machine('c', 'a'), "BT030");
    expect_nothing("another build", box_, "BT012", "b2");
    enrol(machine('d', 'd'), ", networks => '{10.1.0.0/16}'");
    expect_nothing("from elsewhere", machine('d', 'd'), "BT033");
    connection_.exec("select revoke_machine('" + machine('d', 'd').machine_id + "')");
    expect_nothing("revoked", machine('d', 'd'), "BT032");

    const std::string copy = sql::database_elsewhere();
    testing::copy_database(url_, copy, testing::Form::custom);
    expect_nothing_at(copy, "at a copy", box_, "BT049");
    {
        Connection owner(copy, testing::in_test_schema());
        owner.exec("select adopt_environment('test', 'production')");
    }
    expect_nothing_at(copy, "at a copy that was adopted", box_, "BT029");

    TestNode box = at(url_, "box", box_);
    std::int64_t done = 0;
    for (auto tasks = box.claim(1000); !tasks.empty(); tasks = box.claim(1000)) {
        std::vector<std::string> tokens;
        for (const testing::ClaimedTask& task : tasks) tokens.push_back(task.token);
        for (const std::string& outcome : box.complete_many(tokens)) done += outcome == "done";
    }
    EXPECT_EQ(done, task_count);
    EXPECT_EQ(number("select count(distinct code) from refusals()"), 7);
}

}  // namespace
}  // namespace baton

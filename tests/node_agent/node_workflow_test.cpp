// Workflows in C++: what a step's handle() returns is the next one's payload.
#include <pqxx/dbtransaction>

#include "baton/node_agent/workflow.hpp"
#include "baton/sql/workflow.hpp"
#include "node_agent/running_agent.hpp"

namespace baton::testing {
namespace {

struct Order {
    std::int64_t order = 0;
    BATON_FIELDS(order)
};
struct Reservation {
    std::int64_t shelf = 0;
    BATON_FIELDS(shelf)
};
struct Reserved {
    Order payload;
    Reservation result;
    BATON_FIELDS(payload, result)
};

struct Release {
    using Payload = Reserved;
    static constexpr std::string_view name = "release";
    static constexpr int version = 1;

    void handle(const Reserved& /*step*/) const {}
};

struct Reserve {
    using Payload = Order;
    using Undo = Release;
    static constexpr std::string_view name = "reserve";
    static constexpr int version = 1;

    Reservation handle(const Order& order) const { return {.shelf = order.order % 10}; }
};

struct Charge {
    using Payload = Reservation;
    static constexpr std::string_view name = "charge";
    static constexpr int version = 1;

    baton::Outcome handle(const Reservation& reservation) const {
        if (reservation.shelf == 3) return baton::dead_letter("no money");
        return baton::done();
    }
};

class NodeWorkflowTest : public NodeAgentFixture {
protected:
    bool is(const std::string& state) {
        return eventually(std::chrono::seconds(20), [&] {
            return number("select count(*) from workflow_run where state = '" + state + "'") == 1;
        });
    }
};

TEST_F(NodeWorkflowTest, TheNodeDefinesItAndTheStepsFollow) {
    Handlers handlers;
    handlers.add<Reserve>();
    handlers.add<Charge>();
    handlers.add<Release>();
    NodeOptions how = options();
    how.workflows.push_back(workflow_of<Reserve, Charge>("order", 1));
    RunningAgent agent(how, handlers);
    ASSERT_TRUE(eventually(std::chrono::seconds(20),
                           [&] { return number("select count(*) from workflow") == 1; }));
    const auto start = [&](std::int64_t order) {
        sql::Transaction transaction(connection_);
        start_workflow(transaction.raw(), "order", Order{.order = order},
                       {.key = std::to_string(order)});
        transaction.commit();
    };
    start(42);
    EXPECT_TRUE(is("done"));
    start(43);
    EXPECT_TRUE(is("compensated"));
    agent.stop();
    EXPECT_EQ(agent.error(), "");
}

TEST(WorkflowOfTest, IsWhatTheDatabaseIsTold) {
    EXPECT_EQ((workflow_of<Reserve, Charge>("order", 1).steps),
              R"([{"handler":"reserve","version":1,"undo":"release","undo_version":1},)"
              R"({"handler":"charge","version":1}])");
}

}  // namespace
}  // namespace baton::testing

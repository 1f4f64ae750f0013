// The doorbell: dispatch notifies only while the orchestrator sleeps (a NOTIFY holds a lock of the
// whole server at commit), and only when its transaction commits.

#include <gtest/gtest.h>

#include <functional>

#include "baton/sql/dispatch.hpp"
#include "baton/sql/listener.hpp"
#include "sql/dispatch_fixture.hpp"

namespace baton {
namespace {

using namespace std::chrono_literals;
using sql::Listener;
using sql::Transaction;

class DispatchDoorbellTest : public testing::DispatchFixture {
protected:
    struct Way {
        std::string name;
        std::function<void(Transaction&)> go;
    };

    void arm(bool armed) {
        connection_.exec(std::string("select arm_doorbell(") + (armed ? "true)" : "false)"));
    }

    // Whether a notification was waiting when one that surely comes after it had arrived: without
    // it, "nothing came" would only mean "nothing yet".
    bool rings(const std::function<void()>& action) {
        Listener listener(url_, testing::in_test_schema("listener"), testing::test_schema);
        Listener fence(url_, testing::in_test_schema("fence"), "fence");
        action();
        connection_.exec("notify fence");
        EXPECT_TRUE(fence.wait(30s));
        return listener.wait(50ms);
    }

    bool rings_when_committed(const Way& way) {
        return rings([&] {
            Transaction transaction(connection_);
            way.go(transaction);
            transaction.commit();
        });
    }

    static NewEvent with_id() {
        static std::uint8_t count = 0;
        return {.type = "a/b", .dispatch_id = Uuid(Uuid::Bytes{++count})};
    }

    const std::vector<Way> ways_{
        {"dispatch", [](Transaction& tx) { dispatch(tx.raw(), {.type = "a/b"}); }},
        {"bytes", [](Transaction& tx) { dispatch(tx.raw(), {.type = "a/b", .body = "x"}); }},
        {"with an id", [](Transaction& tx) { dispatch(tx.raw(), with_id()); }},
        {"many",
         [](Transaction& tx) {
             dispatch_many(tx.raw(), std::vector<NewEvent>(3, {.type = "a/b"}));
         }},
        {"many in SQL",
         [](Transaction& tx) { tx.exec("select dispatch_many('[{\"type\": \"a/b\"}]')"); }}};
};

TEST_F(DispatchDoorbellTest, NobodyIsNotifiedWhileTheOrchestratorIsAwake) {
    arm(false);
    for (const Way& way : ways_) EXPECT_FALSE(rings_when_committed(way)) << way.name;
}

TEST_F(DispatchDoorbellTest, SleepingOrchestratorIsNotifiedOnEveryWay) {
    arm(true);
    for (const Way& way : ways_) EXPECT_TRUE(rings_when_committed(way)) << way.name;
}

TEST_F(DispatchDoorbellTest, RolledBackTransactionRingsNobody) {
    arm(true);
    for (const Way& way : ways_) {
        EXPECT_FALSE(rings([&] {
            Transaction transaction(connection_);
            way.go(transaction);
        })) << way.name;
    }
}

TEST_F(DispatchDoorbellTest, ArmingTakesEffectInATransactionThatIsUnderWay) {
    EXPECT_TRUE(rings([&] {
        Transaction transaction(connection_, sql::Isolation::repeatable_read);
        transaction.exec("select count(*) from event");
        sql::Connection(url_, testing::in_test_schema()).exec("select arm_doorbell(true)");
        dispatch(transaction.raw(), {.type = "a/b"});
        transaction.commit();
    }));
}

}  // namespace
}  // namespace baton
